// Keeps what conversations hold that lie with the provider, so that a request which carries only what is new hides nothing.
import { LRUCache } from "lru-cache";
import type { Database } from "../../db/client.ts";
import { findHeld, findTurn, findTurns, finishTurn } from "../../db/queries/earlier.ts";
import type { StoredHeld } from "../../db/queries/earlier.ts";
import type { Earlier, Usage } from "../exchange.ts";
import type { ExchangeClosed } from "./rows.ts";
import { toJson, toStoredId } from "./to-rows.ts";

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

/** What is known of a response once its end is seen, beside what its request held. */
export type TurnEnd = {
  readonly usage: Usage | null;
  readonly labels: Iterable<string>;
  readonly findings: Readonly<Record<string, number>>;
};

export type EarlierTurns = {
  /** Completes what is held of a response whose end was not seen when its exchange ended. */
  finish(connection: string, id: string, end: TurnEnd): Promise<void>;
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

  async function find(
    connection: string,
    id: string,
  ): Promise<{ readonly exchangeId: string; readonly held: StoredHeld } | null> {
    const found = await ask(findHeld(db, connection, toStoredId(id)));
    // A turn that still runs will be known by its end.
    if (found !== null && found.held.runs === undefined) held.set(toKey(connection, id), found.held);
    return found;
  }

  return {
    ofResponse(connection, id) {
      const known = held.get(toKey(connection, id));
      if (known !== undefined) return known;
      return find(connection, id).then((found) => {
        if (found === null) return UNSEEN;
        const { runs: _, ...rest } = found.held;
        return rest;
      });
    },
    async finish(connection, id, end) {
      if (held.has(toKey(connection, id))) return;
      const found = await find(connection, id);
      if (found?.held.runs === undefined) return;
      const { exchangeId } = found;
      const { runs, ...before } = found.held;
      const after = complete(before, runs.before, end, 0);
      const added =
        runs.conversation === null
          ? null
          : await ask(findTurn(db, connection, toStoredId(runs.conversation), exchangeId));
      const turn =
        added === null || runs.conversation === null
          ? null
          : {
              connection,
              conversationId: toStoredId(runs.conversation),
              // What was there before is not this turn's.
              added: toJson(complete(added, true, end, before.tokens - added.tokens)),
            };
      await ask(finishTurn(db, exchangeId, toJson(after), turn));
    },
    async ofConversation(connection, id) {
      const turns = await ask(findTurns(db, connection, toStoredId(id)));
      return turns.length === 0 ? UNSEEN : turns.reduce(addUp, NOTHING);
    },
    rememberClosed({ left, responseIds }) {
      const found = left?.held ?? null;
      if (left === undefined || found === null || found.runs !== undefined) return;
      for (const id of responseIds) held.set(toKey(left.connection, id), found);
    },
  };
}

/** Adds what the end of a response shows; `others` are the tokens of other turns in its usage. */
function complete(held: Earlier, isComplete: boolean, end: TurnEnd, others: number): Earlier {
  const { usage } = end;
  const tokens = usage === null || usage.estimated ? held.tokens : Math.max(0, usage.total_tokens - others);
  const { findings } = end;
  const shown = { complete: true, turns: 0, tokens: 0, labels: [...end.labels], findings, tools: [] };
  return { ...addUp(held, shown), complete: isComplete, tokens };
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
