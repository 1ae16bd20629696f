// Reads lists of tokens with their probabilities: they spell the text beside them once more, or something else.
import type { Json, JsonObject } from "../exchange.ts";
import { isList, isObject } from "./pointer.ts";

/** What the tokens say. */
export type Spelled = {
  /** The tokens that were chosen, one after the other. */
  readonly chosen: string;
  /** What else stands there: each other token that was likely, by itself and as those of its rank follow each other. */
  readonly others: string;
};

/** A token, and the bytes that it says it has: those of a piece of a character are no text by themselves. */
type Token = { readonly token: string; readonly bytes: Buffer };
type Place = Token & { readonly ranked: readonly Token[] };

const MEMBERS: ReadonlySet<string> = new Set(["token", "bytes", "logprob"]);
/** The members of the older form: lists side by side. */
const OLDER: ReadonlySet<string> = new Set(["tokens", "token_logprobs", "top_logprobs", "text_offset"]);
/** No text is so long that a place in it has as many digits as a value. */
const MOST_OFFSET = 10_000_000;
/** No tokenizer has longer tokens. */
const LONGEST_TOKEN = 256;

/** Reads tokens in any of their forms; null for what is none, in which anything may hide. */
export function readLogprobs(value: Json): Spelled | null {
  const places = isList(value) ? readPlaces(value) : isObject(value) ? readObject(value) : null;
  return places === null ? null : toSpelled(places);
}

/** Says whether tokens spell a text of the object that they are a member of, or of its message. */
export function isSpelled({ chosen }: Spelled, beside: JsonObject): boolean {
  const inner = [beside["message"], beside["delta"]].filter(isObject);
  return [beside, ...inner].some((one) =>
    ["text", "delta", "transcript", "content", "refusal"].some((key) => one[key] === chosen),
  );
}

function readObject(value: JsonObject): readonly Place[] | null {
  if (isList(value["tokens"])) return readOlder(value, value["tokens"]);
  const lists = Object.entries(value).filter(([, list]) => list !== null);
  return (
    readAll(lists, ([key, list]) =>
      (key === "content" || key === "refusal") && isList(list) ? readPlaces(list) : null,
    )?.flat() ?? null
  );
}

function readPlaces(list: readonly Json[]): readonly Place[] | null {
  return readAll(list, (one) => {
    if (!isObject(one)) return null;
    const { top_logprobs: top, ...own } = one;
    const ranked = top ?? [];
    const token = readToken(own);
    const others = isList(ranked) ? readAll(ranked, readToken) : null;
    return token === null || others === null ? null : { ...token, ranked: others };
  });
}

function readToken(one: Json): Token | null {
  if (!isObject(one) || !Object.keys(one).every((key) => MEMBERS.has(key))) return null;
  const { token, bytes, logprob } = {
    token: one["token"],
    bytes: one["bytes"] ?? null,
    logprob: one["logprob"],
  };
  if (typeof token !== "string" || token.length > LONGEST_TOKEN || !isLogprob(logprob ?? 0)) return null;
  if (bytes === null) return { token, bytes: Buffer.from(token) };
  const said = isList(bytes) ? readAll(bytes, (byte) => (isByte(byte) ? byte : null)) : null;
  return said === null ? null : { token, bytes: Buffer.from(said) };
}

/** A probability is at most 1, and its logarithm nothing else that could be read. */
function isLogprob(value: Json): boolean {
  return typeof value === "number" && value < 1;
}

function isByte(value: Json): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 256;
}

function readOlder(value: JsonObject, tokens: readonly Json[]): readonly Place[] | null {
  if (!Object.keys(value).every((key) => OLDER.has(key))) return null;
  const [top, own, offsets] = [value["top_logprobs"], value["token_logprobs"], value["text_offset"]].map(
    toList,
  );
  if (top === undefined || top.length > tokens.length || own?.every((one) => isLogprob(one ?? 0)) !== true)
    return null;
  if (offsets?.every((one) => typeof one === "number" && one < MOST_OFFSET) !== true) return null;
  return readAll(tokens, (token, at) => {
    const read = readToken({ token });
    const likely = top[at] ?? {};
    if (read === null || !isObject(likely)) return null;
    return { ...read, ranked: Object.keys(likely).map((one) => ({ token: one, bytes: Buffer.from(one) })) };
  });
}

/** A list that is absent is empty. */
function toList(value: Json | undefined): readonly Json[] | undefined {
  return (value ?? null) === null ? [] : isList(value) ? value : undefined;
}

/** Reads each element; null where one cannot be read. */
function readAll<From, To>(
  list: readonly From[],
  read: (one: From, at: number) => To | null,
): readonly To[] | null {
  const all: To[] = [];
  for (const [at, one] of list.entries()) {
    const to = read(one, at);
    if (to === null) return null;
    all.push(to);
  }
  return all;
}

function toSpelled(places: readonly Place[]): Spelled {
  const ranks = Math.max(0, ...places.map(({ ranked }) => ranked.length));
  const rows: (readonly Token[])[] = [places];
  for (let rank = 0; rank < ranks; rank += 1) rows.push(places.flatMap(({ ranked }) => ranked[rank] ?? []));
  const chosen = toText(places);
  const others = [
    ...rows.map(toText),
    ...rows.map(toTokens),
    ...places.flatMap(({ ranked }) => ranked.map(toToken)),
  ];
  return { chosen, others: [...new Set(others)].filter((one) => one !== chosen).join("\n") };
}

function toText(row: readonly Token[]): string {
  return Buffer.concat(row.map(({ bytes }) => bytes)).toString("utf8");
}

function toTokens(row: readonly Token[]): string {
  return row.map(toToken).join("");
}

function toToken({ token }: Token): string {
  return token;
}
