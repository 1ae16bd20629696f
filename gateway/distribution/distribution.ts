// Follows a bundle's source and what operators order, brings what comes into force everywhere in a gateway, and tells how it stands.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { readBundleBytes } from "../../db/queries/policy-bundles.ts";
import { listActivations, readOrder, recordActivation } from "../../db/queries/policy-orders.ts";
import type { Activation, PolicyOrderRow } from "../../db/queries/policy-orders.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import type { LoadedBundle, PreparedBundle } from "../policy/load.ts";
import type { BundleState } from "./bundle-state.ts";
import type { ChoosingDeps, First } from "./choose-first.ts";
import { keepInOrder } from "./keep-policy.ts";
import { SourceError } from "./source.ts";

/** Where bundles come into force: in this process, or in all workers of the gateway. */
export type Fleet = {
  /** Tries a bundle everywhere, so that its `commit` swaps it in at once. Rejects where it can't be used somewhere. */
  prepare(name: string, bytes: Buffer): Promise<PreparedBundle>;
  /** Says that the source has confirmed so many milliseconds ago that nothing newer is to be had. */
  confirm(name: string, ageMs: number): void;
};

/** Has tasks run one at a time. */
export type InTurn = <T>(task: () => Promise<T>) => Promise<T>;

export type DistributionDeps = ChoosingDeps & {
  readonly first: First;
  /** The bundle that decides already. */
  readonly begun: Omit<LoadedBundle, "bytes">;
  readonly fleet: Fleet;
  /** Takes what comes one at a time, from the sources as from operators: bundles that decide together are tried together. */
  readonly inTurn: InTurn;
  /** The gateway's name in the record. */
  readonly gateway: string;
  /** Called whenever the state has changed. */
  readonly onChange: () => void;
  readonly random?: () => number;
};

export type Distribution = {
  state(): BundleState;
  /** Milliseconds since the source confirmed what it has. */
  ageMs(): number;
  /** Looks at once at what is ordered. Rejects where it can't be read. */
  takeOrders(): Promise<void>;
  /** Goes on until the signal: asks the source again and again. */
  follow(signal: AbortSignal): Promise<void>;
};

/** How long to wait after a failure: twice as long after each, up to the most, and a quarter more or less. */
const BACK_OFF = { leastMs: 500, mostMs: 60_000, mostLocalMs: 1_000 };

type Offered = { readonly bytes: Buffer; readonly digest: string };
type Problem = BundleState["problem"];
type InForce = Omit<LoadedBundle, "bytes"> & { readonly since: Date; readonly by: string };
type How = Pick<Activation, "by" | "why"> & { readonly kind: "activate" | "rollback" };

