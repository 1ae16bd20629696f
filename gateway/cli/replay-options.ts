// The options by which commands choose recorded exchanges to judge, and how they word what was chosen.
import type { Command } from "commander";
import { parseMoment } from "./duration.ts";
import type { FilterOptions } from "./exchange-options.ts";
import { toMoment } from "./print.ts";

/** What the options say. */
export type ReplayFilter = Pick<FilterOptions, "since" | "until" | "subject" | "operation" | "connection">;

/** What was decided then, whichever policy did. */
export const RECORDED = "recorded";

const WEEK_MS = 7 * 86_400_000;

/** Adds the options to a command. */
export function addReplayFilter(command: Command): Command {
  return command
    .option(
      "--since <when>",
      "from this moment on: 2h, 7d, or 2026-01-31T12:00:00Z (default: 7d)",
      parseMoment,
    )
    .option("--until <when>", "before this moment", parseMoment)
    .option("--subject <name>", "of this caller")
    .option("--operation <name>", "of this operation, for instance responses.create")
    .option("--connection <name>", "to this connection");
}

/** Gives the filter alone, of the last seven days where nothing else is said. */
export function toReplayFilter({
  since = new Date(Date.now() - WEEK_MS),
  until,
  subject,
  operation,
  connection,
}: ReplayFilter): ReplayFilter {
  return { since, until, subject, operation, connection };
}

/** Says in words what was chosen. */
export function toScope({ since, until, subject, operation, connection }: ReplayFilter): string {
  return [
    since === undefined ? "all exchanges" : `exchanges since ${toMoment(since)} UTC`,
    until === undefined ? "" : `until ${toMoment(until)} UTC`,
    subject === undefined ? "" : `of ${subject}`,
    operation === undefined ? "" : `of ${operation}`,
    connection === undefined ? "" : `to ${connection}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}
