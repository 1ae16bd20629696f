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
): History {
  let state: Lanes = mix(SEED, JSON.stringify([caller.tenant, caller.issuer, caller.subject]), Infinity);
  const cuts: { readonly state: Lanes; readonly from: number }[] = [];
  let previousFromModel = true;
  for (let index = 0; index < items.length; index += 1) {
    const { hash, fromModel } = items[index] ?? NO_ITEM;
    if (fromModel && !previousFromModel) cuts.push({ state, from: index });
    previousFromModel = fromModel;
    state = mix(state, hash, HASH_LENGTH);
  }
  function* answered(from: number): Generator<Token> {
    for (let index = from; items[index]?.fromModel === true; index += 1) yield tokenOf(index);
  }
  return {
    whole: items.length === 0 ? null : toText(state),
    earlier: {
      count: cuts.length,
      at(index) {
        const cut = cuts[index];
        const token = cut === undefined ? null : choose(answered(cut.from));
        return cut === undefined || token === null ? null : toText(mix(cut.state, token.digest, HASH_LENGTH));
      },
    },
  };
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
