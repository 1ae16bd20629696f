// Tokens of our own and their refresh tokens. Only hashes come here.
import {
  and,
  arrayContains,
  desc,
  eq,
  getTableColumns,
  gt,
  isNotNull,
  isNull,
  lt,
  or,
  sql,
} from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { tokens } from "../schema.ts";
import { recordAction } from "./admin-actions.ts";
import { closeAgents, endAgentKeys } from "./end-agents.ts";
import { toEntry } from "./end-keys.ts";
import type { RevocationKey, Transaction } from "./revocations.ts";
import { appendRevocations, toEarlierId } from "./revocations.ts";

/** A row, as it is kept. */
export type TokenRow = typeof tokens.$inferSelect;
/** What is known of a token when it is made. */
export type NewToken = Omit<TokenRow, "issuedAt" | "usedAt" | "revokedAt">;

/** How long tokens that have expired stay on record. */
const KEPT = sql`interval '90 days'`;

/**
 * Keeps tokens of one subject that were made together; those that expired long ago go. Gives false, and keeps nothing,
 * where the subject has `most` access tokens that count.
 */
export async function addTokens(db: Database, rows: readonly NewToken[], most: number): Promise<boolean> {
  return runQuery(() => db.orm.transaction((tx) => insert(tx, rows, most)));
}

async function insert(tx: Transaction, rows: readonly NewToken[], most: number): Promise<boolean> {
  const [first] = rows;
  if (first === undefined) return true;
  const { tenant, issuer, subject, actsFor, parents } = first;
  // Agents are made up as easily as tokens, so that those that act for somebody count together.
  const owner = actsFor === null ? undefined : parents.find((parent) => parent.startsWith("["));
  await tx.delete(tokens).where(lt(tokens.expiresAt, sql`now() - ${KEPT}`));
  // Those who ask for one subject take turns, so that none is counted past.
  const name = JSON.stringify(["tokens", ...(owner === undefined ? [tenant, issuer, subject] : [owner])]);
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
  const of =
    owner === undefined
      ? [eq(tokens.tenant, tenant), eq(tokens.issuer, issuer), eq(tokens.subject, subject)]
      : [isNotNull(tokens.actsFor), arrayContains(tokens.parents, [owner])];
  const counts = [eq(tokens.use, "access"), isNull(tokens.revokedAt), gt(tokens.expiresAt, sql`now()`)];
  const held = tx
    .select({ id: tokens.id })
    .from(tokens)
    .where(and(...of, ...counts))
    .limit(most);
  if ((await held).length >= most) return false;
  await tx.insert(tokens).values([...rows]);
  return true;
}

/** Finds a token by its hash; null where none has it. */
export async function findToken(db: Database, hash: Buffer): Promise<TokenRow | null> {
  const rows = await runQuery(() => db.orm.select().from(tokens).where(eq(tokens.hash, hash)).limit(1));
  return rows[0] ?? null;
}

/** What became of a refresh token that was shown. */
export type Rotation = { readonly outcome: "rotated" | "reused" | "full"; readonly used: TokenRow };

/**
 * Uses a refresh token up, and keeps what `make` makes of it. Gives null where it doesn't count; one that was used before
 * ends its whole family, since two parties have it. `most` is as for `addTokens`: a token that nothing comes of stays.
 */
export async function rotateToken(
  db: Database,
  hash: Buffer,
  make: (used: TokenRow) => readonly NewToken[],
  most: number,
): Promise<Rotation | null> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const [held] = await tx
        .select()
        .from(tokens)
        .where(and(eq(tokens.hash, hash), eq(tokens.use, "refresh")))
        .for("update");
      if (held === undefined) return null;
      if (held.usedAt !== null) {
        const ended = await revokeWhere(tx, eq(tokens.family, held.family), "reuse of a refresh token");
        return ended === 0 ? null : { outcome: "reused", used: held };
      }
      const { now } = (await tx.execute<{ now: string }>(sql`select now()::text as now`))[0] ?? { now: "" };
      if (held.revokedAt !== null || held.expiresAt <= new Date(now)) return null;
      if (!(await insert(tx, make(held), most))) return { outcome: "full", used: held };
      await tx
        .update(tokens)
        .set({ usedAt: sql`now()` })
        .where(eq(tokens.id, held.id));
      return { outcome: "rotated", used: held };
    }),
  );
}

/** Whose tokens are meant. */
export type TokenOwner = { readonly subject: string; readonly issuer: string | null };

/** Revokes tokens, by the id of one or by their owner; gives how many there were. */
export async function revokeTokens(
  db: Database,
  which: { readonly id: string } | { readonly family: string } | TokenOwner,
  revokedBy: string,
): Promise<number> {
  return runQuery(() => db.orm.transaction((tx) => revokeWhere(tx, toCondition(which), revokedBy)));
}

