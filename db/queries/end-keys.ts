// Ends the keys of service accounts, secret and public ones alike.
import { and, eq, isNull, sql } from "drizzle-orm";
import { clientKeys, keys } from "../schema.ts";
import type { RevocationKey, Transaction } from "./revocations.ts";
import { appendRevocations } from "./revocations.ts";

type WhichKeys = { readonly accountId: string } | { readonly id: string };

/** Marks all keys of an account, or one, as revoked; gives the ids of those that lived, for the log of revocations. */
export async function markKeys(tx: Transaction, which: WhichKeys): Promise<readonly string[]> {
  const ended: string[] = [];
  for (const table of [keys, clientKeys]) {
    const target = "id" in which ? eq(table.id, which.id) : eq(table.serviceAccountId, which.accountId);
    const rows = await tx
      .update(table)
      .set({ revokedAt: sql`now()` })
      .where(and(target, isNull(table.revokedAt)))
      .returning({ id: table.id });
    ended.push(...rows.map(({ id }) => id));
  }
  return ended;
}

/** Ends all keys of an account, or one; what was obtained with any of them ends too. Gives the ids of those that lived. */
export async function endKeys(
  tx: Transaction,
  which: WhichKeys,
  revokedBy: string | null,
): Promise<readonly string[]> {
  const ended = await markKeys(tx, which);
  await appendRevocations(tx, ended.map(toEntry), revokedBy);
  return ended;
}

/** The entry by which a credential ends. */
export function toEntry(id: string): RevocationKey {
  return { kind: "credential", id };
}

/** Finds the account of a key of either kind. */
export async function findAccountOfKey(tx: Transaction, id: string): Promise<string | undefined> {
  const [key] = await tx
    .select({ accountId: keys.serviceAccountId })
    .from(keys)
    .where(eq(keys.id, id))
    .union(
      tx.select({ accountId: clientKeys.serviceAccountId }).from(clientKeys).where(eq(clientKeys.id, id)),
    );
  return key?.accountId;
}
