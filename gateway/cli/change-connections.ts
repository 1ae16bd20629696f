// `tollgate connections add`, `rotate` and `rewrap`: what takes keys in, and seals them.
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { Database } from "../../db/client.ts";
import {
  addConnection,
  destroyExpired,
  recordRewrap,
  replaceDataKey,
  rotateBack,
  rotateCredential,
} from "../../db/queries/change-connections.ts";
import { readConnections, readNewestVersion } from "../../db/queries/connections.ts";
import type { Purpose, StoredConnection } from "../../db/queries/connections.ts";
import { followProviderKey } from "../config/secrets.ts";
import type { Outbound } from "../forward/outbound.ts";
import { openOutbound } from "../open-outbound.ts";
import type { Credential } from "../connections/envelope.ts";
import { rewrap } from "../connections/envelope.ts";
import type { Probed } from "../connections/probe.ts";
import { probe } from "../connections/probe.ts";
import { toPlace } from "../connections/stored.ts";
import { newId } from "../new-id.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { refuseConfigured, requireCustody, sealVersion } from "./find-connections.ts";
import type { Custody } from "./find-connections.ts";
import { addOptions, readNewConnection } from "./new-connection.ts";
import type { NewOptions } from "./new-connection.ts";
import { toOperator } from "./operator.ts";
import { readCredential } from "./read-secret.ts";
import { getConfigFile } from "./config-file.ts";
import { withDatabase } from "./with-database.ts";

const LONGEST_OVERLAP = 7 * 86_400_000;

type RotateOptions = {
  readonly admin?: true;
  readonly overlap: number;
  readonly keyFile?: string;
  readonly credential?: string;
  readonly skipTest?: true;
  readonly back?: true;
};

/** Adds the commands. */
export function addChanges(group: Command, program: Command, context: CommandContext): void {
  addOptions(
    group
      .command("add")
      .description(
        "put a connection into the database, with its key sealed: read from standard input, or asked for at a terminal",
      )
      .argument("<name>", "its name, in policy, in the record and in its path /c/NAME/v1"),
  )
    .addOption(refuseKey())
    .action((name: string, options: NewOptions) => add(name, options));

  group
    .command("rotate")
    .description(
      "put a new key in the place of a connection's, which stays beside it until the overlap is over",
    )
    .argument("<name>", "the connection's name")
    .option("--admin", "the credential for the target's administration")
    .addOption(
      new Option("--overlap <duration>", "how long the key before stays, at most 7d; 0 destroys it at once")
        .argParser(parseOverlap)
        .default(parseDuration("1h"), "1h"),
    )
    .option("--key-file <path>", "read the new key from this file now, in place of standard input")
    .option("--credential <reference>", "env:NAME or file:/PATH, which each gateway follows by itself")
    .option("--skip-test", "take the new key without trying it")
    .option("--back", "make the key before the current one again")
    .addOption(refuseKey())
    .action((name: string, options: RotateOptions) => rotate(name, options));

  group
    .command("rewrap")
    .description("wrap all data keys under the key-encryption key of now; may be broken off and begun again")
    .action(rewrapAll);

  async function add(name: string, options: NewOptions): Promise<void> {
    const { keyFile, credential, adminKeyFile, adminCredential } = options;
    const api = await readCredential(context, { file: keyFile, reference: credential }, `The key of ${name}`);
    const hasAdmin = adminKeyFile !== undefined || adminCredential !== undefined;
    const admin = hasAdmin
      ? await readCredential(context, { file: adminKeyFile, reference: adminCredential }, "")
      : null;
    const isDefault = await withDatabase(
      context,
      { configFile: getConfigFile(program), create: true },
      async (db, config, key, secrets) => {
        const custody = await requireCustody(db, key, secrets);
        const row = readNewConnection(name, options, config, context);
        refuseConfigured(config.connections, name);
        const before = await readConnections(db);
        if (before.connections.some((one) => one.name === name)) throw taken(name);
        const probed = toProbed(row, openOutbound(config, secrets));
        if (options.skipTest !== true) {
          await requireWorking(probed, api, "api");
          if (admin !== null) await requireWorking(probed, admin, "admin");
        }
        const seal = (purpose: Purpose, given: Credential) =>
          sealVersion(custody, row, { id: newId(), connectionId: row.id, purpose, version: 1 }, given);
        const credentials = [await seal("api", api), ...(admin === null ? [] : [await seal("admin", admin)])];
        const isFirst = config.connections.length === 0 && before.defaultName === null;
        const made = { isDefault: options.default === true || isFirst, actor: toOperator() };
        if (!(await addConnection(db, row, credentials, made))) throw taken(name);
        return made.isDefault;
      },
    );
    context.stdout.write(`The connection ${name} is open at ${isDefault ? "/v1 and " : ""}/c/${name}/v1.\n`);
  }

  async function rotate(name: string, options: RotateOptions): Promise<void> {
    const purpose = options.admin === true ? "admin" : "api";
    const by = { overlapMs: options.overlap, actor: toOperator() };
    const source = { file: options.keyFile, reference: options.credential };
    const given =
      options.back === true ? null : await readCredential(context, source, `The new key of ${name}`);
    const version = await withDatabase(
      context,
      { configFile: getConfigFile(program), create: false },
      async (db, config, key, secrets) => {
        refuseConfigured(config.connections, name);
        if (given === null) return rotateBack(db, name, purpose, by);
        const custody = await requireCustody(db, key, secrets);
        const held = (await readConnections(db)).connections.find((one) => one.name === name);
        if (held === undefined) throw new CommandError("No connection in the database has this name.");
        refuseSame(custody, held, purpose, given);
        if (options.skipTest !== true)
          await requireWorking(toProbed(held, openOutbound(config, secrets)), given, purpose);
        const next = (await readNewestVersion(db, held.id, purpose)) + 1;
        const row = { id: newId(), connectionId: held.id, purpose, version: next } as const;
        const sealed = await sealVersion(custody, held, row, given);
        if (!(await rotateCredential(db, name, sealed, by)))
          throw new CommandError("Somebody else rotated the key at the same time; nothing was changed.");
        await destroyExpired(db);
        return next;
      },
    );
    if (version === null)
      throw new CommandError("No key before the current one is left, or no connection has this name.");
    const rest =
      options.overlap === 0
        ? "The one before is destroyed."
        : `The one before stays until ${new Date(Date.now() + options.overlap).toISOString()}.`;
    context.stdout.write(`Version ${version} of the key of ${name} is current. ${rest}\n`);
  }

  async function rewrapAll(): Promise<void> {
    const count = await withDatabase(
      context,
      { configFile: getConfigFile(program), create: false },
      async (db, _config, key, secrets) => rewrapIn(db, context, await requireCustody(db, key, secrets)),
    );
    context.stdout.write(
      count === 0
        ? "All data keys are wrapped by the key of now.\n"
        : `${count} data keys were wrapped anew.\n`,
    );
  }

  /** Refuses a key that does not work, so that programs never meet it. */
  async function requireWorking(probed: Probed, given: Credential, purpose: Purpose): Promise<void> {
    const followed = "value" in given ? given : followProviderKey(given.reference, context.env, context.cwd);
    if ("expected" in followed)
      throw new CommandError(
        `The key can't be tried here: ${followed.expected}. --skip-test takes the reference as it is.`,
      );
    const { isOk, words } = await probe(probed, followed.value, purpose);
    if (!isOk)
      throw new CommandError(`Nothing was changed: ${words} --skip-test takes the key all the same.`);
  }
}

