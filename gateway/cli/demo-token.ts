// The demo token: how a first user of the embedded default gets in.
import { rmSync } from "node:fs";
import { openDatabase } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { deleteExpiredKeys } from "../../db/queries/service-accounts.ts";
import type { Config } from "../config/config.ts";
import { isLoopback } from "../config/loopback.ts";
import type { StateFolder } from "../database/state-folder.ts";
import { writeSecretFile } from "../database/state-folder.ts";
import type { Log } from "../log.ts";
import { issueKey } from "./service-accounts.ts";

export type DemoToken = { readonly key: string; /** Null: it may be shown. */ readonly file: string | null };

const NAME = "demo";
const GROUPS = ["developers"];
const TTL_MS = 8 * 3_600_000;
/** How long an expired one stays, so that whoever still holds it is told what it was. */
const KEPT_MS = 24 * 3_600_000;

/**
 * Makes a token of 8 hours for the group `developers`. It is shown on a terminal, where only this machine can use it;
 * anywhere else a log may keep what is printed, so it goes to a file that only its owner may read. There is none where an
 * operator has revoked the account, or made one of its name for something else.
 */
export async function issueDemoToken(
  config: Config,
  databaseUrl: string,
  folder: StateFolder,
  isTerminal: boolean,
  log: Pick<Log, "warn">,
): Promise<DemoToken | null> {
  const db = openDatabase(databaseUrl, { poolSize: 1 });
  try {
    await migrateDatabase(db, { log });
    const { tenant } = config.policy;
    const issued = await issueKey(db, {
      tenant,
      name: NAME,
      groups: GROUPS,
      ttlMs: TTL_MS,
      existing: "add",
    });
    if (issued === null) {
      rmSync(folder.demoToken, { force: true });
      log.warn(
        {},
        `There is no demo token: the service account ${NAME} was revoked, or has another tenant or other groups than ${GROUPS.join(", ")}. Make a key for an account of another name: tollgate service-accounts create.`,
      );
      return null;
    }
    await deleteExpiredKeys(db, NAME, new Date(Date.now() - KEPT_MS));
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
