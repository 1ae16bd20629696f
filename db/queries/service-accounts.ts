// Service accounts and their keys. Only hashes of keys come here.
import { and, desc, eq, inArray, lt, or, sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { keys, serviceAccounts } from "../schema.ts";
import { recordAction } from "./admin-actions.ts";
import { closeAgents, endAgentKeys } from "./end-agents.ts";
import { endKeys, findAccountOfKey, markKeys, toEntry } from "./end-keys.ts";
import { appendRevocations } from "./revocations.ts";
import type { Transaction } from "./revocations.ts";

type Profile = Pick<typeof serviceAccounts.$inferSelect, "agent" | "attributes" | "initiator">;

type AccountInput = {
  readonly tenant: string;
  readonly name: string;
  readonly groups: readonly string[];
  /** Who asks for it: the account's maker where it is new or was revoked, and who revokes keys that are replaced. */
  readonly createdBy: string;
  /** What policy is to know of it. Of a living account that is replaced what is absent stays, so that no agent loses its bounds. */
  readonly profile?: Partial<Profile>;
  /** What the key is good for. Absent: for what the account's latest one was, so that no other key is worth more. */
  readonly scopes?: readonly string[];
};

/** What a presented key stands for. */
export type KeyOwner = {
  readonly keyId: string;
  readonly tenant: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly agent: Profile["agent"];
  readonly attributes: Profile["attributes"];
  readonly initiator: Profile["initiator"];
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
        agent: serviceAccounts.agent,
        attributes: serviceAccounts.attributes,
        initiator: serviceAccounts.initiator,
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

export type CreatedKey = { readonly accountId: string; readonly keyId: string; readonly createdAt: Date };

/**
 * Makes a key for the account of this name, and the account where there is none. Where one has the name already,
 * `existing` says what happens: `refuse` opens a revoked account again with these groups, and gives null for a living
 * one; `replace` does the same, and revokes a living one's keys and replaces its groups; `add` gives a living account of
 * the same tenant and groups one key more, and null for any other.
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
          ...input.profile,
        })
        .onConflictDoNothing({ target: serviceAccounts.name })
        .returning({ id: serviceAccounts.id });
      let accountId = made?.id;
      let done: "create" | "rotate" | "add_key" = "create";
      let scopes = [...(input.scopes ?? [])];
      if (accountId === undefined) {
        const [held] = await tx
          .select()
          .from(serviceAccounts)
          .where(eq(serviceAccounts.name, input.name))
          .for("update");
        const isAlive = held?.disabledAt === null;
        if (held === undefined || (isAlive && input.existing === "refuse")) return null;
        accountId = held.id;
        if (isAlive && input.scopes === undefined) scopes = await findScopes(tx, accountId);
        if (input.existing === "add") {
          if (!isAlive || !isSame(held, input)) return null;
          done = "add_key";
        } else {
          await replaceKeys(tx, accountId, input, isAlive ? held : null);
          if (isAlive) done = "rotate";
        }
      }
      const [key] = await tx
        .insert(keys)
        .values({
          id: uuidv7(),
          serviceAccountId: accountId,
          hash: input.hash,
          hint: input.hint,
          scopes,
          expiresAt: input.expiresAt,
        })
        .returning({ id: keys.id, createdAt: keys.createdAt });
      if (key === undefined) return null;
      await recordAction(tx, {
        actor: input.createdBy,
        action: `service_account.${done}`,
        object: input.name,
        detail: {
          tenant: input.tenant,
          groups: input.groups,
          ...input.profile,
          ...(scopes.length > 0 && { scopes }),
          key: key.id,
          expires_at: input.expiresAt,
        },
      });
      return { accountId, keyId: key.id, createdAt: key.createdAt };
    }),
  );
}

async function findScopes(tx: Transaction, accountId: string): Promise<string[]> {
  const [latest] = await tx
    .select({ scopes: keys.scopes })
    .from(keys)
    .where(eq(keys.serviceAccountId, accountId))
    .orderBy(desc(keys.createdAt))
    .limit(1);
  return latest?.scopes ?? [];
}

function isSame(held: Pick<AccountInput, "tenant" | "groups">, input: AccountInput): boolean {
  const groups = new Set(held.groups);
  const asked = new Set(input.groups);
  return held.tenant === input.tenant && groups.symmetricDifference(asked).size === 0;
}

async function replaceKeys(
  tx: Transaction,
  accountId: string,
  input: AccountInput,
  alive: (Profile & { readonly createdBy: string }) | null,
): Promise<void> {
  const before = alive ?? { agent: null, attributes: {}, initiator: null, createdBy: input.createdBy };
  const { agent, attributes, initiator, createdBy } = { ...before, ...input.profile };

  await endKeys(tx, { accountId }, input.createdBy);
  await tx
    .update(serviceAccounts)
    .set({
      tenant: input.tenant,
      groups: [...input.groups],
      agent,
      attributes,
      initiator,
      createdBy,
      disabledAt: null,
    })
    .where(eq(serviceAccounts.id, accountId));
}

export type RevokedKeys = {
  readonly accountId: string;
  readonly name: string;
  readonly keyIds: readonly string[];
  /** The agents that ended with their owner. */
  readonly agents: readonly string[];
};

/**
 * Revokes an account with all its keys, public ones too, and its agents, by its name or id, or a single key by its id. Gives null where
 * nothing has that name or id; an empty list where everything was revoked before.
 */
export async function revokeServiceAccount(
  db: Database,
  nameOrId: string,
  revokedBy = "unknown",
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
      const accountId = account?.id ?? (isId ? await findAccountOfKey(tx, nameOrId) : undefined);
      if (accountId === undefined) return null;
      const agents = account === undefined ? [] : await closeAgents(tx, account.name);
      const keyIds = await markKeys(tx, account === undefined ? { id: nameOrId } : { accountId });
      if (account !== undefined) {
        await tx
          .update(serviceAccounts)
          .set({ disabledAt: sql`coalesce(${serviceAccounts.disabledAt}, now())` })
          .where(eq(serviceAccounts.id, accountId));
      }
      const [named] = await tx
        .select({ name: serviceAccounts.name })
        .from(serviceAccounts)
        .where(eq(serviceAccounts.id, accountId));
      const name = named?.name ?? "";
      const action = account === undefined ? "service_account.revoke_key" : "service_account.revoke";
      await recordAction(tx, { actor: revokedBy, action, object: name, detail: { keys: keyIds } });
      const all = [...keyIds, ...(await endAgentKeys(tx, agents, revokedBy))];
      await appendRevocations(tx, all.map(toEntry), revokedBy);
      return { accountId, name, keyIds, agents: agents.map((agent) => agent.name) };
    }),
  );
}

/** Deletes the keys of an account that expired before a moment. */
export async function deleteExpiredKeys(db: Database, name: string, before: Date): Promise<void> {
  const account = db.orm
    .select({ id: serviceAccounts.id })
    .from(serviceAccounts)
    .where(eq(serviceAccounts.name, name));
  await runQuery(() =>
    db.orm.delete(keys).where(and(inArray(keys.serviceAccountId, account), lt(keys.expiresAt, before))),
  );
}
