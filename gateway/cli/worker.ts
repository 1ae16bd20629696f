// One of several serving processes: takes its assignment from the primary, serves, drains when it is told to.
import cluster from "node:cluster";
import { z } from "zod";
import { createGateway } from "../app.ts";
import type { GatewayOptions } from "../app.ts";
import type { Config, Secrets } from "../config/config.ts";
import { createLog } from "../log.ts";
import type { Handed } from "../open-policy.ts";
import type { CommandContext } from "./context.ts";
import { createPolicyFollower, policyDone, policyOrder } from "./worker-fleet.ts";
import type { PolicyOrder } from "./worker-fleet.ts";
import { createPeerCounts, peerCounts, toldCounts } from "./peer-counts.ts";

/** What a process needs to serve. It goes to workers over their pipe, never through an environment or a file. */
export type Assignment = {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly databaseUrl: string;
  readonly simulator: GatewayOptions["simulator"];
};

/** A gateway that serves, in one process or in several. */
export type Serving = {
  readonly dataUrl: string;
  readonly adminUrl: string | null;
  /** Resolves with the reason where it can't go on serving. */
  readonly failed: Promise<string>;
  drain(graceMs: number): Promise<void>;
};

/** What a worker tells the primary. */
export const fromWorker = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("asks") }),
  z.object({ kind: z.literal("serves"), dataUrl: z.string() }),
  toldCounts,
  policyDone,
]);
type FromWorker = z.input<typeof fromWorker>;

const order = z.union([
  z.object({
    kind: z.literal("assignment"),
    assignment: z.custom<Assignment>((value) => typeof value === "object"),
    handed: z.array(z.object({ name: z.string(), bytes: z.instanceof(Uint8Array), ageMs: z.number() })),
  }),
  z.object({ kind: z.literal("drain"), graceMs: z.number() }),
  peerCounts,
  policyOrder,
]);

/** Runs a worker until it is told to drain, or its primary is gone. */
export async function runWorker(context: CommandContext): Promise<void> {
  const assigned = Promise.withResolvers<Assignment & { readonly handed: readonly Handed[] }>();
  /** The grace; null: the configured one. */
  const drained = Promise.withResolvers<number | null>();
  const peers = createPeerCounts(tell);
  let follow: (order: PolicyOrder) => Promise<void> = () => Promise.resolve();
  process.on("message", (message) => {
    const parsed = order.safeParse(message);
    if (!parsed.success) return;
    if (parsed.data.kind === "assignment") {
      const { assignment, handed } = parsed.data;
      const buffers = handed.map((one) => ({ ...one, bytes: Buffer.from(one.bytes) }));
      assigned.resolve({ ...assignment, handed: buffers });
    } else if (parsed.data.kind === "policy") void follow(parsed.data);
    else if (parsed.data.kind === "peer-counts") peers.take(parsed.data);
    else drained.resolve(parsed.data.graceMs);
  });
  process.on("disconnect", () => drained.resolve(5000));
  // Ctrl-C reaches every process of the terminal; when to stop, the primary says.
  process.on("SIGINT", () => undefined);
  process.on("SIGHUP", () => undefined);
  process.on("SIGTERM", () => drained.resolve(null));
  tell({ kind: "asks" });

  const { config, secrets, databaseUrl, simulator, handed } = await assigned.promise;
  const log = createLog(config.log, context.stderr).child({ worker: cluster.worker?.id ?? 0 });
  // Buffers arrive as plain arrays of bytes.
  const encryptionKey = Buffer.from(secrets.encryptionKey);
  const gateway = await createGateway({
    config,
    secrets: {
      ...secrets,
      encryptionKey,
      originalsKeys: secrets.originalsKeys.map((key) => Buffer.from(key)),
      credentialKeys: secrets.credentialKeys?.map((key) => Buffer.from(key)) ?? null,
    },
    env: context.env,
    databaseUrl,
    log,
    simulator,
    hasAdmin: false,
    handed,
    peers,
  });
  follow = createPolicyFollower(gateway.fleet, tell);
  tell({ kind: "serves", dataUrl: gateway.dataUrl });
  const graceMs = await drained.promise;
  await gateway.drain(graceMs ?? config.shutdown.grace_ms);
  cluster.worker?.disconnect();
}

/** Tells the primary, where there still is one. */
function tell(message: FromWorker): void {
  if (cluster.worker?.isConnected() === true) cluster.worker.send(message, () => undefined);
}
