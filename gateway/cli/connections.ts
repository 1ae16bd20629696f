// `tollgate connections`: the registered targets, without their credentials.
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { listActions } from "../../db/queries/admin-actions.ts";
import { removeConnection, setDefault, switchConnection } from "../../db/queries/change-connections.ts";
import { addHealth, listHealth } from "../../db/queries/connection-health.ts";
import { loadConfig } from "../config/config.ts";
import { probe } from "../connections/probe.ts";
import { toStateFolder } from "../database/state-folder.ts";
import { addChanges } from "./change-connections.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseCount } from "./duration.ts";
import { findConnection, refuseConfigured, toPlaces } from "./find-connections.ts";
import { HEADINGS, toCells, toListed } from "./list-connections.ts";
import type { Listed } from "./list-connections.ts";
import { toOperator } from "./operator.ts";
import { printJson, printTable, toMoment } from "./print.ts";
import { getConfigFile } from "./config-file.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

/** Adds the commands. */
export function addConnections(program: Command, context: CommandContext): void {
  const group = program.command("connections").description("the registered targets");
  const use = { create: false, configFile: null };

  group
    .command("list")
    .description("list the connections of the configuration and of the database, and how they answer")
    .option("--json", "print JSON")
    .action(async (options: { json?: true }) => {
      const rows = await list(program, context);
      if (options.json === true) return printJson(context.stdout, rows);
      if (rows.length === 0) context.stdout.write("There are no connections.\n");
      else printTable(context.stdout, HEADINGS, rows.map(toCells));
    });

  group
    .command("test")
    .description("do one harmless call, and say what is wrong; ends with 1 where something is")
    .argument("<name>", "the connection's name")
    .option("--admin", "with the credential for the target's administration")
    .option("--json", "print JSON")
    .action(async (name: string, options: { admin?: true; json?: true }) => {
      const purpose = options.admin === true ? "admin" : "api";
      const result = await withDatabase(
        context,
        { ...use, configFile: getConfigFile(program) },
        async (db, config, key, secrets) => {
          const found = findConnection(await toPlaces(db, { context, config, secrets, key }), name);
          if (found.isSimulated) throw new CommandError("It is simulated: there is nothing to test.");
          const tried = await probe(found, await found.key(purpose), purpose);
          const at = new Date();
          await addHealth(db, [
            {
              connection: name,
              usedAt: at,
              succeededAt: tried.isOk ? at : null,
              failedAt: tried.isOk ? null : at,
              errorCode: tried.isOk ? null : tried.code,
              failures: tried.isOk ? 0 : 1,
              latencyMs: tried.milliseconds,
              hasSucceeded: tried.isOk,
            },
          ]);
          return tried;
        },
      );
      const { isOk, status, code, words, milliseconds } = result;
      if (options.json === true)
        printJson(context.stdout, { connection: name, ok: isOk, status, code, words, ms: milliseconds });
      else context.stdout.write(`${name}: ${words} (${milliseconds} ms)\n`);
      if (!isOk) throw new CommandError("The test failed.");
    });

  addChanges(group, program, context);

  group
    .command("disable")
    .description("refuse new requests over a connection; every process does within a second")
    .argument("<name>", "the connection's name")
    .option("--now", "end what is under way, too")
    .action(async (name: string, options: { now?: true }) => {
      await change(name, options.now === true ? "cut" : "disabled");
      const more = options.now === true ? " What is under way is cut off." : "";
      context.stdout.write(`The connection ${name} takes no new requests.${more}\n`);
    });

  group
    .command("enable")
    .description("open a disabled connection again")
    .argument("<name>", "the connection's name")
    .action(async (name: string) => {
      await change(name, "enabled");
      context.stdout.write(`The connection ${name} is open.\n`);
    });

  group
    .command("remove")
    .description("remove a disabled connection, destroy its keys and end what is still under way")
    .argument("<name>", "the connection's name")
    .action(async (name: string) => {
      const result = await withDatabase(
        context,
        { ...use, configFile: getConfigFile(program) },
        async (db, config) => {
          refuseConfigured(config.connections, name);
          return removeConnection(db, name, toOperator());
        },
      );
      if (result === "unknown") throw new CommandError("No connection in the database has this name.");
      if (result === "enabled")
        throw new CommandError(`The connection ${name} is open: "connections disable ${name}" first.`);
      if (result === "default")
        throw new CommandError(
          `The connection ${name} is the default: "connections default NAME" makes another one that first.`,
        );
      context.stdout.write(`The connection ${name} is gone, and its keys are destroyed here.\n`);
    });

  group
    .command("default")
    .description("lead /v1 to another connection, at all gateways at once")
    .argument("[name]", "its name; absent: the one that the configuration says")
    .action(async (name: string | undefined) => {
      await withDatabase(
        context,
        { ...use, configFile: getConfigFile(program) },
        async (db, config, key, secrets) => {
          if (name !== undefined) findConnection(await toPlaces(db, { context, config, secrets, key }), name);
          await setDefault(db, name ?? null, toOperator());
        },
      );
      context.stdout.write(
        name === undefined
          ? "The configuration says which connection is the default.\n"
          : `The connection ${name} is the default.\n`,
      );
    });

  group
    .command("history")
    .description("tell who changed what about connections, the latest first")
    .argument("[name]", "of this connection")
    .option("--limit <count>", "at most so many", parseCount(1, 10_000), 100)
    .option("--json", "print JSON")
    .action(async (name: string | undefined, options: { limit: number; json?: true }) => {
      const rows = await withDatabase(context, { ...use, configFile: getConfigFile(program) }, (db) =>
        listActions(db, { area: "connection", object: name }, options.limit),
      );
      if (options.json === true) return printJson(context.stdout, rows.map(toJsonRow));
      if (rows.length === 0) return void context.stdout.write("Nothing was changed.\n");
      printTable(
        context.stdout,
        ["TIME (UTC)", "WHO", "WHAT", "CONNECTION", "DETAIL"],
        rows.map((row) => [toMoment(row.at), row.actor, row.action, row.object, JSON.stringify(row.detail)]),
      );
    });

  async function change(name: string, to: "enabled" | "disabled" | "cut"): Promise<void> {
    const isThere = await withDatabase(
      context,
      { ...use, configFile: getConfigFile(program) },
      async (db, config) => {
        refuseConfigured(config.connections, name);
        return switchConnection(db, name, to, toOperator());
      },
    );
    if (!isThere) throw new CommandError("No connection in the database has this name.");
  }
}

async function list(program: Command, context: CommandContext): Promise<readonly Listed[]> {
  const configFile = getConfigFile(program);
  const { config, secrets } = loadConfig({
    file: configFile,
    env: context.env,
    cwd: context.cwd,
    scope: "database",
  });
  // The demo's database is there once it has been started.
  if (config.database.embedded && !existsSync(toStateFolder(config.stateDir).access)) {
    const stored = { connections: [], defaultName: null, labels: [], expiresInMs: null };
    return toListed({ context, config, secrets, stored, custody: null }, []);
  }
  return withDatabase(context, { create: false, configFile }, async (db, _config, key) =>
    toListed(await toPlaces(db, { context, config, secrets, key }), await listHealth(db)),
  );
}
