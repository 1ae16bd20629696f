// Makes the record durable: each door resolves once its rows are committed, and rejects with `record_unavailable`.
import { LRUCache } from "lru-cache";
import type { Database } from "../../db/client.ts";
import { DatabaseError } from "../../db/errors.ts";
import { recordIncident } from "../../db/queries/incidents.ts";
import { createWriter } from "../../db/writer.ts";
import type { TableName } from "../../db/inserts.ts";
import type { Log } from "../log.ts";
import { newId } from "../new-id.ts";
import { createGroupCommit, unavailable } from "./group-commit.ts";
import type { GroupCommitOptions, Rows } from "./group-commit.ts";
import { toTraceRows } from "./trace-rows.ts";
import type {
  DecisionRow,
  ExchangeClosed,
  ExchangeOpened,
  IncidentRow,
  LabelRow,
  MaskedRow,
  OwnerContext,
  ReplacedCallRow,
  TextsRow,
  TracesRow,
} from "./rows.ts";
import { toOriginalPlace } from "./originals.ts";
import type { Box } from "./seal.ts";
import {
  toDecisionRow,
  toEndRow,
  toExchangeRow,
  toJson,
  toObjectRow,
  toReplacedRow,
  toSessionRow,
  toStoredId,
  toTurnRow,
} from "./to-rows.ts";

export type OwnedObject = { readonly kind: string; readonly id: string };

/** What others in this process want to know once it is committed, so that they need not read it back. */
export type RecorderListeners = {
  readonly onOpened?: (row: ExchangeOpened) => void;
  readonly onClosed?: (row: ExchangeClosed) => void;
  readonly onOwned?: (object: OwnedObject, context: OwnerContext) => void;
  readonly onLabelled?: (row: LabelRow) => void;
  readonly onReplaced?: (row: ReplacedCallRow) => void;
};

export type RecorderDeps = Partial<GroupCommitOptions> &
  RecorderListeners & {
    readonly db: Database;
    /** Seals the texts that rules ask to be recorded. */
    readonly box: Box;
    /** Seals what was masked, under a key of its own. */
    readonly originals: Pick<Box, "seal">;
    readonly log: Pick<Log, "error">;
  };

export type Recorder = {
  /** Records a request's decision, and its session if that is new. */
  opened(row: ExchangeOpened): Promise<void>;
  /** Records a later decision. */
  decided(row: DecisionRow): Promise<void>;
  /** Records the end. */
  closed(row: ExchangeClosed): Promise<void>;
  incident(row: IncidentRow): Promise<void>;
  /** Records who owns objects. One that has an owner keeps it. */
  owns(objects: readonly OwnedObject[], context: OwnerContext): Promise<void>;
  /** Records a denied call that our message took the place of. */
  replaced(row: ReplacedCallRow): Promise<void>;
  /** Records taints of items and of their session. */
  labelled(row: LabelRow): Promise<void>;
  /** Records what was masked, where and how. */
  masked(row: MaskedRow): Promise<void>;
  /** Records what a caller tells of its runs. */
  traced(row: TracesRow): Promise<void>;
  /** Records texts, sealed, each once for its tenant. */
  texts(row: TextsRow): Promise<void>;
  /** Tells how many calls wait, and whether the last attempt failed. */
  status(): { readonly waiting: number; readonly failing: boolean };
  /** Commits what waits and ends the connection; what comes later is refused. */
  drain(): Promise<void>;
};

const KNOWN_TEXTS = 20_000;
const FAILURE_LOG_MS = 1_000;
const MOST_INCIDENTS = 16;

