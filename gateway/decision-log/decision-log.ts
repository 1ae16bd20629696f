// The door of the decision log: keeps decisions for the configured collector, and delivers them.
import type { Database } from "../../db/client.ts";
import { beginDecisionLog, readDecisionLogStatus } from "../../db/queries/decision-log.ts";
import type { DecisionLogConfig } from "../config/decision-log.ts";
import type { Followed } from "../config/secrets.ts";
import type { Log } from "../log.ts";
import { createCollector, createFile, createLines, DeliveryError } from "./destination.ts";
import type { Destination } from "./destination.ts";
import { eraseEvent, maskEvent } from "./mask-event.ts";
import type { DecisionEvent } from "./event.ts";
import { startSender } from "./sender.ts";
import type { Sender, SenderDeps } from "./sender.ts";

/** What a bundle says of its own decision log, in OPA's package `system.log`. */
export type LogPolicy = {
  /** Says whether an event is left out. Throws where it can't be said. */
  drop(event: DecisionEvent): boolean;
  /** Gives what `system.log.mask` says of an event. Throws where it can't be said. */
  mask(event: DecisionEvent): unknown;
};

export type DecisionLogDeps = Pick<SenderDeps, "db" | "onOutcome"> & {
  /** Null: there is no collector. */
  readonly config: DecisionLogConfig | null;
  /** Follows the reference of the credential. */
  readonly follow: (reference: string) => Followed;
  /** Of the gateway. */
  readonly version: string;
  /** What the bundle in force says; null: nothing. */
  readonly policy: () => LogPolicy | null;
  readonly log: Log;
};

/** Starts the decision log. Where decisions wait for a collector that isn't configured any more, the log says so. */
export async function startDecisionLog(deps: DecisionLogDeps): Promise<Sender> {
  const { db, config, log } = deps;
  if (config === null) {
    await warnOfLeftOver(db, log);
    return { stop: async () => undefined };
  }
  await beginDecisionLog(db);
  return startSender({
    db,
    destination: openDestination(config, deps.follow),
    labels: { ...config.labels, app: "tollgate", version: deps.version },
    batchChars: config.batchBytes,
    edit: (event) => edit(event, deps.policy(), log),
    log,
    onOutcome: deps.onOutcome,
  });
}

/** Has the bundle edit an event; null: it is left out. What it can't say how to tell is told without what it was about. */
function edit(event: DecisionEvent, policy: LogPolicy | null, log: Log): DecisionEvent | null {
  if (policy === null) return event;
  try {
    return policy.drop(event) ? null : maskEvent(event, policy.mask(event));
  } catch (error) {
    log.error(
      { err: error, decision: event.decision_id },
      "system.log failed; the decision is told without input and result.",
    );
    return eraseEvent(event);
  }
}

async function warnOfLeftOver(db: Database, log: Log): Promise<void> {
  const { since, waiting } = await readDecisionLogStatus(db);
  if (since === null) return;
  log.warn(
    { waiting },
    "Decisions are kept for a collector, but none is configured here. Another gateway may have it; else `tollgate decision-log stop` ends that.",
  );
}

function openDestination(config: DecisionLogConfig, follow: DecisionLogDeps["follow"]): Destination {
  if (config.to === "stdout") return createLines(process.stdout);
  if ("file" in config.to) return createFile(config.to.file);
  return createCollector(config.to.url, () => {
    if (config.credential === null) return null;
    const followed = follow(config.credential);
    if ("expected" in followed) throw new DeliveryError(`The credential is missing: ${followed.expected}.`);
    return followed.value;
  });
}
