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
import type { Transaction } from "./revocations.ts";
import { appendRevocations } from "./revocations.ts";

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

/** Revokes tokens as an operator does, which is written down; gives how many there were. */
export async function revokeTokensAs(
  db: Database,
  which: { readonly id: string } | TokenOwner,
  actor: string,
): Promise<number> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const count = await revokeWhere(tx, toCondition(which), actor);
      const [object, issuer] = "id" in which ? [which.id, null] : [which.subject, which.issuer];
      const detail = { issuer, tokens: count };
      if (count > 0) await recordAction(tx, { actor, action: "token.revoke", object, detail });
      return count;
    }),
  );
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

/** Revokes the tokens of a subject with whatever else the transaction does. Only for use within `db/`. */
export async function revokeTokensWithin(
  tx: Transaction,
  which: TokenOwner,
  revokedBy: string,
): Promise<number> {
  return revokeWhere(tx, toCondition(which), revokedBy);
}

async function revokeWhere(tx: Transaction, condition: SQL | undefined, revokedBy: string): Promise<number> {
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
  await appendRevocations(
    tx,
    revoked.filter(({ use }) => use === "access").map(({ id }) => ({ kind: "credential", id })),
    revokedBy,
  );
  return revoked.length;
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
