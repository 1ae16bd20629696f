// Digests the history that a request carries together with what the model answered, so that the next turn finds it.
import type { Caller } from "../exchange.ts";

/** An item of the history that a request carries. */
export type HistoryItem = {
  /** The item's keyed hash. */
  readonly hash: string;
  /** The model wrote it: an assistant's message, a call, reasoning. What stood before it was a whole request. */
  readonly fromModel: boolean;
};

/** What stands for an item of an answer, null for one that nothing is known by. A call's id is never given twice. */
export type Token = { readonly isCall: boolean; readonly digest: string } | null;

export type History = {
  /** The digest of all items, null where there are none. */
  readonly whole: string | null;
  /** The digests of earlier requests with their answers, shortest first; null where an answer has no token. */
  readonly earlier: { readonly count: number; at(index: number): string | null };
};

/** Items that began an earlier request too, and a memo that is kept as long as they are known. */
export type HistoryStart = { readonly count: number; readonly derived: Map<string, unknown> };

/** The end of a request within a history. */
type Cut = {
  readonly state: Lanes;
  /** Where the answer begins. */
  readonly from: number;
  /** Its digest with the answer, once that is known; only where the answer has ended can it be kept. */
  digest?: string | null;
  hasEnded: boolean;
};

/** What some items come to. It is shared: whoever goes on from it copies what may change. */
class Begun {
  /** How many items it covers. */
  readonly count: number;
  readonly state: Lanes;
  readonly cuts: readonly Cut[];
  readonly isFromModel: boolean;

  constructor(count: number, state: Lanes, cuts: readonly Cut[], isFromModel: boolean) {
    this.count = count;
    this.state = state;
    this.cuts = cuts;
    this.isFromModel = isFromModel;
  }
}

/** So many callers' digests are kept beside one beginning. */
const MOST_BEGUN = 64;

/**
 * Digests the whole history, and each earlier part of it that was a request, with what the model answered to it: runs
 * that ask alike are told apart by their answers. A request ends where the model's next items begin. Only one token
 * stands for an answer, so that a program may leave out or put elsewhere what else was answered. The caller is part of each digest, so histories never meet across callers. The mixing (after MurmurHash3)
 * is not a cryptographic one: its input is keyed hashes, and a collision would only join two sessions of one caller.
 */
export function digestHistory(
  caller: Pick<Caller, "tenant" | "issuer" | "subject">,
  items: readonly HistoryItem[],
  tokenOf: (index: number) => Token,
  start: HistoryStart | null = null,
): History {
  const name = JSON.stringify([caller.tenant, caller.issuer, caller.subject]);
  const { state, cuts } = goOn(recall(name, items, start), items, items.length);
  function* answered(from: number): Generator<Token> {
    for (let index = from; items[index]?.fromModel === true; index += 1) yield tokenOf(index);
  }
  return {
    whole: items.length === 0 ? null : toText(state),
    earlier: {
      count: cuts.length,
      at(index) {
        const cut = cuts[index];
        if (cut === undefined) return null;
        if (cut.digest !== undefined) return cut.digest;
        const token = choose(answered(cut.from));
        const digest = token === null ? null : toText(mix(cut.state, token.digest, HASH_LENGTH));
        if (cut.hasEnded) cut.digest = digest;
        return digest;
      },
    },
  };
}

/** Gives what the items of the start come to for a caller: looked up, or found out and kept. */
function recall(name: string, items: readonly HistoryItem[], start: HistoryStart | null): Begun {
  const key = `history ${name}`;
  const known = start?.derived.get(key);
  if (known instanceof Begun) return known;
  const nothing = new Begun(0, mix(SEED, name, Infinity), [], true);
  if (start === null) return nothing;
  const begun = goOn(nothing, items, start.count);
  if (start.derived.size < MOST_BEGUN) start.derived.set(key, begun);
  return begun;
}

