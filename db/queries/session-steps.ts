// Reads a session's exchanges as they are judged again one by one, oldest first, with the texts that are kept of them.
import { and, asc, eq, inArray } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { exchanges, exchangeTexts, texts } from "../schema.ts";
import { isUuid } from "./exchange-filter.ts";
import { readReplayRows } from "./replay-rows.ts";
import type { ReplayRow } from "./replay-rows.ts";

/** An exchange of a session, and the policy that decided it. */
export type SessionStep = ReplayRow & {
  readonly at: Date;
  readonly tenant: string;
  readonly method: string;
  readonly path: string;
  readonly model: string | null;
  readonly revision: string | null;
  readonly dataRevision: string | null;
  readonly effect: string;
  readonly codes: readonly string[];
};

/** Reads so many, and one more where there are more. */
export async function readSessionSteps(
  db: Database,
  session: string,
  limit: number,
): Promise<readonly SessionStep[]> {
  if (!isUuid(session)) return [];
  const { id, at, tenant, method, path, model, revision, dataRevision, effect, codes } = exchanges;
  const heads = await runQuery(() =>
    db.orm
      .select({ id, at, tenant, method, path, model, revision, dataRevision, effect, codes })
      .from(exchanges)
      .where(eq(exchanges.sessionId, session))
      .orderBy(asc(id))
      .limit(limit + 1),
  );
  const until = heads.at(-1)?.id;
  if (until === undefined) return [];
  const range = { after: "00000000-0000-0000-0000-000000000000", until };
  const rows = new Map((await readReplayRows(db, { session }, range)).map((row) => [row.id, row]));
  return heads.flatMap((head) => {
    const row = rows.get(head.id);
    return row === undefined ? [] : { ...row, ...head };
  });
}

/** A sealed text of a request, and where in it. */
export type RecordedText = { readonly sealed: Buffer; readonly keyId: string; readonly hash: string };

/** Which texts a request carried, as JSON that the recorder wrote. */
export async function findRequestSegments(db: Database, exchangeId: string): Promise<unknown> {
  const [row] = await runQuery(() =>
    db.orm
      .select({ segments: exchangeTexts.segments })
      .from(exchangeTexts)
      .where(and(eq(exchangeTexts.exchangeId, exchangeId), eq(exchangeTexts.direction, "request"))),
  );
  return row?.segments ?? null;
}

/** Reads texts of a tenant by their hashes. */
export async function readTexts(
  db: Database,
  tenant: string,
  hashes: readonly string[],
): Promise<readonly RecordedText[]> {
  if (hashes.length === 0) return [];
  return runQuery(() =>
    db.orm
      .select({ sealed: texts.sealed, keyId: texts.keyId, hash: texts.hash })
      .from(texts)
      .where(and(eq(texts.tenant, tenant), inArray(texts.hash, [...hashes]))),
  );
}
