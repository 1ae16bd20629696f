// Holds a database to the encryption key that it was begun with.
import { eq } from "drizzle-orm";
import type { Database } from "../client.ts";
import { DatabaseStateError, runQuery } from "../errors.ts";
import { gatewayState } from "../schema.ts";

const KEY_DIGEST = "encryption_key_digest";

/**
 * Notes the digest of the encryption key at the first start, and throws `DatabaseStateError` at a later one with another:
 * its texts could not be opened, and nothing that is named by keyed hashes would be found again.
 */
export async function checkKey(db: Database, keyDigest: string): Promise<void> {
  const [row] = await runQuery(async () => {
    await db.orm.insert(gatewayState).values({ key: KEY_DIGEST, value: keyDigest }).onConflictDoNothing();
    return db.orm
      .select({ value: gatewayState.value })
      .from(gatewayState)
      .where(eq(gatewayState.key, KEY_DIGEST));
  });
  if (row?.value === keyDigest) return;
  throw new DatabaseStateError(
    "The database was begun with another encryption key. Start with that one, or with an empty database.",
  );
}
