// `tollgate quotas`: how the limits of the policy stand, and how one is begun anew.
import type { Command } from "commander";
import { listQuotas, resetQuotas } from "../../db/queries/quotas.ts";
import type { QuotaRow } from "../../db/queries/quotas.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { getConfigFile } from "./config-file.ts";
import { parseCount } from "./duration.ts";
import { toOperator } from "./operator.ts";
import { printFields, printJson, printTable, toMoment } from "./print.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

/** Adds the commands. */
export function addQuotas(program: Command, context: CommandContext): void {
  const group = program
    .command("quotas")
    .description("how the limits of the policy stand, over all gateways");
  const use = () => ({ create: false, configFile: getConfigFile(program) });

  group
    .command("list")
    .description("list what is counted, the fullest first")
    .option("--name <name>", "of this limit")
    .option("--key <part>", "whose key holds this, for instance a caller's name")
    .option("--limit <count>", "at most so many", parseCount(1, 10_000), 50)
    .option("--json", "print an array of JSON")
    .action(async (options: { name?: string; key?: string; limit: number; json?: true }) => {
      const { name, key: like, limit } = options;
      const rows = await withDatabase(context, use(), (db) => listQuotas(db, { name, like }, limit));
      if (options.json === true) return printJson(context.stdout, rows.map(toJsonRow));
      if (rows.length === 0) {
        context.stdout.write("Nothing is counted: no exchange was under a limit that fits.\n");
        return;
      }
      printTable(
        context.stdout,
        ["NAME", "KEY", "UNIT", "USED", "RESERVED", "LIMIT", "WINDOW", "ENDS (UTC)"],
        rows.map((row) => [
          row.name,
          row.key === "" ? "-" : row.key,
          row.unit,
          String(row.used - row.reserved),
          String(row.reserved),
          String(row.limit),
          toWindow(row),
          row.endsAt === null ? "-" : toMoment(row.endsAt),
        ]),
      );
    });

  group
    .command("show")
    .description("show how one limit stands, for each key that it counts apart")
    .argument("<name>", "its name")
    .option("--key <key>", "for this key alone, as `quotas list` prints it")
    .option("--json", "print an array of JSON")
    .action(async (name: string, options: { key?: string; json?: true }) => {
      const { key } = options;
      const rows = await withDatabase(context, use(), (db) => listQuotas(db, { name, key }, 1_000));
      if (rows.length === 0) throw new CommandError("Nothing is counted under this name and key.");
      if (options.json === true) return printJson(context.stdout, rows.map(toJsonRow));
      for (const row of rows) {
        context.stdout.write(`${row.name}\n`);
        printFields(context.stdout, [
          ["key", row.key === "" ? "all together" : row.key],
          ["rule", row.code],
          ["tenant", row.tenant],
          ["limit", `${row.limit} ${row.unit}`],
          ["window", toWindow(row)],
          ["used", String(row.used - row.reserved)],
          ["reserved", row.reserved === 0 ? "nothing" : `${row.reserved} by exchanges under way`],
          ["left", String(Math.max(0, row.limit - row.used))],
          ["ends", row.endsAt === null ? null : `${toMoment(row.endsAt)} UTC`],
        ]);
      }
    });

  group
    .command("reset")
    .description("forget what was used of a limit; what is reserved by exchanges under way stays")
    .argument("<name>", "its name")
    .option("--key <key>", "for this key alone, as `quotas list` prints it; without it for every key")
    .option("--json", "print JSON")
    .action(async (name: string, options: { key?: string; json?: true }) => {
      const counters = await withDatabase(context, use(), (db) =>
        resetQuotas(db, { name, key: options.key ?? null }, toOperator()),
      );
      if (counters === 0) throw new CommandError("Nothing is counted under this name and key.");
      if (options.json === true)
        return printJson(context.stdout, { name, key: options.key ?? null, counters });
      context.stdout.write(`Counts anew: ${name}, ${counters} ${counters === 1 ? "key" : "keys"}.\n`);
    });
}

function toWindow({ window, sliding }: QuotaRow): string {
  if (window === null) return "at once";
  const span = /^\d+$/.test(window) ? `${window} s` : window;
  return sliding ? `any ${span}` : span;
}
