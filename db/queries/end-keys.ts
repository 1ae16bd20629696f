// Ends the keys of service accounts, secret and public ones alike.
import { and, eq, isNull, sql } from "drizzle-orm";
import { clientKeys, keys } from "../schema.ts";
import type { Transaction } from "./revocations.ts";
import { appendRevocations } from "./revocations.ts";

/** Ends all keys of an account, or one; what was obtained with any of them ends too. Gives the ids of those that lived. */
export async function endKeys(
  tx: Transaction,
  which: { readonly accountId: string } | { readonly id: string },
  revokedBy: string | null,
): Promise<readonly string[]> {
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
  const entries = ended.map((id) => ({ kind: "credential", id }) as const);
  await appendRevocations(tx, entries, revokedBy);
  return ended;
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
