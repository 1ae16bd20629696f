// Keeps what conversations hold that lie with the provider, so that a request which carries only what is new hides nothing.
import { LRUCache } from "lru-cache";
import type { Database } from "../../db/client.ts";
import { findHeld, findTurns } from "../../db/queries/earlier.ts";
import type { Earlier } from "../exchange.ts";
import type { ExchangeClosed } from "./rows.ts";
import { toStoredId } from "./to-rows.ts";

/** As many tools, labels and classes as facts may hold. */
const MOST = 64;
const KNOWN_RESPONSES = 20_000;

/** What is known of a conversation that was not seen here. */
export const UNSEEN: Earlier = {
  complete: false,
  turns: 0,
  tokens: 0,
  labels: [],
  findings: {},
  tools: [],
};

const NOTHING: Earlier = { ...UNSEEN, complete: true };

export type EarlierTurns = {
  /** Gives what a response and all before it hold; what was not seen is not complete. */
  ofResponse(connection: string, id: string): Earlier | Promise<Earlier>;
  /** Gives what a conversation holds. */
  ofConversation(connection: string, id: string): Promise<Earlier>;
  /** Takes in what this process has committed. */
  readonly rememberClosed: (row: ExchangeClosed) => void;
};

/** Makes the memory of this process in front of the record; `ask` words the failures of its queries. */
export function createEarlierTurns(db: Database, ask: <T>(query: Promise<T>) => Promise<T>): EarlierTurns {
  const held = new LRUCache<string, Earlier>({ max: KNOWN_RESPONSES });
  const toKey = (connection: string, id: string): string => `${connection}\0${toStoredId(id)}`;
  return {
    ofResponse(connection, id) {
      const key = toKey(connection, id);
      const known = held.get(key);
      if (known !== undefined) return known;
      return ask(findHeld(db, connection, toStoredId(id))).then((found) => {
        // A turn that still runs will be known by its end.
        if (found !== null) held.set(key, found);
        return found ?? UNSEEN;
      });
    },
    async ofConversation(connection, id) {
      const turns = await ask(findTurns(db, connection, toStoredId(id)));
      return turns.length === 0 ? UNSEEN : turns.reduce(addUp, NOTHING);
    },
    rememberClosed({ left, responseIds }) {
      const found = left?.held ?? null;
      if (left === undefined || found === null) return;
      for (const id of responseIds) held.set(toKey(left.connection, id), found);
    },
  };
}

/** Adds what comes after to what was before; both stay bounded. */
export function addUp(before: Earlier, after: Earlier): Earlier {
  const findings: Record<string, number> = Object.create(null);
  for (const part of [before.findings, after.findings]) {
    for (const [name, count] of Object.entries(part)) findings[name] = (findings[name] ?? 0) + count;
  }
  return {
    complete: before.complete && after.complete,
    turns: before.turns + after.turns,
    tokens: Math.max(0, before.tokens + after.tokens),
    labels: unite(before.labels, after.labels),
    findings: Object.fromEntries(Object.entries(findings).slice(0, MOST)),
    tools: unite(before.tools, after.tools),
  };
}

function unite(one: readonly string[], other: readonly string[]): readonly string[] {
  return other.every((name) => one.includes(name)) ? one : [...new Set([...one, ...other])].slice(0, MOST);
}
