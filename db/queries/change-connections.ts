// What operators do to connections: each change, who made it and its announcement in one transaction.
import { and, desc, eq, isNull, lte, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { DatabaseError, runQuery } from "../errors.ts";
import {
  connectionChanges,
  connectionCredentials,
  connectionHealth,
  connections,
  gatewayState,
} from "../schema.ts";
import { recordAction } from "./admin-actions.ts";
import { CHANNEL, DEFAULT_KEY } from "./connections.ts";
import type { ConnectionChange, ConnectionRow, CredentialRow, Purpose } from "./connections.ts";
import type { Transaction } from "./revocations.ts";

/** A sealed version of a key. */
export type NewCredential = Pick<
  CredentialRow,
  "id" | "connectionId" | "purpose" | "version" | "reference" | "fingerprint" | "sealed" | "dataKey" | "keyId"
>;
export type NewConnection = Omit<ConnectionRow, "createdAt" | "createdBy" | "disabledAt" | "removedAt">;

/** Any number that no other program on this database locks: `connect` in ASCII. */
const LOG_LOCK = "27991397281096564";
/** unique_violation */
const TAKEN = "23505";
const NOTHING = Buffer.alloc(0);

/** Announces a change. Writers take turns until they commit, so that numbers become visible in their order. */
async function announce(tx: Transaction, connection: string, kind: ConnectionChange["kind"]): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${sql.raw(LOG_LOCK)})`);
  await tx.insert(connectionChanges).values({ connection, kind });
  await tx.execute(sql`select pg_notify(${CHANNEL}, '')`);
}

async function lock(tx: Transaction, name: string): Promise<ConnectionRow | null> {
  const [found] = await tx
    .select()
    .from(connections)
    .where(and(eq(connections.name, name), isNull(connections.removedAt)))
    .for("update");
  return found ?? null;
}

/** Gives null where the row is taken: somebody else has done the same. */
async function unlessTaken<T>(change: () => Promise<T>): Promise<T | null> {
  try {
    return await runQuery(change);
  } catch (error) {
    if (error instanceof DatabaseError && error.code === TAKEN) return null;
    throw error;
  }
}

/** Adds a connection with its keys; says whether its name was free. */
export async function addConnection(
  db: Database,
  added: NewConnection,
  credentials: readonly NewCredential[],
  options: { readonly isDefault: boolean; readonly actor: string },
): Promise<boolean> {
  const { isDefault, actor } = options;
  const done = await unlessTaken(() =>
    db.orm.transaction(async (tx) => {
      await tx.insert(connections).values({ ...added, createdBy: actor });
      if (credentials.length > 0)
        await tx
          .insert(connectionCredentials)
          .values(credentials.map((one) => ({ ...one, isCurrent: true, createdBy: actor })));
      if (isDefault) await putDefault(tx, added.name);
      const { name, baseUrl, labels } = added;
      const keys = credentials.map(toTold);
      const detail = { base_url: baseUrl, labels, default: isDefault, keys };
      await recordAction(tx, { actor, action: "connection.add", object: name, detail });
      await announce(tx, name, "changed");
      return true;
    }),
  );
  return done ?? false;
}

/** What is told of a key: never the key. */
function toTold(one: Pick<CredentialRow, "purpose" | "version" | "reference" | "fingerprint">): object {
  const { purpose, version, reference, fingerprint } = one;
  return { purpose, version, reference, fingerprint };
}

/**
 * Makes a new key the current one; the one before stays for `overlapMs`, or is destroyed at once for 0. Says whether it
 * was done: another rotation may have been faster.
 */
export async function rotateCredential(
  db: Database,
  name: string,
  credential: NewCredential,
  options: { readonly overlapMs: number; readonly actor: string },
): Promise<boolean> {
  const { overlapMs, actor } = options;
  const { connectionId, purpose } = credential;
  const done = await unlessTaken(() =>
    db.orm.transaction(async (tx) => {
      const held = await lock(tx, name);
      if (held?.id !== connectionId) return false;
      await retire(tx, connectionId, purpose, overlapMs);
      await tx.insert(connectionCredentials).values({ ...credential, isCurrent: true, createdBy: actor });
      const detail = { ...toTold(credential), overlap_ms: overlapMs };
      await recordAction(tx, { actor, action: "connection.rotate", object: name, detail });
      await announce(tx, name, "changed");
      return true;
    }),
  );
  return done ?? false;
}

async function retire(
  tx: Transaction,
  connectionId: string,
  purpose: Purpose,
  overlapMs: number,
): Promise<void> {
  const destroyed = { sealed: NOTHING, dataKey: NOTHING, destroyedAt: sql`now()` };
  await tx
    .update(connectionCredentials)
    .set({
      isCurrent: false,
      expiresAt: sql`now() + ${overlapMs} * interval '1 millisecond'`,
      ...(overlapMs === 0 && destroyed),
    })
    .where(
      and(
        eq(connectionCredentials.connectionId, connectionId),
        eq(connectionCredentials.purpose, purpose),
        eq(connectionCredentials.isCurrent, true),
      ),
    );
}

/** Makes the key before the current one current again; gives its version, or null where none is left. */
export async function rotateBack(
  db: Database,
  name: string,
  purpose: Purpose,
  options: { readonly overlapMs: number; readonly actor: string },
): Promise<number | null> {
  const { overlapMs, actor } = options;
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const held = await lock(tx, name);
      if (held === null) return null;
      const ofPurpose = and(
        eq(connectionCredentials.connectionId, held.id),
        eq(connectionCredentials.purpose, purpose),
      );
      const [before] = await tx
        .select()
        .from(connectionCredentials)
        .where(
          and(
            ofPurpose,
            eq(connectionCredentials.isCurrent, false),
            isNull(connectionCredentials.destroyedAt),
            sql`expires_at > now()`,
          ),
        )
        .orderBy(desc(connectionCredentials.version))
        .limit(1);
      if (before === undefined) return null;
      await retire(tx, held.id, purpose, overlapMs);
      await tx
        .update(connectionCredentials)
        .set({ isCurrent: true, expiresAt: null })
        .where(eq(connectionCredentials.id, before.id));
      const detail = { ...toTold(before), overlap_ms: overlapMs };
      await recordAction(tx, { actor, action: "connection.rotate_back", object: name, detail });
      await announce(tx, name, "changed");
      return before.version;
    }),
  );
}

/** Destroys the keys whose overlap is over; gives how many. */
export async function destroyExpired(db: Database): Promise<number> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const gone = await tx
        .update(connectionCredentials)
        .set({ sealed: NOTHING, dataKey: NOTHING, destroyedAt: sql`now()` })
        .where(
          and(isNull(connectionCredentials.destroyedAt), lte(connectionCredentials.expiresAt, sql`now()`)),
        )
        .returning({ connectionId: connectionCredentials.connectionId });
      for (const id of new Set(gone.map(({ connectionId }) => connectionId))) {
        const [owner] = await tx.select().from(connections).where(eq(connections.id, id));
        if (owner !== undefined) await announce(tx, owner.name, "changed");
      }
      return gone.length;
    }),
  );
}

/** Opens a connection again, or takes it out of use; `cut` ends what is under way. Says whether there is one. */
export async function switchConnection(
  db: Database,
  name: string,
  to: "enabled" | "disabled" | "cut",
  actor: string,
): Promise<boolean> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const held = await lock(tx, name);
      if (held === null) return false;
      const disabledAt = to === "enabled" ? null : sql`coalesce(${connections.disabledAt}, now())`;
      await tx.update(connections).set({ disabledAt }).where(eq(connections.id, held.id));
      const action = to === "enabled" ? "connection.enable" : "connection.disable";
      await recordAction(tx, { actor, action, object: name, detail: to === "cut" ? { now: true } : {} });
      await announce(tx, name, to === "cut" ? "cut" : "changed");
      return true;
    }),
  );
}

/** Removes a disabled connection and destroys its keys. */
export async function removeConnection(
  db: Database,
  name: string,
  actor: string,
): Promise<"removed" | "unknown" | "enabled" | "default"> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const held = await lock(tx, name);
      if (held === null) return "unknown";
      if (held.disabledAt === null) return "enabled";
      const [chosen] = await tx.select().from(gatewayState).where(eq(gatewayState.key, DEFAULT_KEY));
      if (chosen?.value === name) return "default";
      await tx
        .update(connectionCredentials)
        .set({ isCurrent: false, sealed: NOTHING, dataKey: NOTHING, destroyedAt: sql`now()` })
        .where(
          and(eq(connectionCredentials.connectionId, held.id), isNull(connectionCredentials.destroyedAt)),
        );
      await tx
        .update(connections)
        .set({ removedAt: sql`now()` })
        .where(eq(connections.id, held.id));
      await tx.delete(connectionHealth).where(eq(connectionHealth.connection, name));
      await recordAction(tx, { actor, action: "connection.remove", object: name, detail: {} });
      await announce(tx, name, "cut");
      return "removed";
    }),
  );
}

async function putDefault(tx: Transaction, name: string): Promise<void> {
  await tx
    .insert(gatewayState)
    .values({ key: DEFAULT_KEY, value: name })
    .onConflictDoUpdate({ target: gatewayState.key, set: { value: name, at: sql`now()` } });
}

/** Makes a connection the default one, for all gateways at once; null gives that back to the configuration. */
export async function setDefault(db: Database, name: string | null, actor: string): Promise<void> {
  await runQuery(() =>
    db.orm.transaction(async (tx) => {
      if (name === null) await tx.delete(gatewayState).where(eq(gatewayState.key, DEFAULT_KEY));
      else await putDefault(tx, name);
      await recordAction(tx, { actor, action: "connection.default", object: name ?? "", detail: {} });
      await announce(tx, name ?? "", "changed");
    }),
  );
}

/** Puts a newly wrapped data key in the old one's place; says whether that was still there. */
export async function replaceDataKey(
  db: Database,
  before: Pick<CredentialRow, "id" | "dataKey">,
  after: Pick<CredentialRow, "dataKey" | "keyId">,
): Promise<boolean> {
  const rows = await runQuery(() =>
    db.orm
      .update(connectionCredentials)
      .set(after)
      .where(and(eq(connectionCredentials.id, before.id), eq(connectionCredentials.dataKey, before.dataKey)))
      .returning({ id: connectionCredentials.id }),
  );
  return rows.length > 0;
}

/** Writes down that data keys were wrapped anew. */
export async function recordRewrap(db: Database, actor: string, count: number, keyId: string): Promise<void> {
  await runQuery(() =>
    db.orm.transaction((tx) =>
      recordAction(tx, { actor, action: "connection.rewrap", object: "", detail: { count, key: keyId } }),
    ),
  );
}