/** Goes on from what is begun to the item at `end`. */
function goOn(begun: Begun, items: readonly HistoryItem[], end: number): Begun {
  if (begun.count === end) return begun;
  let { state, isFromModel } = begun;
  const cuts = begun.cuts.slice();
  let last = cuts.pop();
  // What follows here may end the last answer, or go on with it: elsewhere something else may follow.
  if (last !== undefined && !last.hasEnded) last = { ...last };
  for (let index = begun.count; index < end; index += 1) {
    const { hash, fromModel } = items[index] ?? NO_ITEM;
    if (fromModel && !isFromModel) {
      if (last !== undefined) cuts.push(last);
      last = { state, from: index, hasEnded: false };
    } else if (!fromModel && last !== undefined) {
      last.hasEnded = true;
    }
    isFromModel = fromModel;
    state = mix(state, hash, HASH_LENGTH);
  }
  if (last !== undefined) cuts.push(last);
  return new Begun(end, state, cuts, isFromModel);
}

/** Gives the digest under which the next turn finds a request by its answer, null where nothing was answered. */
export function continueHistory(whole: string, answer: Iterable<Token>): string | null {
  const token = choose(answer);
  return token === null ? null : toText(mix(toLanes(whole), token.digest, HASH_LENGTH));
}

/** Chooses the token that tells an answer from others best: a call's before a text's, the first of each. */
function choose(tokens: Iterable<Token>): Token {
  let chosen: Token = null;
  for (const token of tokens) {
    if (token?.isCall === true) return token;
    chosen ??= token;
  }
  return chosen;
}

const NO_ITEM: HistoryItem = { hash: "", fromModel: false };

/** So much of an item's hash counts: 128 bits of it in hexadecimal, 192 in base64url. */
const HASH_LENGTH = 32;

/** 128 bits as four signed integers of 32. */
type Lanes = { readonly a: number; readonly b: number; readonly c: number; readonly d: number };

const SEED: Lanes = { a: 0x1747b28c, b: 0x05ebca6b, c: 0x42b2ae35, d: 0x27d4eb2f };

/** Mixes a text, up to a limit, into the lanes, sixteen characters at a time: four into each lane, then each lane into the next. */
function mix(state: Lanes, text: string, limit: number): Lanes {
  let { a, b, c, d } = state;
  const end = Math.min(text.length, limit);
  for (let at = 0; at < end; at += 16) {
    a = mixLane(a, toWord(text, at)) + b;
    b = mixLane(b, toWord(text, at + 4)) + c;
    c = mixLane(c, toWord(text, at + 8)) + d;
    d = mixLane(d, toWord(text, at + 12)) + a;
  }
  return { a: (a + text.length) | 0, b: b | 0, c: c | 0, d: d | 0 };
}

function mixLane(lane: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const mixed = lane ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0x66546b64) | 0;
}

/** Packs four characters; there are zeros after the end. */
function toWord(text: string, at: number): number {
  if (at + 4 > text.length)
    return (
      (text.charCodeAt(at) | 0) ^ ((text.charCodeAt(at + 1) | 0) << 9) ^ ((text.charCodeAt(at + 2) | 0) << 18)
    );
  return (
    text.charCodeAt(at) ^
    (text.charCodeAt(at + 1) << 8) ^
    (text.charCodeAt(at + 2) << 16) ^
    (text.charCodeAt(at + 3) << 24)
  );
}

/** All bytes in hexadecimal. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function toText({ a, b, c, d }: Lanes): string {
  return toHex(a) + toHex(b) + toHex(c) + toHex(d);
}

function toLanes(text: string): Lanes {
  const lane = (at: number): number => Number.parseInt(text.slice(at, at + 8), 16) | 0;
  return { a: lane(0), b: lane(8), c: lane(16), d: lane(24) };
}

function toHex(lane: number): string {
  return `${HEX[lane >>> 24]}${HEX[(lane >>> 16) & 255]}${HEX[(lane >>> 8) & 255]}${HEX[lane & 255]}`;
}