/** Creates it with the bundle that decides already. */
export function createDistribution(deps: DistributionDeps): Distribution {
  const { db, name, source, fleet, first, log, inTurn } = deps;
  const random = deps.random ?? Math.random;
  let inForce: InForce = { ...deps.begun, since: new Date(), by: first.by };
  let order: PolicyOrderRow | null = first.order;
  /** What the source gave last, whether or not it decides. */
  let offered = first.offered === null ? null : toOffered(first.offered);
  /** Why that is not in use, and why the source can't be asked. */
  let refused: Problem = offered === null ? null : toProblem(first.problem);
  let away: Problem = offered === null ? toProblem(first.problem) : null;
  let confirmed = performance.now() - first.ageMs;
  let failures = 0;

  const isHeld = (): boolean => order !== null && order.kind !== "latest";

  async function record(row: Omit<Activation, "gateway" | "bundle">): Promise<void> {
    await recordActivation(db, { gateway: deps.gateway, bundle: name, ...row }).catch((error: unknown) =>
      log.error({ err: error }, "An activation of the policy could not be recorded."),
    );
  }

  /** Brings a bundle into force, or leaves everything as it is and says why. Rejects where trying again may help. */
  async function activate({ bytes, digest }: Offered, how: How): Promise<boolean> {
    let told: Omit<LoadedBundle, "bytes"> | null = null;
    try {
      const prepared = await fleet.prepare(name, bytes);
      told = prepared.bundle;
      if (digest !== inForce.digest) await keepInOrder(db, { name, ...told, bytes }, how.kind === "rollback");
      await prepared.commit();
      const isOther = digest !== inForce.digest;
      inForce = { ...told, since: isOther ? new Date() : inForce.since, by: how.by };
      if (isOther) {
        const { revision, serial } = told;
        log.info({ bundle: name, revision, serial, by: how.by }, "A bundle came into force.");
        await record({ ...how, ...told });
      }
      refused = null;
      deps.onChange();
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : "unknown";
      log.error(
        { bundle: name, reason: why, by: how.by },
        "A bundle was refused; the last good one goes on deciding.",
      );
      refused = toProblem(why);
      deps.onChange();
      if (!(error instanceof PolicyLoadError)) throw error;
      await record({ revision: null, serial: null, ...told, digest, by: how.by, kind: "refuse", why });
      return false;
    }
  }

  /** Takes what the source has, unless an order holds another one. */
  async function takeOffered(how: Omit<How, "kind">): Promise<void> {
    if (offered === null || isHeld()) return;
    if (offered.digest === inForce.digest && refused === null) return;
    const isDone = await activate(offered, { ...how, kind: "activate" });
    if (isDone) await keepCopy(offered.bytes);
  }

  async function keepCopy(bytes: Buffer): Promise<void> {
    await deps.lastGood
      ?.write(bytes)
      .catch((error: unknown) =>
        log.warn({ err: error }, "The last good bundle could not be kept on this machine."),
      );
  }

  async function askSource(signal: AbortSignal): Promise<number> {
    try {
      const { bytes, pauseMs } = await source.ask({ mayWait: true, signal });
      await inTurn(async () => {
        if (bytes !== null) {
          offered = toOffered(bytes);
          await takeOffered({ by: source.name, why: null });
          source.became?.(isHeld() ? "an order holds another one" : (refused?.message ?? null));
        }
        if (isRefused()) return;
        confirmed = performance.now();
        fleet.confirm(name, 0);
      });
      if (failures > 0) log.info({ bundle: name }, "The bundle's source answers again.");
      if (away !== null) deps.onChange();
      failures = 0;
      away = null;
      return pauseMs === 0 ? 0 : pauseMs * (0.75 + random() / 2);
    } catch (error) {
      if (signal.aborted) return 0;
      failures += 1;
      // What could not be taken for now is to be given again.
      if (!(error instanceof SourceError)) source.forget();
      const why = error instanceof Error ? error.message : "unknown";
      if (failures === 1)
        log.warn(
          { bundle: name, reason: why },
          "The bundle's source fails; the last good one goes on deciding.",
        );
      away = toProblem(why);
      deps.onChange();
      const mostMs = source.isRemote ? BACK_OFF.mostMs : BACK_OFF.mostLocalMs;
      const backOff = Math.min(mostMs, BACK_OFF.leastMs * 2 ** Math.min(failures - 1, 10));
      return backOff * (0.75 + random() / 2);
    }
  }

  /** Whether the source has another bundle than the one that decides, which nobody ordered. */
  function isRefused(): boolean {
    return !isHeld() && offered !== null && offered.digest !== inForce.digest;
  }

  async function takeOrders(): Promise<void> {
    await inTurn(async () => {
      const last = await readOrder(db, name);
      if (last === null || last.seq === order?.seq) return;
      const before = order;
      order = last;
      try {
        await obey(last);
      } catch (error) {
        // It is tried again.
        order = before;
        throw error;
      }
      deps.onChange();
    });
  }

  async function obey({ kind, digest, by, why }: PolicyOrderRow): Promise<void> {
    if (kind === "latest") return takeOffered({ by, why });
    const bytes = digest === null ? null : await readBundleBytes(db, name, digest);
    if (bytes === null) refused = toProblem(`The bundle that ${by} ordered is not in the database.`);
    else await activate(toOffered(bytes), { kind, by, why });
  }

  return {
    state() {
      const held =
        order === null || order.kind === "latest" ? null : { kind: order.kind, by: order.by, why: order.why };
      const { revision, digest, serial, since, by } = inForce;
      return {
        bundle: name,
        revision,
        digest,
        serial,
        since: since.toISOString(),
        by,
        source: source.name,
        confirmed: new Date(Date.now() - ageMs()).toISOString(),
        held,
        failures,
        problem: refused ?? away,
      };
    },
    ageMs,
    takeOrders,
    async follow(signal) {
      const [before] = await listActivations(db, { bundle: name, gateway: deps.gateway }, 1).catch(() => []);
      if (before?.digest !== inForce.digest || before.kind === "refuse")
        await record({
          ...deps.begun,
          kind: order?.kind === "rollback" ? "rollback" : "activate",
          by: first.by,
          why: first.problem,
        });
      if (first.by === source.name) await keepCopy(first.bytes);
      while (!signal.aborted) {
        const pauseMs = await askSource(signal);
        await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    },
  };

  function ageMs(): number {
    return performance.now() - confirmed;
  }
}

function toProblem(message: string): NonNullable<Problem>;
function toProblem(message: string | null): Problem;
function toProblem(message: string | null): Problem {
  return message === null ? null : { at: new Date().toISOString(), message };
}

function toOffered(bytes: Buffer): Offered {
  return { bytes, digest: createHash("sha256").update(bytes).digest("hex") };
}