/** Makes the recorder of this process. Rows of all exchanges share batches. */
export function createRecorder(deps: RecorderDeps): Recorder {
  let failureLogged = 0;
  const queue = createGroupCommit(
    createWriter(deps.db),
    {
      lingerMs: deps.lingerMs ?? 2,
      deadlineMs: deps.deadlineMs ?? 5_000,
      maxWaiting: deps.maxWaiting ?? 10_000,
      maxWaitingBytes: deps.maxWaitingBytes ?? 64 * 1024 * 1024,
    },
    (error) => {
      if (Date.now() - failureLogged < FAILURE_LOG_MS) return;
      failureLogged = Date.now();
      deps.log.error({ reason: error.reason, code: error.code }, "The record could not be written.");
    },
  );
  /** Incidents that are being written. They have no part in the queue, which is for what exchanges wait for. */
  const incidents = new Set<Promise<void>>();
  /** Texts that are known to be stored. */
  const stored = new LRUCache<string, true>({ max: KNOWN_TEXTS });

  async function commit(rows: Rows): Promise<void> {
    await queue.commit(rows);
  }

  return {
    async opened(row) {
      const session = toSessionRow(row);
      const exchange = { table: "exchanges", json: toExchangeRow(row) } as const;
      const labels = toInherited(row);
      await queue.commit([
        ...(session === null ? [] : [{ table: "sessions", json: session } as const]),
        exchange,
        ...(labels === null ? [] : toLabelRows(labels)),
      ]);
      deps.onOpened?.(row);
      if (labels !== null) deps.onLabelled?.(labels);
    },
    decided: (row) => commit([{ table: "decisions", json: toDecisionRow(row) }]),
    async closed(row) {
      const turn = toTurnRow(row);
      await queue.commit([
        { table: "exchange_ends", json: toEndRow(row) },
        ...(turn === null ? [] : [{ table: "conversation_turns", json: turn } as const]),
      ]);
      deps.onClosed?.(row);
    },
    async incident(row) {
      if (incidents.size >= MOST_INCIDENTS) throw unavailable("QUEUE_FULL");
      const { at, ...rest } = row;
      const writing = recordIncident(deps.db, { id: newId(), at: new Date(at), ...rest });
      incidents.add(writing);
      try {
        await writing;
      } catch (thrown) {
        throw unavailable(thrown instanceof DatabaseError ? thrown.code : null);
      } finally {
        incidents.delete(writing);
      }
    },
    async owns(objects, context) {
      if (objects.length === 0) return;
      const added = await queue.commit(
        objects.map((object) => ({ table: "objects", json: toObjectRow(object, context) })),
      );
      for (const object of objects) {
        const stored = toStoredId(object.id);
        const isNew = added.some(
          ({ connection, kind, id, exchange_id }) =>
            id === stored &&
            kind === object.kind &&
            connection === context.connection &&
            exchange_id === context.exchangeId,
        );
        if (isNew) deps.onOwned?.(object, context);
      }
    },
    async replaced(row) {
      await queue.commit([{ table: "replaced_calls", json: toReplacedRow(row) }]);
      deps.onReplaced?.(row);
    },
    async labelled(row) {
      const rows = toLabelRows(row);
      if (rows.length === 0) return;
      await queue.commit(rows);
      deps.onLabelled?.(row);
    },
    async masked({ exchangeId, tenant, at, values }) {
      if (values.length === 0) return;
      await queue.commit(
        values.flatMap(({ hash, original, ...value }): Rows => {
          const row = { ...value, exchangeId, tenant, at, valueHash: hash };
          const line = { table: "masked_values", json: toJson(row) } as const;
          if (original === null) return [line];
          const { sealed, keyId } = deps.originals.seal(original, toOriginalPlace({ exchangeId, ...value }));
          const { seq } = value;
          const json = toJson({ exchangeId, seq, sealed: `\\x${sealed.toString("hex")}`, keyId, at });
          return [line, { table: "originals", json }];
        }),
      );
    },
    traced: (row) => commit(toTraceRows(row, deps.box)),
    async texts(row) {
      const { tenant, exchangeId, direction, at } = row;
      const rows: { table: TableName; json: string }[] = [];
      const fresh: string[] = [];
      const segments = row.segments.map(({ pointer, kind, role, text }) => {
        const hash = deps.box.digest(tenant, text);
        const place = `${tenant}\0${hash}`;
        if (!stored.has(place)) {
          const { sealed, keyId } = deps.box.seal(text, place);
          rows.push({
            table: "texts",
            json: toJson({ tenant, hash, sealed: `\\x${sealed.toString("hex")}`, keyId, at }),
          });
          fresh.push(place);
        }
        return { pointer, kind, role, hash };
      });
      rows.push({ table: "exchange_texts", json: toJson({ exchangeId, direction, segments }) });
      await queue.commit(rows);
      for (const place of fresh) stored.set(place, true);
    },
    status: () => queue.status(),
    async drain() {
      await Promise.all([queue.close(), Promise.allSettled(incidents)]);
    },
  };
}

/** Gives the labels that a session takes over from what its exchange continues, null where there are none. */
function toInherited({ id, at, session, caller }: ExchangeOpened): LabelRow | null {
  if (session === null || caller === null || session.inherits !== true || session.labels.length === 0)
    return null;
  const { tenant } = caller;
  return { tenant, labels: session.labels, itemHashes: [], sessionId: session.id, exchangeId: id, at };
}

function toLabelRows({ tenant, labels, itemHashes, sessionId, exchangeId, at }: LabelRow): Rows {
  const rows: { table: TableName; json: string }[] = [];
  for (const label of labels) {
    if (sessionId !== null) {
      rows.push({ table: "session_labels", json: toJson({ tenant, label, sessionId, exchangeId, at }) });
    }
    for (const itemHash of itemHashes) {
      rows.push({ table: "item_labels", json: toJson({ tenant, label, itemHash, exchangeId, at }) });
    }
  }
  return rows;
}
