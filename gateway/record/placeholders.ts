// Keeps what placeholders stand for, sealed, so that any gateway of this database can restore them as long as a session
// goes on.
import { LRUCache } from "lru-cache";
import type { Database } from "../../db/client.ts";
import {
  addPlaceholders,
  dropExpiredPlaceholders,
  findPlaceholders,
  prolongPlaceholders,
  type PlaceholderRow,
} from "../../db/queries/placeholders.ts";
import { ask } from "./ledger.ts";
import type { Box } from "./seal.ts";

/** A placeholder and the value that it stands for. */
export type Placeholder = { readonly placeholder: string; readonly value: string };

export type PlaceholderStore = {
  /** Gives what the placeholders of sessions stand for. Rejects with `record_unavailable`. */
  load(sessionIds: readonly string[]): Promise<readonly Placeholder[]>;
  /** Keeps what a session's placeholders stand for; resolves when that is durable. Rejects with `record_unavailable`. */
  keep(sessionId: string, placeholders: readonly Placeholder[]): Promise<void>;
};

const DAY_MS = 24 * 60 * 60 * 1000;
/** As long as the provider keeps a response that nobody deletes; a session in use begins anew each day. */
const KEPT_MS = 30 * DAY_MS;
const KNOWN = 50_000;
const BATCH = 1_000;
/** Of a session that holds more, those that were sent last are restored. */
const MOST = 10_000;

/** Makes the store of this process. */
export function createPlaceholderStore(deps: { readonly db: Database; readonly box: Box }): PlaceholderStore {
  const { db, box } = deps;
  /** Rows that were written in the last day. */
  const known = new LRUCache<string, true>({ max: KNOWN, ttl: DAY_MS });
  let dropped = 0;

  async function dropExpired(): Promise<void> {
    const now = Date.now();
    if (now - dropped < DAY_MS) return;
    dropped = now;
    await dropExpiredPlaceholders(db, new Date(now));
  }

  /** What cannot be opened is not restored. */
  function open({ sessionId, placeholder, sealed, keyId }: PlaceholderRow): readonly Placeholder[] {
    try {
      return [{ placeholder, value: box.open({ sealed, keyId }, toPlace(sessionId, placeholder)) }];
    } catch {
      return [];
    }
  }

  return {
    async load(sessionIds) {
      if (sessionIds.length === 0) return [];
      const now = Date.now();
      const rows = await ask(findPlaceholders(db, sessionIds, new Date(now), MOST));
      const isOld = rows.some(({ expiresAt }) => expiresAt.getTime() < now + KEPT_MS - DAY_MS);
      if (isOld) await ask(prolongPlaceholders(db, sessionIds, new Date(now + KEPT_MS)));
      return rows.flatMap((row) => open(row));
    },
    async keep(sessionId, placeholders) {
      const fresh = placeholders.filter(({ placeholder }) => !known.has(toPlace(sessionId, placeholder)));
      if (fresh.length === 0) return;
      await ask(dropExpired());
      const expiresAt = new Date(Date.now() + KEPT_MS);
      // In one order, so that gateways that write the same rows wait for one another.
      fresh.sort((a, b) => (a.placeholder < b.placeholder ? -1 : 1));
      for (let i = 0; i < fresh.length; i += BATCH) {
        const rows = fresh.slice(i, i + BATCH).map(({ placeholder, value }) => ({
          sessionId,
          placeholder,
          ...box.seal(value, toPlace(sessionId, placeholder)),
          expiresAt,
        }));
        await ask(addPlaceholders(db, rows));
      }
      for (const { placeholder } of fresh) known.set(toPlace(sessionId, placeholder), true);
    },
  };
}

function toPlace(sessionId: string, placeholder: string): string {
  return `${sessionId}\0${placeholder}`;
}
