// Service accounts and their keys. Only hashes of keys come here.
import { and, asc, eq, isNull, or, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { keys, revocations, serviceAccounts } from "../schema.ts";
import type { RevocationKey, Transaction } from "./revocations.ts";
import { appendRevocations } from "./revocations.ts";

type AccountInput = {
  readonly tenant: string;
  readonly name: string;
  readonly groups: readonly string[];
  /** Who asks for it: the account's maker where it is new or was revoked, and who revokes keys that are replaced. */
  readonly createdBy: string;
};

/** What a presented key stands for. */
export type KeyOwner = {
  readonly keyId: string;
  readonly tenant: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
  /** The key was revoked, or its account was. */
  readonly isRevoked: boolean;
};

/** Finds the owner of a key by its hash; null where no key has it. */
export async function findKeyOwner(db: Database, hash: Buffer): Promise<KeyOwner | null> {
  const rows = await runQuery(() =>
    db.orm
      .select({
        keyId: keys.id,
        tenant: serviceAccounts.tenant,
        name: serviceAccounts.name,
        groups: serviceAccounts.groups,
        scopes: keys.scopes,
        expiresAt: keys.expiresAt,
        revokedAt: keys.revokedAt,
        disabledAt: serviceAccounts.disabledAt,
      })
      .from(keys)
      .innerJoin(serviceAccounts, eq(keys.serviceAccountId, serviceAccounts.id))
      .where(eq(keys.hash, hash))
      .limit(1),
  );
  const row = rows[0];
  if (row === undefined) return null;
  const { revokedAt, disabledAt, ...owner } = row;
  return { ...owner, isRevoked: revokedAt !== null || disabledAt !== null };
}

export type KeyRow = {
  readonly id: string;
  readonly hint: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly revokedBy: string | null;
};

export type ServiceAccountRow = {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly disabledAt: Date | null;
  readonly keys: readonly KeyRow[];
};

/** Lists the accounts by name, each with its keys from the oldest to the newest. */
export async function listServiceAccounts(db: Database): Promise<ServiceAccountRow[]> {
  const revokedBy = sql<string | null>`(select ${revocations.revokedBy} from ${revocations}
    where ${revocations.kind} = 'credential' and ${revocations.id} = ${keys.id}::text order by ${revocations.seq} limit 1)`;
  const rows = await runQuery(() =>
    db.orm
      .select({ account: serviceAccounts, key: keys, revokedBy })
      .from(serviceAccounts)
      .leftJoin(keys, eq(keys.serviceAccountId, serviceAccounts.id))
      .orderBy(asc(serviceAccounts.name), asc(keys.createdAt), asc(keys.id)),
  );
  const accounts = new Map<string, ServiceAccountRow & { readonly keys: KeyRow[] }>();
  for (const { account, key, revokedBy: by } of rows) {
    const known = accounts.get(account.id) ?? { ...account, keys: [] };
    accounts.set(account.id, known);
    if (key === null) continue;
    const { id, hint, createdAt, expiresAt, revokedAt } = key;
    known.keys.push({ id, hint, createdAt, expiresAt, revokedAt, revokedBy: by });
  }
  return [...accounts.values()];
}

export type CreatedKey = { readonly accountId: string; readonly keyId: string; readonly createdAt: Date };

/**
 * Makes a key for the account of this name, and the account where there is none. A revoked account is opened again with
 * these groups. Where a living account has the name already, `existing` says what happens: null is given, its keys are
 * revoked and its groups replaced, or it gets one key more.
 */
export async function createKey(
  db: Database,
  input: AccountInput & {
    readonly hash: Buffer;
    readonly hint: string;
    readonly expiresAt: Date;
    readonly existing: "refuse" | "replace" | "add";
  },
): Promise<CreatedKey | null> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const [made] = await tx
        .insert(serviceAccounts)
        .values({
          id: uuidv7(),
          tenant: input.tenant,
          name: input.name,
          groups: [...input.groups],
          createdBy: input.createdBy,
        })
        .onConflictDoNothing({ target: serviceAccounts.name })
        .returning({ id: serviceAccounts.id });
      let accountId = made?.id;
      if (accountId === undefined) {
        const [held] = await tx
          .select()
          .from(serviceAccounts)
          .where(eq(serviceAccounts.name, input.name))
          .for("update");
        const isAlive = held?.disabledAt === null;
        if (held === undefined || (isAlive && input.existing === "refuse")) return null;
        accountId = held.id;
        const createdBy = isAlive ? held.createdBy : input.createdBy;
        if (!isAlive || input.existing === "replace") await replaceKeys(tx, accountId, input, createdBy);
      }
      const [key] = await tx
        .insert(keys)
        .values({
          id: uuidv7(),
          serviceAccountId: accountId,
          hash: input.hash,
          hint: input.hint,
          expiresAt: input.expiresAt,
        })
        .returning({ id: keys.id, createdAt: keys.createdAt });
      return key === undefined ? null : { accountId, keyId: key.id, createdAt: key.createdAt };
    }),
  );
}

async function replaceKeys(
  tx: Transaction,
  accountId: string,
  input: AccountInput,
  createdBy: string,
): Promise<void> {
  const old = await tx
    .update(keys)
    .set({ revokedAt: sql`now()` })
    .where(and(eq(keys.serviceAccountId, accountId), isNull(keys.revokedAt)))
    .returning({ id: keys.id });
  await appendRevocations(tx, old.map(toCredential), input.createdBy);
  await tx
    .update(serviceAccounts)
    .set({ tenant: input.tenant, groups: [...input.groups], createdBy, disabledAt: null })
    .where(eq(serviceAccounts.id, accountId));
}

function toCredential(key: { readonly id: string }): RevocationKey {
  return { kind: "credential", id: key.id };
}

export type RevokedKeys = {
  readonly accountId: string;
  readonly name: string;
  readonly keyIds: readonly string[];
};

/**
 * Revokes an account with all its keys, by its name or id, or a single key by its id. Gives null where nothing has that
 * name or id; an empty list where everything was revoked before.
 */
export async function revokeServiceAccount(
  db: Database,
  nameOrId: string,
  revokedBy: string | null = null,
): Promise<RevokedKeys | null> {
  const isId = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(nameOrId);
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const byName = eq(serviceAccounts.name, nameOrId);
      const [account] = await tx
        .select()
        .from(serviceAccounts)
        .where(isId ? or(byName, eq(serviceAccounts.id, nameOrId)) : byName)
        .for("update");
      const [single] =
        account === undefined && isId ? await tx.select().from(keys).where(eq(keys.id, nameOrId)) : [];
      const accountId = account?.id ?? single?.serviceAccountId;
      if (accountId === undefined) return null;
      const target = single === undefined ? eq(keys.serviceAccountId, accountId) : eq(keys.id, single.id);
      const revoked = await tx
        .update(keys)
        .set({ revokedAt: sql`now()` })
        .where(and(target, isNull(keys.revokedAt)))
        .returning({ id: keys.id });
      if (single === undefined) {
        await tx
          .update(serviceAccounts)
          .set({ disabledAt: sql`coalesce(${serviceAccounts.disabledAt}, now())` })
          .where(eq(serviceAccounts.id, accountId));
      }
      await appendRevocations(tx, revoked.map(toCredential), revokedBy);
      const [named] = await tx
        .select({ name: serviceAccounts.name })
        .from(serviceAccounts)
        .where(eq(serviceAccounts.id, accountId));
      return { accountId, name: named?.name ?? "", keyIds: revoked.map(({ id }) => id) };
    }),
  );
}