async function rewrapIn(db: Database, context: CommandContext, { wrapper }: Custody): Promise<number> {
  const { connections } = await readConnections(db);
  const all = connections.flatMap((connection) => connection.credentials.map((row) => ({ connection, row })));
  const left = all.filter(({ row }) => row.keyId !== wrapper.keyId);
  const unknown = left.find(({ row }) => !wrapper.knows(row.keyId));
  if (unknown !== undefined)
    throw new CommandError(
      `A key of ${unknown.connection.name} was wrapped by the key ${unknown.row.keyId}, which is not configured: put it under credentials.former_keys.`,
    );
  let count = 0;
  for (const { connection, row } of left) {
    const after = await rewrap(wrapper, toPlace(connection, row), row).catch(() => null);
    if (after === null)
      throw new CommandError(`A key of ${connection.name} can't be opened: its row was changed.`);
    // Another one that does the same, or a rotation, was faster: nothing is left to do.
    if (await replaceDataKey(db, row, after)) count += 1;
    context.stderr.write(`wrapped anew: ${count} of ${left.length}\n`);
  }
  if (count > 0) await recordRewrap(db, toOperator(), count, wrapper.keyId);
  return count;
}

function refuseSame(custody: Custody, held: StoredConnection, purpose: Purpose, given: Credential): void {
  if (!("value" in given)) return;
  const current = held.credentials.find((one) => one.purpose === purpose && one.isCurrent);
  if (current?.fingerprint === custody.fingerprint(given.value))
    throw new CommandError("This key is the current one already.");
}

function toProbed(
  row: {
    readonly baseUrl: string;
    readonly organization: string | null;
    readonly project: string | null;
    readonly connectMs: number;
    readonly firstByteMs: number;
    readonly idleMs: number;
  },
  outbound: Outbound,
): Probed {
  const { baseUrl, organization, project, connectMs, firstByteMs, idleMs } = row;
  const timeouts = { connect_ms: connectMs, first_byte_ms: firstByteMs, idle_ms: idleMs };
  return { baseUrl, account: { organization, project }, timeouts, outbound };
}

function taken(name: string): CommandError {
  return new CommandError(
    `The connection ${name} exists: "connections rotate ${name}" gives it another key.`,
  );
}

function parseOverlap(text: string): number {
  const overlap = text === "0" ? 0 : parseDuration(text);
  if (overlap > LONGEST_OVERLAP) throw new InvalidArgumentError("Expected at most 7d.");
  return overlap;
}

/** Every process of the machine can read arguments: whoever tries is told so, and nothing repeats what was given. */
function refuseKey(): Option {
  return new Option("--key [key]").hideHelp().argParser(() => {
    throw new CommandError(
      "A key never stands in the arguments, where every process of the machine can read it: give it on standard input or by --key-file. If it was a real one, replace it at the provider.",
      2,
    );
  });
}
