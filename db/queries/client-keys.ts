// How service accounts prove themselves without a secret: their public keys, and the assertions that were used up.
import { and, eq, isNull, lt, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { clientKeys, serviceAccounts, usedAssertions } from "../schema.ts";
import { recordAction } from "./admin-actions.ts";
import type { Transaction } from "./revocations.ts";

/** A living service account with its public keys. */
export type ClientAccount = {
  readonly tenant: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly agent: unknown;
  readonly attributes: unknown;
  readonly initiator: (typeof serviceAccounts.$inferSelect)["initiator"];
  readonly keys: readonly { readonly id: string; readonly jwk: unknown }[];
};

/** Finds an account that is alive, with the keys that count; null where there is none of the name. */
export async function findClientAccount(db: Database, name: string): Promise<ClientAccount | null> {
  const rows = await runQuery(() =>
    db.orm
      .select({
        tenant: serviceAccounts.tenant,
        name: serviceAccounts.name,
        groups: serviceAccounts.groups,
        agent: serviceAccounts.agent,
        attributes: serviceAccounts.attributes,
        initiator: serviceAccounts.initiator,
        keyId: clientKeys.id,
        jwk: clientKeys.jwk,
      })
      .from(serviceAccounts)
      .leftJoin(
        clientKeys,
        and(eq(clientKeys.serviceAccountId, serviceAccounts.id), isNull(clientKeys.revokedAt)),
      )
      .where(and(eq(serviceAccounts.name, name), isNull(serviceAccounts.disabledAt))),
  );
  const [first] = rows;
  if (first === undefined) return null;
  const { keyId: _keyId, jwk: _jwk, ...account } = first;
  const keys = rows.flatMap(({ keyId, jwk }) => (keyId === null ? [] : [{ id: keyId, jwk }]));
  return { ...account, keys };
}

/** Adds a public key to a living account; null where there is none of the name. */
export async function addClientKey(
  db: Database,
  name: string,
  key: { readonly jwk: object; readonly thumbprint: string; readonly createdBy: string },
): Promise<string | null> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const [account] = await tx
        .select({ id: serviceAccounts.id })
        .from(serviceAccounts)
        .where(and(eq(serviceAccounts.name, name), isNull(serviceAccounts.disabledAt)))
        .for("update");
      if (account === undefined) return null;
      const id = uuidv7();
      await tx.insert(clientKeys).values({ id, serviceAccountId: account.id, ...key });
      const detail = { key: id, thumbprint: key.thumbprint };
      await recordAction(tx, {
        actor: key.createdBy,
        action: "service_account.add_public_key",
        object: name,
        detail,
      });
      return id;
    }),
  );
}

/** Uses an assertion up; false where it was used before. */
export async function useAssertion(db: Database, hash: Buffer, expiresAt: Date): Promise<boolean> {
  return runQuery(async () => {
    await forgetAssertions(db);
    return useAssertionWithin(db.orm, hash, expiresAt);
  });
}

/** Forgets what has expired: nobody takes it any more. Only for use within `db/`. */
export async function forgetAssertions(db: Database): Promise<void> {
  await db.orm.delete(usedAssertions).where(lt(usedAssertions.expiresAt, sql`now()`));
}

/** Uses an assertion up with whatever else the transaction does. Only for use within `db/`. */
export async function useAssertionWithin(
  tx: Pick<Transaction, "insert">,
  hash: Buffer,
  expiresAt: Date,
): Promise<boolean> {
  const rows = await tx
    .insert(usedAssertions)
    .values({ hash, expiresAt })
    .onConflictDoNothing()
    .returning({ hash: usedAssertions.hash });
  return rows.length === 1;
}
