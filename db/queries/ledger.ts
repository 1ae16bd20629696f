// Reads of the hot path: who owns an object, what was replaced, which labels stick, which session a history belongs to.
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";

export type OwnerRow = {
  readonly kind: string;
  readonly id: string;
  readonly tenant: string;
  readonly issuer: string;
  readonly subject: string;
  readonly sessionId: string | null;
  readonly groups: readonly string[];
  readonly labels: readonly string[];
};

export type ReplacedRow = {
  readonly callId: string;
  readonly type: string;
  readonly itemId: string | null;
  readonly responseId: string | null;
  readonly messageId: string | null;
  readonly reasoningIds: readonly string[];
  readonly code: string;
  readonly settled: boolean;
};

type CallerKey = { readonly tenant: string; readonly issuer: string; readonly subject: string };

/** Finds the owners of a connection's objects; those without one are missing. */
export function findOwners(
  db: Database,
  connection: string,
  objects: readonly { readonly kind: string; readonly id: string }[],
): Promise<readonly OwnerRow[]> {
  const kinds = objects.map(({ kind }) => kind);
  const ids = objects.map(({ id }) => id);
  return runQuery(
    () => db.sql<OwnerRow[]>`
      select o.kind, o.id, o.tenant, o.issuer, o.subject, o.session_id as "sessionId", o.groups, o.labels
      from unnest(${kinds}::text[], ${ids}::text[]) as wanted (kind, id)
      join objects o on o.connection = ${connection} and o.kind = wanted.kind and o.id = wanted.id`,
  );
}

/**
 * Finds denied calls: those of a response, and of a conversation still without output, whoever asked for them, since who
 * may continue it was decided; and by our messages' ids and reasoning items a caller's own.
 */
export function findReplacedCalls(
  db: Database,
  caller: CallerKey,
  connection: string,
  by: {
    readonly responseId: string | null;
    readonly conversationId: string | null;
    readonly messageIds: readonly string[];
    readonly reasoningIds: readonly string[];
  },
): Promise<readonly ReplacedRow[]> {
  return runQuery(
    () => db.sql<ReplacedRow[]>`
      select call_id as "callId", type, item_id as "itemId", response_id as "responseId", message_id as "messageId",
        reasoning_ids as "reasoningIds", code, settled_at is not null as settled
      from replaced_calls
      where tenant = ${caller.tenant} and connection = ${connection}
        and (response_id = ${by.responseId}
          or (conversation_id = ${by.conversationId} and settled_at is null)
          or (issuer = ${caller.issuer} and subject = ${caller.subject}
            and (message_id = any(${[...by.messageIds]}::text[])
              or reasoning_ids && ${[...by.reasoningIds]}::text[])))
      order by exchange_id, call_id`,
  );
}

/** Notes for whoever continues it that a conversation at the provider holds an output for its denied calls. */
export async function settleReplacedCalls(
  db: Database,
  caller: CallerKey,
  connection: string,
  conversationId: string,
  callIds: readonly string[],
): Promise<void> {
  await runQuery(
    () => db.sql`
      update replaced_calls set settled_at = now()
      where tenant = ${caller.tenant} and connection = ${connection} and conversation_id = ${conversationId}
        and call_id = any(${[...callIds]}::text[]) and settled_at is null`,
  );
}

/** Tells whether a tenant has any label at all. */
export async function hasLabels(db: Database, tenant: string): Promise<boolean> {
  const rows = await runQuery(
    () => db.sql<{ found: boolean }[]>`
      select exists (select from session_labels where tenant = ${tenant})
        or exists (select from item_labels where tenant = ${tenant}) as found`,
  );
  return rows[0]?.found ?? false;
}

/** Finds the labels of sessions and of items; a session's come without a hash. */
export function findLabels(
  db: Database,
  tenant: string,
  sessionIds: readonly string[],
  itemHashes: readonly string[],
): Promise<readonly { readonly itemHash: string | null; readonly label: string }[]> {
  return runQuery(
    () => db.sql<{ itemHash: string | null; label: string }[]>`
      select null as "itemHash", label from session_labels where session_id = any(${[...sessionIds]}::uuid[])
      union all
      select item_hash, label from item_labels where tenant = ${tenant} and item_hash = any(${[...itemHashes]}::text[])`,
  );
}

/** Finds the sessions of recorded histories, one of each, and tells where there are several. */
export function findSessionsByHistory(
  db: Database,
  digests: readonly string[],
): Promise<readonly { readonly history: string; readonly sessionId: string; readonly isShared: boolean }[]> {
  return runQuery(
    () => db.sql<{ history: string; sessionId: string; isShared: boolean }[]>`
      select wanted.history, one.session_id as "sessionId", exists (
        select from exchange_ends e join exchanges x on x.id = e.exchange_id
        where e.history = wanted.history and x.session_id <> one.session_id) as "isShared"
      from unnest(${[...digests]}::text[]) as wanted (history)
      cross join lateral (
        select x.session_id from exchange_ends e join exchanges x on x.id = e.exchange_id
        where e.history = wanted.history and x.session_id is not null limit 1) as one`,
  );
}
