// Client secrets of realtime sessions. Only their hashes come here, and what they open only sealed.
import { eq, lt } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { clientSecrets } from "../schema.ts";

export type ClientSecretRow = Omit<typeof clientSecrets.$inferSelect, "at">;

/** Keeps a client secret; those that have expired go. */
export async function addClientSecret(db: Database, row: ClientSecretRow): Promise<void> {
  const at = new Date();
  await runQuery(async () => {
    await db.orm.delete(clientSecrets).where(lt(clientSecrets.expiresAt, at));
    await db.orm.insert(clientSecrets).values({ ...row, at });
  });
}

/** Finds a client secret by its hash; null where none has it. */
export async function findClientSecret(db: Database, hash: Buffer): Promise<ClientSecretRow | null> {
  const rows = await runQuery(() =>
    db.orm.select().from(clientSecrets).where(eq(clientSecrets.hash, hash)).limit(1),
  );
  return rows[0] ?? null;
}
