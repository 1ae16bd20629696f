// Gives a command the gateway's database: the configured one, a running gateway's embedded one, or that one started for a moment.
import { existsSync } from "node:fs";
import type { Database } from "../../db/client.ts";
import { openDatabase } from "../../db/client.ts";
import { DatabaseError } from "../../db/errors.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import type { Config, LoadedSecrets } from "../config/config.ts";
import { loadConfig } from "../config/config.ts";
import { parseEncryptionKey } from "../config/secrets.ts";
import { borrowEmbedded } from "../database/embedded.ts";
import { openStateFolder, readIfExists, toStateFolder } from "../database/state-folder.ts";
import type { Log } from "../log.ts";
import { createLog } from "../log.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";

export type DatabaseUse = {
  readonly configFile: string | null;
  /** Makes the embedded database, or brings the schema up, where that wasn't done yet. */
  readonly create: boolean;
};

/** UNDEFINED_TABLE and UNDEFINED_COLUMN of PostgreSQL. */
const SCHEMA_MISSING = new Set(["42P01", "42703"]);

/** Runs `use` with the database and the key that names in it are sealed with, if that is at hand; leaves everything as it was. */
export async function withDatabase<T>(
  context: CommandContext,
  options: DatabaseUse,
  use: (
    db: Database,
    config: Config,
    key: Buffer | null,
    secrets: LoadedSecrets,
    databaseUrl: string,
  ) => Promise<T>,
): Promise<T> {
  const { config, secrets } = loadConfig({
    file: options.configFile,
    env: context.env,
    cwd: context.cwd,
    scope: "database",
  });
  const log = createLog({ level: "warn", format: config.log.format }, context.stderr);
  const { encryptionKey } = secrets;
  const runWith = (url: string, migrate: boolean, key: Buffer | null): Promise<T> =>
    run(url, migrate, (db) => use(db, config, key, secrets, url), log);
  if (secrets.databaseUrl !== null) return runWith(secrets.databaseUrl, options.create, encryptionKey);
  if (!options.create && !existsSync(toStateFolder(config.stateDir).access)) {
    throw new CommandError(
      `There is no database under ${config.stateDir} yet: start the gateway, or name its folder with TOLLGATE_STATE_DIR.`,
    );
  }
  const folder = openStateFolder(config.stateDir);
  const embedded = await borrowEmbedded(folder, log);
  try {
    // A gateway that runs has brought its schema up itself; nobody serves from one that was started for this command.
    const made = readIfExists(folder.encryptionKey);
    const key = encryptionKey ?? (made === null ? null : parseEncryptionKey(made.trim()));
    return await runWith(embedded.url, !embedded.adopted || options.create, key);
  } finally {
    await embedded.stop();
  }
}

async function run<T>(
  url: string,
  migrate: boolean,
  use: (db: Database) => Promise<T>,
  log: Log,
): Promise<T> {
  const db = openDatabase(url, { poolSize: 3, applicationName: "tollgate-cli" });
  try {
    if (migrate) await migrateDatabase(db, { log });
    return await use(db);
  } catch (error) {
    if (error instanceof DatabaseError && error.code !== null && SCHEMA_MISSING.has(error.code)) {
      throw new CommandError("The database has no tables of this version yet: start the gateway once.");
    }
    throw error;
  } finally {
    await db.close();
  }
}
