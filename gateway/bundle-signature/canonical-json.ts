// Writes JSON in the one form that OPA hashes, and refuses what two parsers could read differently.

import { isUtf8 } from "node:buffer";
import { skipString } from "../parse/json.ts";
import { STEP } from "../parse/steps.ts";
import type { Steps } from "../parse/steps.ts";
import { PolicyLoadError } from "../policy/load-error.ts";

/** More than any manifest and any data that fits into the memory of a policy. */
const LONGEST = 8 << 20;
const DEEPEST = 64;

const BLANK = /[ \t\n\r]*/y;
const ATOM = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

/**
 * Gives the canonical form of OPA's bundle signatures: names in the order of their UTF-8 bytes, no blanks, numbers as they
 * are written, strings as Go's encoder writes them without HTML escapes. `where` names the document in a refusal, which
 * is a `PolicyLoadError`.
 */
export function* toCanonicalJson(bytes: Buffer, where: string): Steps<string> {
  const fail = (what: string): never => {
    throw new PolicyLoadError(`${where} ${what}`);
  };
  if (bytes.length > LONGEST) fail(`is longer than ${LONGEST} bytes`);
  if (!isUtf8(bytes)) fail("is no UTF-8");
  const text = bytes.toString("utf8");
  let at = 0;
  let told = 0;

  function read(pattern: RegExp): string {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  }
  /** Steps over the character, where it is the one that comes next behind blanks. */
  function take(character: string): boolean {
    read(BLANK);
    if (text[at] !== character) return false;
    at += 1;
    return true;
  }
  function readString(): string {
    const end = text[at] === '"' ? skipString(text, at + 1) : at;
    const value = parseString(text.slice(at, end));
    if (value === null) return fail("is no JSON");
    if (!value.isWellFormed()) return fail("holds half a surrogate pair");
    at = end;
    return value;
  }
  function readLeaf(): string {
    if (text[at] === '"') return toGoString(readString());
    const atom = read(ATOM);
    return atom === "" ? fail("is no JSON") : atom;
  }
  function* readValue(depth: number): Steps<string> {
    if (at - told > STEP) {
      yield at - told;
      told = at;
    }
    const isObject = take("{");
    if (!isObject && !take("[")) return readLeaf();
    if (depth === DEEPEST) fail(`is nested more than ${DEEPEST} levels deep`);
    return isObject ? yield* readObject(depth + 1) : yield* readArray(depth + 1);
  }
  function* readArray(depth: number): Steps<string> {
    const values: string[] = [];
    if (take("]")) return "[]";
    do values.push(yield* readValue(depth));
    while (take(","));
    return take("]") ? `[${values.join(",")}]` : fail("is no JSON");
  }
  function* readObject(depth: number): Steps<string> {
    const members = new Map<string, string>();
    if (take("}")) return "{}";
    do {
      read(BLANK);
      const name = readString();
      if (members.has(name)) fail("names a member twice in one object");
      if (!take(":")) fail("is no JSON");
      members.set(name, yield* readValue(depth));
    } while (take(","));
    if (!take("}")) fail("is no JSON");
    const sorted = [...members.keys()].sort(compareAsUtf8);
    return `{${sorted.map((name) => `${toGoString(name)}:${members.get(name) ?? ""}`).join(",")}}`;
  }

  const canonical = yield* readValue(0);
  read(BLANK);
  return at === text.length ? canonical : fail("is no JSON");
}

function parseString(written: string): string | null {
  try {
    const value: unknown = JSON.parse(written);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

/** JavaScript orders by UTF-16, in which what is above U+FFFF comes before U+E000. */
function compareAsUtf8(one: string, other: string): number {
  for (let at = 0; at < one.length && at < other.length; at += 1) {
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (a === b) continue;
    return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
  }
  return one.length - other.length;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

/** Go escapes the two line separators, which JSON.stringify leaves. */
function toGoString(value: string): string {
  return JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}
