// Answers who owns a stored object, and which calls were denied earlier in what a request continues.
import { LRUCache } from "lru-cache";
import type { Database } from "../../db/client.ts";
import { DatabaseError } from "../../db/errors.ts";
import { findOwners, findReplacedCalls, settleReplacedCalls } from "../../db/queries/ledger.ts";
import type { ReplacedRow } from "../../db/queries/ledger.ts";
import type { Caller } from "../exchange.ts";
import { GatewayError } from "../errors.ts";
import { createEarlierTurns } from "./earlier.ts";
import type { EarlierTurns } from "./earlier.ts";
import type { OwnedObject } from "./recorder.ts";
import type { ExchangeClosed, OwnerContext, ReplacedCallRow } from "./rows.ts";
import { toStoredId } from "./to-rows.ts";

export type Owner = {
  readonly tenant: string;
  readonly issuer: string;
  readonly subject: string;
  readonly sessionId: string | null;
  /** The groups that it was in when the object was made. */
  readonly groups: readonly string[];
  readonly labels: readonly string[];
};

/** Which of a caller's denied calls to find; ids that nobody knows match nothing. */
export type ReplacedQuery = {
  readonly caller: Pick<Caller, "tenant" | "issuer" | "subject">;
  readonly connection: string;
  /** `previous_response_id`. */
  readonly responseId: string | null;
  /** `conversation`: calls that the provider still waits for. */
  readonly conversationId: string | null;
  /** Ids of messages of ours that stand in the input. */
  readonly messageIds: readonly string[];
  /** Ids of reasoning items in the input: the program may have kept them and dropped our message. */
  readonly reasoningIds: readonly string[];
};

type ReferredObject = OwnedObject & { readonly whole?: true };

export type Ledger = {
  /** Gives an object's owner, null where it has none. Synchronous where it is known. */
  owner(connection: string, kind: string, id: string): Owner | null | Promise<Owner | null>;
  /**
   * Gives the owners of objects, in their order; null for one that has none. Synchronous where all are known, and so is
   * one that is `whole` and nobody's.
   */
  owners(
    connection: string,
    objects: readonly ReferredObject[],
  ): readonly (Owner | null)[] | Promise<readonly (Owner | null)[]>;
  /** Gives the denied calls that a request must make good, in their order. Synchronous where there can be none. */
  replaced(query: ReplacedQuery): readonly ReplacedRow[] | Promise<readonly ReplacedRow[]>;
  /** Notes that the provider's conversation holds outputs for these calls. */
  settle(
    query: Pick<ReplacedQuery, "caller" | "connection">,
    conversationId: string,
    callIds: readonly string[],
  ): Promise<void>;
  /** What conversations hold that lie with the provider. */
  readonly earlier: EarlierTurns;
  /** Takes in what this process has committed. */
  readonly rememberOwned: (object: OwnedObject, context: OwnerContext) => void;
  readonly rememberReplaced: (row: ReplacedCallRow) => void;
  readonly rememberClosed: (row: ExchangeClosed) => void;
};

const KNOWN_OBJECTS = 50_000;
/** What was given to somebody through another process is seen after this at the latest. */
const UNOWNED_MS = 60_000;
const KNOWN_RESPONSES = 20_000;
const KNOWN_REASONING = 20_000;
/** Begins the ids of the provider's reasoning items. */
const REASONING = "rs_";
const NONE: readonly ReplacedRow[] = [];

