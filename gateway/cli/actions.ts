// `tollgate actions`: who changed what in the gateway, and when.
import type { Command } from "commander";
import { listActions } from "../../db/queries/admin-actions.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { parseCount, parseMoment } from "./duration.ts";
import { printJson, printTable, toMoment } from "./print.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

type Options = {
  readonly area?: string;
  readonly object?: string;
  readonly actor?: string;
  readonly since?: Date;
  readonly limit: number;
  readonly json?: true;
};

/** Adds the commands. */
export function addActions(program: Command, context: CommandContext): void {
  program
    .command("actions")
    .description("what was done to the gateway itself")
    .command("list")
    .description(
      "tell who changed what, the latest first: accounts, agents and their keys, tokens, connections, owners of objects, and who was shown originals",
    )
    .option("--area <area>", "connection, service_account, token, object or originals")
    .option("--object <name>", "what it was done to: an account's or connection's name, a subject, an id")
    .option("--actor <name>", "who did it, such as operator:ada@host")
    .option("--since <when>", "not before: a duration back from now, or a moment", parseMoment)
    .option("--limit <count>", "at most so many", parseCount(1, 10_000), 100)
    .option("--json", "print JSON")
    .action(async ({ limit, json, ...filter }: Options) => {
      const use = { create: false, configFile: getConfigFile(program) };
      const rows = await withDatabase(context, use, (db) => listActions(db, filter, limit));
      if (json === true) return printJson(context.stdout, rows.map(toJsonRow));
      if (rows.length === 0) return void context.stdout.write("Nothing was changed.\n");
      printTable(
        context.stdout,
        ["TIME (UTC)", "WHO", "WHAT", "TO", "DETAIL"],
        rows.map((row) => [toMoment(row.at), row.actor, row.action, row.object, JSON.stringify(row.detail)]),
      );
    });
}
