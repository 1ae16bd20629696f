// The demo token: how a first user of the embedded default gets in.
import { rmSync } from "node:fs";
import { openDatabase } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import type { Config } from "../config/config.ts";
import { isLoopback } from "../config/loopback.ts";
import type { StateFolder } from "../database/state-folder.ts";
import { writeSecretFile } from "../database/state-folder.ts";
import { issueKey } from "./service-accounts.ts";

export type DemoToken = { readonly key: string; /** Null: it may be shown. */ readonly file: string | null };

const TTL_MS = 8 * 3_600_000;

/**
 * Makes a token of 8 hours for the group `developers`. It is shown on a terminal, where only this machine can use it;
 * anywhere else a log may keep what is printed, so it goes to a file that only its owner may read.
 */
export async function issueDemoToken(
  config: Config,
  databaseUrl: string,
  folder: StateFolder,
  isTerminal: boolean,
): Promise<DemoToken | null> {
  const db = openDatabase(databaseUrl, { poolSize: 1 });
  try {
    await migrateDatabase(db);
    const { tenant } = config.policy;
    const issued = await issueKey(db, {
      tenant,
      name: "demo",
      groups: ["developers"],
      ttlMs: TTL_MS,
      existing: "add",
    });
    if (issued === null) return null;
    if (isTerminal && isLoopback(config.listen.host)) {
      rmSync(folder.demoToken, { force: true });
      return { key: issued.key, file: null };
    }
    writeSecretFile(folder.demoToken, `${issued.key}\n`);
    return { key: issued.key, file: folder.demoToken };
  } finally {
    await db.close();
  }
}
