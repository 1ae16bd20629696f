// Runs a gateway's distribution: its sources, the orders of its database, and the row there that tells how it stands.
import type { Database } from "../../db/client.ts";
import { removeGateway, reportGateway } from "../../db/queries/gateways.ts";
import { createOrderReader, listenForOrders } from "../../db/queries/policy-orders.ts";
import { followLog } from "../follow-log.ts";
import type { Log } from "../log.ts";
import type { BundleState } from "./bundle-state.ts";
import { createDistribution } from "./distribution.ts";
import type { Distribution, DistributionDeps, Fleet, InTurn } from "./distribution.ts";

/** Who reports. */
export type GatewayIdentity = {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly version: string;
};

/** A bundle that is followed, and what was begun with. */
export type FollowedBundle = Omit<DistributionDeps, "onChange" | "gateway" | "fleet" | "inTurn">;

export type RunningDistribution = {
  /** How each bundle stands, in their order. */
  bundles(): readonly Pick<Distribution, "state" | "ageMs">[];
  close(): Promise<void>;
};

const READ_LIMIT_MS = 900;
const REPORT_MS = 5_000;

/** Begins. Rejects where the database can't be listened to. */
export async function runDistribution(deps: {
  readonly db: Database;
  readonly log: Log;
  readonly bundles: readonly FollowedBundle[];
  readonly fleet: Fleet;
  readonly identity: GatewayIdentity;
}): Promise<RunningDistribution> {
  const { db, log, identity, fleet } = deps;
  const stop = new AbortController();
  let isDue = true;
  const inTurn = createTurns();
  const distributions = deps.bundles.map((bundle) =>
    createDistribution({ ...bundle, fleet, inTurn, gateway: identity.name, onChange: () => void report() }),
  );

  async function takeOrders(): Promise<void> {
    isDue = true;
    try {
      for (const distribution of distributions) await distribution.takeOrders();
      isDue = false;
    } catch (error) {
      log.warn({ err: error }, "An order about the policy could not be followed; it is tried again.");
    }
  }
  const report = createReporter(db, identity, () => distributions.map((one) => one.state()), log);

  const orders = followLog({
    reader: createOrderReader(db, READ_LIMIT_MS),
    onEntry: () => void takeOrders(),
    log,
    messages: {
      lost: "Orders about the policy can't be read.",
      found: "Orders about the policy are read again.",
    },
  });
  const unlisten = await listenForOrders(db, () => orders.wake()).catch(async (error: unknown) => {
    await orders.close();
    throw error;
  });
  // What was ordered since the gateway chose its first bundle, and before the log was followed.
  await orders.confirm().catch(() => undefined);
  await takeOrders();
  const timer = setInterval(() => {
    void report();
    if (isDue) void takeOrders();
  }, REPORT_MS);
  timer.unref();
  await report();
  const following = Promise.all(distributions.map((one) => one.follow(stop.signal)));
  return {
    bundles: () => distributions,
    async close() {
      stop.abort();
      clearInterval(timer);
      await unlisten().catch(() => undefined);
      await orders.close();
      await following;
      await removeGateway(db, identity.id).catch(() => undefined);
    },
  };
}

function createTurns(): InTurn {
  let queue: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = queue.then(task);
    queue = next.catch(() => undefined);
    return next;
  };
}

/** Makes what writes the row: one at a time, and what changes meanwhile with the next. */
function createReporter(
  db: Database,
  identity: GatewayIdentity,
  states: () => readonly BundleState[],
  log: Log,
): () => Promise<void> {
  let running: Promise<void> | null = null;
  let isAgain = false;
  return async function report(): Promise<void> {
    if (running !== null) {
      isAgain = true;
      return running;
    }
    running = reportGateway(db, { ...identity, policies: states() })
      .catch((error: unknown) => log.debug({ err: error }, "The gateway could not report to the database."))
      .finally(() => (running = null));
    await running;
    if (!isAgain) return;
    isAgain = false;
    await report();
  };
}
