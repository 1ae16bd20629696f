// `tollgate incidents`: what a person should look at.
import type { Command } from "commander";
import { listIncidents } from "../../db/queries/incidents.ts";
import type { CommandContext } from "./context.ts";
import { parseCount, parseMoment } from "./duration.ts";
import { printJson, printTable, toMoment } from "./print.ts";
import { getConfigFile } from "./config-file.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

/** Adds the command. */
export function addIncidents(program: Command, context: CommandContext): void {
  program
    .command("incidents")
    .description("what a person should look at")
    .command("list")
    .description(
      "list incidents, newest first, for instance a provider's key that was presented (named by a keyed hash)",
    )
    .option("--since <when>", "from this moment on: 2h, 7d, or 2026-01-31T12:00:00Z", parseMoment)
    .option("--limit <count>", "at most so many", parseCount(1, 10_000), 50)
    .option("--before <id>", "older than this incident: the next page")
    .option("--json", "print an array of JSON")
    .action(async (options: { since?: Date; limit: number; before?: string; json?: true }) => {
      const page = await withDatabase(context, { create: false, configFile: getConfigFile(program) }, (db) =>
        listIncidents(db, { since: options.since }, { limit: options.limit, cursor: options.before ?? null }),
      );
      if (options.json === true) return printJson(context.stdout, page.rows.map(toJsonRow));
      if (page.rows.length === 0) context.stdout.write("There are no incidents.\n");
      else {
        printTable(
          context.stdout,
          ["TIME (UTC)", "KIND", "SUBJECT", "EXCHANGE", "DETAIL"],
          page.rows.map((row) => [
            toMoment(row.at),
            row.kind,
            row.subject ?? "-",
            row.exchangeId ?? "-",
            JSON.stringify(row.detail),
          ]),
        );
      }
      if (page.cursor !== null) context.stdout.write(`There are more: --before ${page.cursor}\n`);
    });
}
