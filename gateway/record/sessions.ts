// Finds the session that an exchange belongs to.
import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { newId } from "../new-id.ts";
import type { Database } from "../../db/client.ts";
import { findSessionsByHistory } from "../../db/queries/ledger.ts";
import type { Caller } from "../exchange.ts";
import { ask, isSame } from "./ledger.ts";
import { digestHistory } from "./history.ts";
import type { History, HistoryItem, HistoryStart, Token } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import type { Labels } from "./labels.ts";
import type { ExchangeClosed, ExchangeOpened, Session, SessionOrigin } from "./rows.ts";

export type SessionQuery = {
  readonly caller: Pick<Caller, "tenant" | "issuer" | "subject">;
  readonly connection: string;
  /** The session that the program names in a header. */
  readonly header: string | null;
  readonly previousResponseId: string | null;
  readonly conversation: string | null;
  /** All items of the request, in order. */
  readonly items: readonly HistoryItem[];
  /** So many of them began an earlier request too; null where none did. */
  readonly start: HistoryStart | null;
  /** Gives what stands for the item at an index, one that the model wrote. */
  readonly tokenOf: (index: number) => Token;
  /** Gives the names of what models wrote, to which the taints of answers stick. */
  readonly marks: () => readonly string[];
};

export type Sessions = {
  /**
   * Finds or makes the session: by the header (a name of the caller's own), else by the stored object that is
   * continued, else by the longest history that an earlier request of the caller sent, with what was answered to it,
   * else a new one. A history that several sessions share to the last word is none's: its next turn begins a session,
   * and what sticks to the items comes with them. The labels are those of all that is continued, whatever the header
   * says.
   */
  resolve(query: SessionQuery): Session | Promise<Session>;
  /** Take in what this process has committed. */
  readonly remember: (row: ExchangeOpened) => void;
  readonly rememberClosed: (row: ExchangeClosed) => void;
};

/** What a request continues: sessions, the one that it would belong to first, and labels of what is stored. */
type Continued = {
  readonly sessions: readonly { readonly id: string; readonly origin: SessionOrigin }[];
  readonly labels: readonly string[];
};

const KNOWN_SESSIONS = 50_000;
const KNOWN_HISTORIES = 50_000;
const NOTHING: Continued = { sessions: [], labels: [] };
/** Examples that a program puts before each prompt look like a history that nobody sent. */
const NO_SESSION = "";
const NO_SESSION_MS = 60_000;
/** Whose a history is, and how long that holds: asked of a request's every turn, so it costs no look at a cache's own clock. */
type Owned = { readonly id: string; readonly until: number };
/** Stands for sessions that share a history. */
const SEVERAL = "several";

