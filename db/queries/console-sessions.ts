// Who is signed in to the console. Only hashes of what browsers hold come here.
import { and, desc, eq, getTableColumns, gt, inArray, isNull, lt, sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { consoleLinks, consoleSessions } from "../schema.ts";
import { recordAction } from "./admin-actions.ts";
import type { Transaction } from "./revocations.ts";

const { hash: _hash, ...columns } = getTableColumns(consoleSessions);

/** A session, without its hash. */
export type ConsoleSession = Omit<typeof consoleSessions.$inferSelect, "hash">;

/** What is known of a session when it begins. */
export type NewConsoleSession = Pick<
  ConsoleSession,
  "id" | "tenant" | "issuer" | "subject" | "issuerSubject" | "issuerSession" | "groups"
> & {
  readonly hash: Buffer;
  /** Seconds. */
  readonly lifeSeconds: number;
  /** When it ends at the latest; null: when its life does. */
  readonly until: Date | null;
};

/** How long sessions that are over stay on record. */
const KEPT = sql`interval '90 days'`;
/** A session's last use is written down this often. */
const SEEN = sql`interval '20 seconds'`;

const counts = and(isNull(consoleSessions.endedAt), gt(consoleSessions.expiresAt, sql`now()`));

/** Names in the record who is signed in. */
export function toActor({ issuer, subject }: Pick<ConsoleSession, "issuer" | "subject">): string {
  return `${subject} of ${issuer}`;
}

/** Begins a session in the place of the browser's former one, and records the sign-in. */
export async function beginConsoleSession(
  db: Database,
  session: NewConsoleSession,
  former: Buffer | null,
): Promise<void> {
  await runQuery(() => db.orm.transaction((tx) => insert(tx, session, former, null)));
}

/**
 * Uses a one-time link up and begins the session that it is for; gives its role, or null where the link doesn't count.
 * The subject of such a session is whoever made the link.
 */
export async function beginLinkedSession(
  db: Database,
  link: Buffer,
  session: Omit<NewConsoleSession, "subject" | "issuerSubject" | "issuerSession" | "groups">,
  former: Buffer | null,
): Promise<string | null> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const [used] = await tx
        .delete(consoleLinks)
        .where(and(eq(consoleLinks.hash, link), gt(consoleLinks.expiresAt, sql`now()`)))
        .returning();
      if (used === undefined) return null;
      const subject = used.createdBy;
      const row = { ...session, subject, issuerSubject: subject, issuerSession: null, groups: [] };
      await insert(tx, row, former, used.role);
      return used.role;
    }),
  );
}

async function insert(
  tx: Transaction,
  { lifeSeconds, until, ...session }: NewConsoleSession,
  former: Buffer | null,
  role: string | null,
): Promise<void> {
  await tx.delete(consoleSessions).where(lt(consoleSessions.expiresAt, sql`now() - ${KEPT}`));
  if (former !== null) await end(tx, eq(consoleSessions.hash, former), toActor(session));
  const expiresAt = sql`least(now() + make_interval(secs => ${lifeSeconds}), ${until?.toISOString() ?? null}::timestamptz)`;
  await tx.insert(consoleSessions).values({ ...session, role, expiresAt });
  const detail = { groups: session.groups, ...(role !== null && { role }) };
  await recordAction(tx, {
    actor: toActor(session),
    action: "console.sign_in",
    object: session.id,
    detail,
  });
}

/** Finds the session of a hash that counts and was used within `idleSeconds`, and notes that it is used. */
export async function findConsoleSession(
  db: Database,
  hash: Buffer,
  idleSeconds: number,
): Promise<ConsoleSession | null> {
  return runQuery(async () => {
    const isUsed = gt(consoleSessions.seenAt, sql`now() - make_interval(secs => ${idleSeconds})`);
    const [found] = await db.orm
      .select({ ...columns, isStale: sql<boolean>`${consoleSessions.seenAt} < now() - ${SEEN}` })
      .from(consoleSessions)
      .where(and(eq(consoleSessions.hash, hash), counts, isUsed));
    if (found === undefined) return null;
    const { isStale, ...session } = found;
    if (isStale) {
      await db.orm
        .update(consoleSessions)
        .set({ seenAt: sql`now()` })
        .where(and(eq(consoleSessions.id, session.id), counts, isUsed));
    }
    return session;
  });
}

/** Lists the sessions that count, the latest first. */
export async function listConsoleSessions(db: Database): Promise<readonly ConsoleSession[]> {
  return runQuery(() =>
    db.orm
      .select(columns)
      .from(consoleSessions)
      .where(counts)
      .orderBy(desc(consoleSessions.startedAt))
      .limit(1000),
  );
}

/** Which sessions are meant. */
export type WhichSessions =
  | { readonly id: string }
  | { readonly hash: Buffer }
  | { readonly subject: string; readonly issuer: string | null };

/** Ends sessions and records it; gives how many there were. */
export async function endConsoleSessions(db: Database, which: WhichSessions, by: string): Promise<number> {
  return runQuery(() => db.orm.transaction((tx) => end(tx, toCondition(which), by)));
}

function toCondition(which: WhichSessions): SQL | undefined {
  if ("id" in which) return eq(consoleSessions.id, which.id);
  if ("hash" in which) return eq(consoleSessions.hash, which.hash);
  const { subject, issuer } = which;
  return and(
    eq(consoleSessions.subject, subject),
    issuer === null ? undefined : eq(consoleSessions.issuer, issuer),
  );
}

async function end(tx: Transaction, condition: SQL | undefined, by: string): Promise<number> {
  const ended = await tx
    .update(consoleSessions)
    .set({ endedAt: sql`now()`, endedBy: by })
    .where(and(condition, isNull(consoleSessions.endedAt)))
    .returning({ id: consoleSessions.id, issuer: consoleSessions.issuer, subject: consoleSessions.subject });
  for (const one of ended)
    await recordAction(tx, {
      actor: by,
      action: "console.end_session",
      object: one.id,
      detail: { of: toActor(one) },
    });
  return ended.length;
}

/** Ends what an issuer says is over; gives whose they were. Only for use within `db/`. */
export async function endIssuerSessions(
  tx: Transaction,
  which: { readonly issuer: string; readonly subject: string | null; readonly session: string | null },
): Promise<readonly { readonly subject: string; readonly count: number }[]> {
  const { issuer, subject, session } = which;
  if (subject === null && session === null) return [];
  // Sessions that are over say whose they were, too.
  const found = await tx
    .select({ id: consoleSessions.id, subject: consoleSessions.subject })
    .from(consoleSessions)
    .where(
      and(
        eq(consoleSessions.issuer, issuer),
        subject === null ? undefined : eq(consoleSessions.issuerSubject, subject),
        session === null ? undefined : eq(consoleSessions.issuerSession, session),
      ),
    );
  const subjects = [...new Set(found.map((one) => one.subject))];
  const ended: { subject: string; count: number }[] = [];
  for (const one of subjects) {
    const ids = found.filter((row) => row.subject === one).map(({ id }) => id);
    const count = await end(tx, inArray(consoleSessions.id, ids), `logout at ${issuer}`);
    ended.push({ subject: one, count });
  }
  return ended;
}
