// Brings bundles from the primary into force in all workers: each tries one first, and only then all of them swap.
import { z } from "zod";
import type { Fleet } from "../distribution/distribution.ts";
import type { Handed } from "../open-policy.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import type { PreparedBundle } from "../policy/load.ts";

/** What the primary tells a worker of the policy. */
export const policyOrder = z.discriminatedUnion("step", [
  z.object({
    kind: z.literal("policy"),
    step: z.literal("prepare"),
    turn: z.number(),
    name: z.string(),
    bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  }),
  z.object({ kind: z.literal("policy"), step: z.literal("commit"), turn: z.number() }),
  z.object({ kind: z.literal("policy"), step: z.literal("confirm"), name: z.string(), ageMs: z.number() }),
]);
export type PolicyOrder = z.infer<typeof policyOrder>;

const bundle = z.object({ revision: z.string(), digest: z.string(), serial: z.number().nullable() });

/** What a worker answers. */
export const policyDone = z.object({
  kind: z.literal("policy-done"),
  step: z.enum(["prepare", "commit"]),
  turn: z.number(),
  /** Null: it has failed. */
  bundle: bundle.nullable(),
  problem: z.string(),
  /** Whether the bundle is at fault, so that trying again helps nothing. */
  isRefused: z.boolean(),
});
export type PolicyDone = z.infer<typeof policyDone>;

/** A worker that hangs is no reason to wait for ever. */
const LIMIT_MS = 60_000;

export type WorkerFleet = Fleet & {
  /** What a worker begins with. */
  current(): readonly Handed[];
  /** A worker serves that began with these bundles. Rejects where it can't be brought to what is current meanwhile. */
  joins(worker: number, began: readonly Handed[]): Promise<void>;
  leaves(worker: number): void;
  /** A worker has answered. */
  hears(worker: number, done: PolicyDone): void;
};

/** Makes the primary's part; `send` hands an order to one worker. */
export function createWorkerFleet(
  first: readonly Handed[],
  send: (worker: number, order: PolicyOrder) => void,
): WorkerFleet {
  const serving = new Set<number>();
  const waiting = new Map<string, PromiseWithResolvers<PolicyDone | null>>();
  const bundles = new Map(
    first.map(({ name, bytes, ageMs }) => [name, { bytes, confirmed: performance.now() - ageMs }]),
  );
  let turn = 0;

  const toKey = (worker: number, step: string, of: number): string => `${worker} ${step} ${of}`;

  /** Gives the answer; null: the worker is gone, and the one in its place begins with what is current then. */
  async function ask(worker: number, order: PolicyOrder & { turn: number }): Promise<PolicyDone | null> {
    const key = toKey(worker, order.step, order.turn);
    const answer = Promise.withResolvers<PolicyDone | null>();
    waiting.set(key, answer);
    const timer = setTimeout(() => answer.reject(new Error("A worker does not answer.")), LIMIT_MS);
    timer.unref();
    try {
      send(worker, order);
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(key);
    }
  }

  /** Asks all of them; gives what the bundle is. Rejects where one can't. */
  async function askAll(
    workers: Iterable<number>,
    order: PolicyOrder & { turn: number },
  ): Promise<PreparedBundle["bundle"]> {
    const answers = await Promise.all([...workers].map((worker) => ask(worker, order)));
    const failed = answers.find((one) => one !== null && one.bundle === null);
    if (failed != null)
      throw failed.isRefused ? new PolicyLoadError(failed.problem) : new Error(failed.problem);
    const found = answers.find((one) => one !== null)?.bundle;
    if (found == null) throw new Error("No worker serves.");
    return found;
  }

  const current = (): readonly Handed[] =>
    [...bundles].map(([name, { bytes, confirmed }]) => ({
      name,
      bytes,
      ageMs: performance.now() - confirmed,
    }));

  async function prepareIn(
    workers: Iterable<number>,
    name: string,
    given: Buffer,
  ): Promise<PreparedBundle & { readonly members: readonly number[] }> {
    const members = [...workers];
    turn += 1;
    const own = turn;
    const order = { kind: "policy", step: "prepare", turn: own, name, bytes: given } as const;
    const prepared = await askAll(members, order);
    return {
      bundle: prepared,
      members,
      async commit() {
        await askAll(members, { kind: "policy", step: "commit", turn: own });
      },
    };
  }

  return {
    current,
    async prepare(name, given) {
      const prepared = await prepareIn(serving, name, given);
      const of = bundles.get(name);
      if (of === undefined) throw new TypeError(`There is no bundle ${name}.`);
      return {
        bundle: prepared.bundle,
        async commit() {
          // Whoever joins from here on begins with it.
          const before = of.bytes;
          of.bytes = given;
          try {
            await prepared.commit();
            const late = [...serving].filter((worker) => !prepared.members.includes(worker));
            if (late.length > 0) await (await prepareIn(late, name, given)).commit();
          } catch (error) {
            of.bytes = before;
            throw error;
          }
        },
      };
    },
    confirm(name, ageMs) {
      const of = bundles.get(name);
      if (of !== undefined) of.confirmed = performance.now() - ageMs;
      for (const worker of serving) send(worker, { kind: "policy", step: "confirm", name, ageMs });
    },
    async joins(worker, began) {
      const own = new Map(began.map(({ name, bytes }) => [name, bytes]));
      const findOther = (): Handed | undefined =>
        current().find(({ name, bytes }) => own.get(name) !== bytes);
      for (let other = findOther(); other !== undefined; other = findOther()) {
        own.set(other.name, other.bytes);
        const prepared = await prepareIn([worker], other.name, other.bytes);
        await prepared.commit();
      }
      serving.add(worker);
      for (const { name, ageMs } of current()) send(worker, { kind: "policy", step: "confirm", name, ageMs });
    },
    leaves(worker) {
      serving.delete(worker);
      for (const [key, answer] of waiting) if (key.startsWith(`${worker} `)) answer.resolve(null);
    },
    hears(worker, done) {
      waiting.get(toKey(worker, done.step, done.turn))?.resolve(done);
    },
  };
}

/** Makes a worker's part: does what it is told with its own policy, and answers. */
export function createPolicyFollower(
  fleet: Fleet,
  tell: (done: PolicyDone) => void,
): (order: PolicyOrder) => Promise<void> {
  let prepared: { readonly turn: number; readonly one: PreparedBundle } | null = null;
  return async (order) => {
    if (order.step === "confirm") return fleet.confirm(order.name, order.ageMs);
    const { step, turn } = order;
    const answer = (done: Pick<PolicyDone, "bundle" | "problem" | "isRefused">): void =>
      tell({ kind: "policy-done", step, turn, ...done });
    try {
      // Buffers arrive as plain arrays of bytes.
      if (order.step === "prepare")
        prepared = { turn, one: await fleet.prepare(order.name, Buffer.from(order.bytes)) };
      if (prepared?.turn !== turn) throw new Error("The bundle was not tried here.");
      if (order.step === "commit") await prepared.one.commit();
      answer({ bundle: prepared.one.bundle, problem: "", isRefused: false });
    } catch (error) {
      const problem = error instanceof Error ? error.message : "unknown";
      answer({ bundle: null, problem, isRefused: error instanceof PolicyLoadError });
    }
  };
}