/** Makes the ledger of this process. Only what exists is cached: an object without an owner may get one. */
export function createLedger(db: Database): Ledger {
  const owners = new LRUCache<string, Owner>({ max: KNOWN_OBJECTS });
  /** Objects that nobody owned when they were asked for: only for such as may be nobody's. */
  const unowned = new LRUCache<string, true>({ max: KNOWN_OBJECTS, ttl: UNOWNED_MS });
  /** Responses that ended in this process; false: without a denied call. */
  const earlier = createEarlierTurns(db, ask);
  const denied = new LRUCache<string, boolean>({ max: KNOWN_RESPONSES });
  /** Reasoning items by caller: whether a denied call is tied to them, which is known once their answer has ended. */
  const tied = new LRUCache<string, boolean>({ max: KNOWN_REASONING });

  /** Gives them besides keeping them: more may be asked for at once than are kept. */
  async function load(
    connection: string,
    objects: readonly OwnedObject[],
  ): Promise<ReadonlyMap<string, Owner>> {
    const loaded = new Map<string, Owner>();
    const rows = await ask(
      findOwners(
        db,
        connection,
        objects.map(({ kind, id }) => ({ kind, id: toStoredId(id) })),
      ),
    );
    for (const { kind, id, ...owner } of rows) {
      const key = toKey(connection, kind, id);
      owners.set(key, owner);
      loaded.set(key, owner);
    }
    return loaded;
  }

  return {
    owner(connection, kind, id) {
      const key = toKey(connection, kind, id);
      return owners.get(key) ?? load(connection, [{ kind, id }]).then((loaded) => loaded.get(key) ?? null);
    },
    owners(connection, objects) {
      const keys = objects.map(({ kind, id }) => toKey(connection, kind, id));
      const found = keys.map((key) => owners.get(key) ?? null);
      const missing = objects.filter(
        ({ whole }, index) => found[index] === null && !(whole === true && unowned.has(keys[index] ?? "")),
      );
      if (missing.length === 0) return found;
      return load(connection, missing).then((loaded) => {
        for (const { kind, id, whole } of missing) {
          const key = toKey(connection, kind, id);
          if (whole === true && !loaded.has(key)) unowned.set(key, true);
        }
        return keys.map((key, index) => found[index] ?? loaded.get(key) ?? null);
      });
    },
    replaced(query) {
      const { caller, connection } = query;
      const [responseId, conversationId] = [toStored(query.responseId), toStored(query.conversationId)];
      const messageIds = query.messageIds.map(toStoredId);
      const reasoningIds = query.reasoningIds
        .map(toStoredId)
        .filter((id) => tied.get(toTiedKey(caller, connection, id)) !== false);
      const isClean = responseId === null || denied.get(responseId) === false;
      if (isClean && conversationId === null && messageIds.length === 0 && reasoningIds.length === 0)
        return NONE;
      const by = { responseId, conversationId, messageIds, reasoningIds };
      return ask(findReplacedCalls(db, caller, connection, by)).then((rows) => {
        const found = new Set(rows.flatMap((row) => row.reasoningIds));
        for (const id of reasoningIds) tied.set(toTiedKey(caller, connection, id), found.has(id));
        return rows;
      });
    },
    settle: ({ caller, connection }, conversationId, callIds) =>
      ask(settleReplacedCalls(db, caller, connection, toStoredId(conversationId), callIds.map(toStoredId))),
    rememberOwned({ kind, id }, { connection, caller, sessionId, labels }) {
      const { tenant, issuer, subject, groups } = caller;
      owners.set(toKey(connection, kind, id), { tenant, issuer, subject, sessionId, groups, labels });
      // An answer's items are owned after its denied calls were written.
      if (kind !== "item" || !id.startsWith(REASONING)) return;
      const key = toTiedKey(caller, connection, toStoredId(id));
      if (!tied.has(key)) tied.set(key, false);
    },
    rememberReplaced({ responseId, caller, connection, reasoningIds }) {
      if (responseId !== null) denied.set(toStoredId(responseId), true);
      for (const id of reasoningIds) tied.set(toTiedKey(caller, connection, toStoredId(id)), true);
    },
    earlier,
    rememberClosed(row) {
      const { responseIds } = row;
      earlier.rememberClosed(row);
      // What runs on in the background may end with a call that another process denies.
      if (row.left?.held?.complete !== true) return;
      for (const id of responseIds.map(toStoredId)) if (!denied.has(id)) denied.set(id, false);
    },
  };
}

/** Turns the database's failure into the caller's: what can't be looked up is not passed on. */
export async function ask<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (thrown) {
    if (!(thrown instanceof DatabaseError)) throw thrown;
    throw new GatewayError("record_unavailable", "The record could not be read; nothing was passed on.", {
      cause: thrown,
    });
  }
}

function toKey(connection: string, kind: string, id: string): string {
  return `${connection}\0${kind}\0${toStoredId(id)}`;
}

function toTiedKey(caller: ReplacedQuery["caller"], connection: string, id: string): string {
  return `${caller.tenant}\0${caller.issuer}\0${caller.subject}\0${connection}\0${id}`;
}

function toStored(id: string | null): string | null {
  return id === null ? null : toStoredId(id);
}

/** Tells whether an owner is the caller. */
export function isSame(owner: Owner, caller: Pick<Caller, "tenant" | "issuer" | "subject">): boolean {
  return owner.tenant === caller.tenant && owner.issuer === caller.issuer && owner.subject === caller.subject;
}
