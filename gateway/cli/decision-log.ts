// `tollgate decision-log`: how far the collector is, and what to do about what it doesn't take.
import type { Command } from "commander";
import { endDecisionLog, readDecisionLogStatus, retryRefused } from "../../db/queries/decision-log.ts";
import type { DecisionLogStatus } from "../../db/queries/decision-log.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { printJson, toMoment } from "./print.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

/** Adds the commands. */
export function addDecisionLog(program: Command, context: CommandContext): void {
  const group = program.command("decision-log").description("decisions that are told to a collector");
  const use = () => ({ create: false, configFile: getConfigFile(program) });

  group
    .command("status")
    .description("tell how far the collector is")
    .option("--json", "print JSON")
    .action(async ({ json }: { readonly json?: true }) => {
      const status = await withDatabase(context, use(), readDecisionLogStatus);
      if (json === true) return printJson(context.stdout, toJsonRow(status));
      context.stdout.write(toLines(status));
    });

  group
    .command("retry")
    .description("tell the collector again what it refused")
    .action(async () => {
      const count = await withDatabase(context, use(), retryRefused);
      context.stdout.write(`${count} decisions wait again.\n`);
    });

  group
    .command("stop")
    .description(
      "keep no decisions for a collector any more, and forget those that wait; a gateway whose configuration has `decision_log` begins anew",
    )
    .action(async () => {
      const count = await withDatabase(context, use(), endDecisionLog);
      context.stdout.write(
        `No decisions are kept for a collector any more; ${count} that waited were forgotten.\n`,
      );
    });
}

function toLines({
  since,
  waiting,
  oldest,
  refused,
  deliveredAt,
  problem,
  problemAt,
}: DecisionLogStatus): string {
  if (since === null) return "No decisions are told to a collector.\n";
  const lines = [
    `since:     ${toMoment(since)}`,
    `delivered: ${deliveredAt === null ? "never" : `last at ${toMoment(deliveredAt)}`}`,
    `waiting:   ${waiting}${oldest === null ? "" : `, the oldest of ${toMoment(oldest)}`}`,
    ...(refused === 0 ? [] : [`refused:   ${refused} by the collector (tollgate decision-log retry)`]),
    ...(problem === null
      ? []
      : [`problem:   ${problem}${problemAt === null ? "" : ` Since ${toMoment(problemAt)}.`}`]),
  ];
  return `${lines.join("\n")}\n`;
}
