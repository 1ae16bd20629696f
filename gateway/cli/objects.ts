// `tollgate objects`: who owns what the provider stores, and owners for what was there before.
import type { Command } from "commander";
import type { Database } from "../../db/client.ts";
import { findUnowned, giveObjects, listObjects } from "../../db/queries/objects.ts";
import { createTarget } from "../forward/target.ts";
import { listAccount, listKinds } from "../ownership/list-account.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseCount } from "./duration.ts";
import { findConnection, toPlaces } from "./find-connections.ts";
import type { FoundConnection } from "./find-connections.ts";
import { OWN_ISSUER } from "../identity/subject-id.ts";
import { toOperator } from "./operator.ts";
import { printJson, printTable, toMoment } from "./print.ts";
import { getConfigFile } from "./config-file.ts";
import { collectGroup } from "./service-accounts.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

type ImportOptions = {
  readonly owner: string;
  readonly issuer: string;
  readonly tenant?: string;
  readonly group?: readonly string[];
  readonly connection?: string;
  readonly kind?: readonly string[];
  readonly dryRun?: true;
  readonly json?: true;
};

/** What an import did with the objects of one kind. */
type Imported = {
  readonly kind: string;
  readonly found: number;
  /** Objects that had no owner and have one now; of a dry run: those that would. */
  readonly given: number;
  readonly owned: number;
  /** The target's status where it gave no list. */
  readonly refused: number | null;
};

/** Adds the commands. */
export function addObjects(program: Command, context: CommandContext): void {
  const group = program.command("objects").description("what the provider stores, and whose it is");

  group
    .command("list")
    .description("list stored objects with their owners, the latest first")
    .option("--connection <name>", "at this connection")
    .option("--kind <kind>", "of this kind, for instance file")
    .option("--subject <name>", "of this caller")
    .option("--limit <count>", "at most so many", parseCount(1, 100_000), 100)
    .option("--json", "print an array of JSON")
    .action(
      async (options: {
        connection?: string;
        kind?: string;
        subject?: string;
        limit: number;
        json?: true;
      }) => {
        const { connection, kind, subject, limit } = options;
        const rows = await withDatabase(
          context,
          { create: false, configFile: getConfigFile(program) },
          (db) => listObjects(db, { connection, kind, subject }, limit),
        );
        if (options.json === true) return printJson(context.stdout, rows.map(toJsonRow));
        if (rows.length === 0) return void context.stdout.write("No object fits.\n");
        printTable(
          context.stdout,
          ["SINCE (UTC)", "KIND", "ID", "OWNER", "CONNECTION"],
          rows.map((row) => [toMoment(row.at), row.kind, row.id, row.subject, row.connection]),
        );
      },
    );

  group
    .command("import")
    .description(
      "give an owner to what the provider's account holds and nobody owns, such as files from before Tollgate; what is owned stays whose it is",
    )
    .requiredOption("--owner <subject>", "the caller that gets the objects")
    .option("--issuer <issuer>", "the issuer of its tokens", OWN_ISSUER)
    .option("--tenant <tenant>", "its tenant (default: the configured one)")
    .option("-g, --group <group>", "a group that shares them; may be given several times", collectGroup)
    .option("--connection <name>", "at this connection (default: the default one)")
    .option("--kind <kind>", "only of this kind; may be given several times", collectKind)
    .option("--dry-run", "say what would be given, and give nothing")
    .option("--json", "print an array of JSON")
    .action(async (options: ImportOptions) => {
      const rows = await withDatabase(
        context,
        { create: false, configFile: getConfigFile(program) },
        async (db, config, key, secrets) => {
          const places = await toPlaces(db, { context, config, secrets, key });
          const connection = findConnection(places, options.connection ?? null);
          if (connection.isSimulated)
            throw new CommandError("The simulated target keeps nothing that could be imported.", 2);
          const credential = await connection.key("api");
          const tenant = options.tenant ?? config.policy.tenant;
          return importObjects(db, context, { connection, credential, tenant }, options);
        },
      );
      if (options.json === true) printJson(context.stdout, rows);
      else {
        printTable(
          context.stdout,
          ["KIND", "FOUND", options.dryRun === true ? "WOULD GIVE" : "GIVEN", "OWNED BEFORE", "NOTE"],
          rows.map((row) => [
            row.kind,
            String(row.found),
            String(row.given),
            String(row.owned),
            row.refused === null ? "" : `the target gives no list (status ${row.refused})`,
          ]),
        );
      }
      const asked = new Set(options.kind);
      const refused = rows.find(({ kind, refused: status }) => status !== null && asked.has(kind));
      if (refused !== undefined) throw new CommandError(`The target gives no list of ${refused.kind}.`);
      if (rows.every(({ refused: status }) => status !== null))
        throw new CommandError("The target gives no list at all; is its credential valid?");
    });
}

async function importObjects(
  db: Database,
  context: CommandContext,
  from: {
    readonly connection: FoundConnection;
    readonly credential: string;
    readonly tenant: string;
  },
  options: ImportOptions,
): Promise<readonly Imported[]> {
  const { connection, credential, tenant } = from;
  const target = createTarget(connection.baseUrl, connection.timeouts, connection.outbound, 1);
  const owner = {
    connection: connection.name,
    tenant,
    issuer: options.issuer,
    subject: options.owner,
    groups: options.group ?? [],
  };
  const rows = new Map<string, Imported>();
  try {
    for await (const { kind, ids, status } of listAccount(target, credential, options.kind ?? listKinds())) {
      const before = rows.get(kind) ?? { kind, found: 0, given: 0, owned: 0, refused: null };
      const given = (
        options.dryRun === true
          ? await findUnowned(db, connection.name, kind, ids)
          : await giveObjects(db, owner, kind, ids, toOperator())
      ).length;
      const row = {
        kind,
        found: before.found + ids.length,
        given: before.given + given,
        owned: before.owned + ids.length - given,
        refused: status,
      };
      rows.set(kind, row);
      if (row.found > 0) context.stderr.write(`${kind}: ${row.found} found, ${row.given} without an owner\n`);
    }
  } finally {
    await target.close();
  }
  return [...rows.values()];
}

function collectKind(kind: string, before: readonly string[] | undefined): readonly string[] {
  const kinds = listKinds();
  if (!kinds.includes(kind)) throw new CommandError(`There is no kind ${kind}: ${kinds.join(", ")}.`, 2);
  return [...(before ?? []), kind];
}
