// Waits for the end of serving, and brings it down in order.
import { StartError } from "../database/start-error.ts";
import type { Log } from "../log.ts";
import type { Serving } from "./worker.ts";

/** Serves until the signal comes, or serving fails: then it drains as well, and throws `StartError` with the cause. */
export async function runUntilStopped(
  serving: Pick<Serving, "failed" | "drain">,
  signal: Promise<string>,
  graceMs: number,
  log: Pick<Log, "info">,
): Promise<void> {
  const { cause, isFailure } = await Promise.race([
    signal.then((name) => ({ cause: name, isFailure: false })),
    serving.failed.then((reason) => ({ cause: reason, isFailure: true })),
  ]);
  log.info({ cause, grace_ms: graceMs }, "Draining: no new work is taken, answers finish.");
  await serving.drain(graceMs);
  if (isFailure) throw new StartError(`The gateway can't go on: ${cause}.`);
}