/** Revokes one token as an operator does, which is written down; says whether there was one. */
export async function revokeTokenAs(db: Database, id: string, actor: string): Promise<boolean> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const count = await revokeWhere(tx, eq(tokens.id, id), actor);
      const action = { actor, action: "token.revoke", object: id, detail: { issuer: null, tokens: count } };
      if (count > 0) await recordAction(tx, action);
      return count > 0;
    }),
  );
}

/** What ended with a subject. */
export type EndedSubject = {
  readonly tokens: number;
  /** The registered agents that it owned. */
  readonly agents: readonly string[];
};

/**
 * Ends what a subject has at this moment, as an operator does, which is written down: its tokens, whatever its issuer gave
 * it until now, and the agents that it owns.
 */
export async function endSubjectAs(db: Database, owner: TokenOwner, actor: string): Promise<EndedSubject> {
  const { subject, issuer } = owner;
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const closed = await closeAgents(tx, subject);
      const marked = await markTokens(tx, toCondition(owner));
      const detail = { issuer, tokens: marked.count };
      await recordAction(tx, { actor, action: "token.revoke", object: subject, detail });
      const keys = await endAgentKeys(tx, closed, actor);
      const earlier = { kind: "issued_before", id: toEarlierId(issuer, subject) } as const;
      await appendRevocations(tx, [earlier, ...marked.entries, ...keys.map(toEntry)], actor);
      return { tokens: marked.count, agents: closed.map(({ name }) => name) };
    }),
  );
}

/** Ends the tokens that were obtained with a credential. */
export async function endChildren(db: Database, credentialId: string, revokedBy: string): Promise<void> {
  const live = and(gt(tokens.expiresAt, sql`now()`), arrayContains(tokens.parents, [credentialId]));
  await runQuery(() => db.orm.transaction((tx) => revokeWhere(tx, live, revokedBy)));
}

function toCondition(
  which: { readonly id: string } | { readonly family: string } | TokenOwner,
): SQL | undefined {
  if ("id" in which) return eq(tokens.id, which.id);
  if ("family" in which) return eq(tokens.family, which.family);
  const { subject, issuer } = which;
  if (issuer === null) return or(eq(tokens.subject, subject), eq(tokens.actsFor, subject));
  const own = and(eq(tokens.subject, subject), eq(tokens.issuer, issuer));
  // Of whom a token acts for, the issuer stands among what it was obtained with, as subjects are named there.
  const named = sql`exists (select from unnest(${tokens.parents}) as parent where case when parent like '[%'
    then parent::json ->> 1 = ${issuer} and parent::json ->> 2 = ${subject} else false end)`;
  return or(own, and(eq(tokens.actsFor, subject), named));
}

/** Marks the tokens of a subject as revoked; gives what is to stand in the log. Only for use within `db/`. */
export async function markTokensOf(tx: Transaction, which: TokenOwner): Promise<readonly RevocationKey[]> {
  return (await markTokens(tx, toCondition(which))).entries;
}

async function revokeWhere(tx: Transaction, condition: SQL | undefined, revokedBy: string): Promise<number> {
  const { count, entries } = await markTokens(tx, condition);
  await appendRevocations(tx, entries, revokedBy);
  return count;
}

async function markTokens(
  tx: Transaction,
  condition: SQL | undefined,
): Promise<{ readonly count: number; readonly entries: readonly RevocationKey[] }> {
  const revoked: Pick<TokenRow, "id" | "use">[] = [];
  // Who refreshes at this moment holds what is refreshed, which is waited for; what came of it only the next look shows.
  for (let found = -1; found !== 0;) {
    const rows = await tx
      .update(tokens)
      .set({ revokedAt: sql`now()` })
      .where(and(condition, isNull(tokens.revokedAt)))
      .returning({ id: tokens.id, use: tokens.use });
    found = rows.length;
    revoked.push(...rows);
  }
  const entries = revoked.filter(({ use }) => use === "access").map(({ id }) => toEntry(id));
  return { count: revoked.length, entries };
}

/** Lists the tokens that count, newest first: without hashes. */
export async function listTokens(
  db: Database,
  owner: Partial<TokenOwner>,
): Promise<readonly Omit<TokenRow, "hash" | "caller">[]> {
  const { hash: _hash, caller: _caller, ...columns } = getTableColumns(tokens);
  return runQuery(() =>
    db.orm
      .select(columns)
      .from(tokens)
      .where(
        and(
          isNull(tokens.revokedAt),
          isNull(tokens.usedAt),
          gt(tokens.expiresAt, sql`now()`),
          owner.subject === undefined ? undefined : eq(tokens.subject, owner.subject),
          owner.issuer == null ? undefined : eq(tokens.issuer, owner.issuer),
        ),
      )
      .orderBy(desc(tokens.issuedAt))
      .limit(1000),
  );
}