/** Makes the finder of sessions of this process. */
export function createSessions(deps: {
  db: Database;
  ledger: Ledger;
  labels: Labels;
  /** Keyed hash under which a tenant's names are known. */
  digest: (tenant: string, text: string) => string;
}): Sessions {
  const { db, ledger, labels, digest } = deps;
  /** Sessions whose row is committed. */
  const known = new LRUCache<string, true>({ max: KNOWN_SESSIONS });
  /** Sessions by the digest of a history and its answer; NO_SESSION where a look-up found none, for a while. */
  const histories = new LRUCache<string, Owned>({ max: KNOWN_HISTORIES });

  function findByObject(
    { caller, connection }: SessionQuery,
    origin: "response" | "conversation",
    id: string | null,
  ): Continued | Promise<Continued> {
    if (id === null) return NOTHING;
    const toContinued = (owner: Awaited<ReturnType<Ledger["owner"]>>): Continued => {
      // Another's object never says anything about the caller's sessions; the pipeline refuses it.
      if (owner === null || !isSame(owner, caller)) return NOTHING;
      const { sessionId } = owner;
      return { sessions: sessionId === null ? [] : [{ id: sessionId, origin }], labels: owner.labels };
    };
    const owner = ledger.owner(connection, origin, id);
    return owner instanceof Promise ? owner.then(toContinued) : toContinued(owner);
  }

  function findStored(query: SessionQuery): Continued | Promise<Continued> {
    const first = findByObject(query, "response", query.previousResponseId);
    const second = findByObject(query, "conversation", query.conversation);
    if (query.conversation === null) return first;
    if (query.previousResponseId === null) return second;
    return Promise.all([Promise.resolve(first), Promise.resolve(second)]).then(([one, other]) => ({
      sessions: [...one.sessions, ...other.sessions],
      labels: [...one.labels, ...other.labels],
    }));
  }

  function findByHistory({ earlier }: History): Continued | Promise<Continued> {
    const unknown: string[] = [];
    const now = Date.now();
    for (let index = earlier.count - 1; index >= 0; index -= 1) {
      const digest = earlier.at(index);
      if (digest === null) continue;
      const found = histories.get(digest);
      if (found?.id === SEVERAL) break;
      if (found === undefined || found.until < now) unknown.push(digest);
      else if (found.id !== NO_SESSION) return toHistorySession(found.id);
    }
    if (unknown.length === 0) return NOTHING;
    return ask(findSessionsByHistory(db, unknown)).then((rows) => {
      const byDigest = new Map(
        rows.map(({ history, sessionId, isShared }) => [history, isShared ? SEVERAL : sessionId]),
      );
      for (const digest of unknown) {
        const id = byDigest.get(digest);
        if (id === undefined) histories.set(digest, { id: NO_SESSION, until: now + NO_SESSION_MS });
        else histories.set(digest, { id, until: Infinity });
      }
      // They were asked for from the longest to the shortest.
      const longest = unknown.find((digest) => byDigest.has(digest));
      const id = longest === undefined ? undefined : byDigest.get(longest);
      return id === undefined || id === SEVERAL ? NOTHING : toHistorySession(id);
    });
  }

  function finish(
    query: SessionQuery,
    continued: Continued,
    history: string | null,
  ): Session | Promise<Session> {
    const name = query.header === null || query.header === "" ? null : query.header;
    const { id, origin } =
      name === null
        ? (continued.sessions[0] ?? { id: newId(), origin: "own" as const })
        : { id: toNamedId(query.caller, name, digest), origin: "header" as const };
    const isNew = origin === "own" || (origin === "header" && !known.has(id));
    const inherited = continued.labels;
    const inherits = origin === "header" && continued !== NOTHING;
    const toSession = (sticking: readonly string[]): Session => ({
      id,
      origin,
      name,
      labels: inherited.length === 0 ? sticking : [...new Set([...inherited, ...sticking])].sort(),
      isNew,
      history,
      ...(inherits && { inherits }),
    });
    // A header groups exchanges, it never cleans them: the sessions that are continued count with the named one.
    const ids = [id, ...continued.sessions.map((session) => session.id)];
    const hashes = (): string[] => [...query.items.map(({ hash }) => hash), ...query.marks()];
    const sticking = labels.find(query.caller.tenant, ids, hashes);
    return sticking instanceof Promise ? ask(sticking).then(toSession) : toSession(sticking);
  }

  return {
    resolve(query) {
      const isStored = query.previousResponseId !== null || query.conversation !== null;
      // What continues a stored object carries its new items only: no history.
      const history = isStored ? null : digestHistory(query.caller, query.items, query.tokenOf, query.start);
      const whole = history?.whole ?? null;
      const continued = history === null ? findStored(query) : findByHistory(history);
      return continued instanceof Promise
        ? continued.then((found) => finish(query, found, whole))
        : finish(query, continued, whole);
    },
    remember({ session }) {
      if (session !== null) known.set(session.id, true);
    },
    rememberClosed({ history, sessionId }) {
      if (history === null || sessionId === null) return;
      const earlier = histories.get(history)?.id ?? NO_SESSION;
      const isOthers = earlier !== NO_SESSION && earlier !== sessionId;
      histories.set(history, { id: isOthers ? SEVERAL : sessionId, until: Infinity });
    },
  };
}

function toHistorySession(id: string): Continued {
  return { sessions: [{ id, origin: "history" }], labels: [] };
}

/** Makes the id of a session that its caller named: the same in every process, another for every caller. */
function toNamedId(
  { tenant, issuer, subject }: SessionQuery["caller"],
  name: string,
  toDigest: (tenant: string, text: string) => string,
): string {
  // A name may be a value that is easily guessed.
  const keyed = toDigest(tenant, JSON.stringify(["session", issuer, subject, name]));
  const digest = hash("sha256", keyed, "buffer");
  // A UUID of version 8 (RFC 9562): custom content.
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
