// Shapes of tokens: plain sequences of characters and of classes with a count, matched without going back over the text.
import { GatewayError } from "../../errors.ts";

/** One part of a shape: characters as they are, or a run of members of a class. */
export type Part =
  | { readonly literal: string }
  | { readonly members: Uint8Array; readonly min: number; readonly max: number };

/** A compiled shape. */
export type Shape = {
  readonly parts: readonly Part[];
  /** The number of the literal part that is looked for; -1 where the shape has none that is long enough. */
  readonly anchor: number;
  readonly anyCase: boolean;
};

/** The match cannot be decided before more text comes. */
export const WAIT = -1;
/** There is no match. */
export const NONE = -2;

/** An anchor has at least so many characters. */
const LEAST_ANCHOR = 3;

/**
 * Compiles a shape as `TokenRow` describes it.
 *
 * @throws GatewayError `detector_failed` where it is malformed.
 */
export function compileShape(source: string, anyCase = false): Shape {
  const parts: Part[] = [];
  let literal = "";
  let i = 0;
  const flush = (): void => {
    if (literal !== "") parts.push({ literal: anyCase ? literal.toLowerCase() : literal });
    literal = "";
  };
  while (i < source.length) {
    const c = source.charAt(i);
    let members: Uint8Array | null = null;
    let single = c;
    if (c === "[") {
      const end = findBracket(source, i);
      members = toMembers(source.slice(i + 1, end), source);
      i = end + 1;
    } else if (c === "\\") {
      single = source.charAt(i + 1);
      if (single === "d" || single === "w" || single === "s") members = toMembers(`\\${single}`, source);
      i += 2;
    } else if ("(){}*+?|^$.".includes(c)) {
      throw malformed(source);
    } else i += 1;
    const count = readCount(source, i);
    i = count.next;
    if (members === null && count.isCounted)
      members = toMembers(/[A-Za-z0-9]/.test(single) ? single : `\\${single}`, source);
    if (members === null) literal += single;
    else {
      flush();
      if (anyCase) addCases(members);
      parts.push({ members, min: count.min, max: count.max });
    }
  }
  flush();
  let anchor = -1;
  let longest = LEAST_ANCHOR - 1;
  for (const [index, part] of parts.entries()) {
    if ("literal" in part && part.literal.length > longest) {
      anchor = index;
      longest = part.literal.length;
    }
  }
  return { parts, anchor, anyCase };
}

/**
 * Matches the parts from number `part` on at `at`; `isFinal` says that nothing follows the text.
 *
 * @returns the index after the longest match, `NONE`, or `WAIT`.
 */
export function matchForward(shape: Shape, part: number, text: string, at: number, isFinal: boolean): number {
  let i = at;
  for (let number = part; number < shape.parts.length; number += 1) {
    const current = shape.parts[number];
    if (current === undefined) return NONE;
    if ("literal" in current) {
      const { literal } = current;
      const found = compareLiteral(literal, text, i, shape.anyCase);
      if (found < literal.length) return !isFinal && i + found >= text.length ? WAIT : NONE;
      i += literal.length;
      continue;
    }
    const { members, min, max } = current;
    const next = shape.parts[number + 1];
    // Where the next part's first character is also a member, the run ends where that part first stands.
    const stop =
      next !== undefined && "literal" in next && isMember(members, next.literal.charCodeAt(0))
        ? next.literal
        : null;
    let count = 0;
    while (count < max && i < text.length && isMember(members, text.charCodeAt(i))) {
      if (stop !== null && count >= min) {
        const found = compareLiteral(stop, text, i, shape.anyCase);
        if (found === stop.length) break;
        if (i + found >= text.length && !isFinal) return WAIT;
      }
      i += 1;
      count += 1;
    }
    if (i >= text.length && !isFinal && count < max) return WAIT;
    if (count < min) return NONE;
  }
  return i;
}

/**
 * Matches the parts before number `part`, read backwards from `at`, as long as each may be.
 *
 * @returns the index at which the match begins, or `NONE`.
 */
export function matchBackward(shape: Shape, part: number, text: string, at: number): number {
  let i = at;
  for (let number = part - 1; number >= 0; number -= 1) {
    const current = shape.parts[number];
    if (current === undefined) return NONE;
    if ("literal" in current) {
      i -= current.literal.length;
      if (i < 0 || compareLiteral(current.literal, text, i, shape.anyCase) < current.literal.length)
        return NONE;
      continue;
    }
    let count = 0;
    while (count < current.max && i > 0 && isMember(current.members, text.charCodeAt(i - 1))) {
      i -= 1;
      count += 1;
    }
    if (count < current.min) return NONE;
  }
  return i;
}

/** Gives how many characters of a literal stand at `at`. */
function compareLiteral(literal: string, text: string, at: number, anyCase: boolean): number {
  for (let k = 0; k < literal.length; k += 1) {
    if (at + k >= text.length) return k;
    const c = text.charCodeAt(at + k);
    const wanted = literal.charCodeAt(k);
    if (c !== wanted && !(anyCase && c >= 0x41 && c <= 0x5a && c + 0x20 === wanted)) return k;
  }
  return literal.length;
}

function isMember(members: Uint8Array, c: number): boolean {
  return c < 128 ? members[c] === 1 : members[WIDE] === 1 && isWideLetter(c);
}

/** The place in a class that stands for letters beyond ASCII. */
const WIDE = 128;

/** Letters of the Latin, Greek, Cyrillic and Armenian scripts: not signs, and not scripts that need no blanks. */
function isWideLetter(c: number): boolean {
  return (c >= 0xc0 && c < 0x530 && c !== 0xd7 && c !== 0xf7) || (c >= 0x1e00 && c < 0x2000);
}

function findBracket(source: string, from: number): number {
  for (let i = from + 1; i < source.length; i += 1) {
    if (source[i] === "\\") i += 1;
    else if (source[i] === "]") return i;
  }
  throw malformed(source);
}

/** Reads the inside of a class; `^` at its beginning stands for all other visible characters, letters beyond ASCII too. */
function toMembers(inside: string, source: string): Uint8Array {
  const members = new Uint8Array(WIDE + 1);
  const isNegated = inside.startsWith("^");
  let i = isNegated ? 1 : 0;
  const add = (from: number, to: number): void => {
    for (let c = from; c <= to; c += 1) if (c < 128) members[c] = 1;
  };
  while (i < inside.length) {
    let c = inside.charCodeAt(i);
    if (c === 0x5c) {
      const escaped = inside.charAt(i + 1);
      i += 2;
      if (escaped === "d") add(0x30, 0x39);
      else if (escaped === "s") for (const space of [9, 10, 13, 32]) add(space, space);
      else if (escaped === "w") {
        add(0x30, 0x39);
        add(0x41, 0x5a);
        add(0x61, 0x7a);
        add(0x5f, 0x5f);
      } else c = escaped.charCodeAt(0);
      if ("dsw".includes(escaped)) continue;
    } else i += 1;
    if (inside.charAt(i) === "-" && i + 1 < inside.length) {
      const isEscaped = inside.charAt(i + 1) === "\\";
      const to = inside.charCodeAt(isEscaped ? i + 2 : i + 1);
      if (to < c) throw malformed(source);
      add(c, to);
      i += isEscaped ? 3 : 2;
    } else add(c, c);
  }
  if (isNegated) members[WIDE] = 1;
  if (isNegated)
    for (let c = 0; c < 128; c += 1) members[c] = c > 0x20 && c < 0x7f && members[c] === 0 ? 1 : 0;
  return members;
}

function addCases(members: Uint8Array): void {
  for (let c = 0x41; c <= 0x5a; c += 1) {
    if (members[c] === 1 || members[c + 0x20] === 1) {
      members[c] = 1;
      members[c + 0x20] = 1;
    }
  }
}

const COUNT = /^\{(\d{1,4})(?:(,)(\d{0,4}))?\}/;
/** A count without an end ends here. */
const MOST = 2048;

function readCount(
  source: string,
  at: number,
): { min: number; max: number; next: number; isCounted: boolean } {
  const c = source.charAt(at);
  if (c === "?") return { min: 0, max: 1, next: at + 1, isCounted: true };
  if (c === "+") return { min: 1, max: MOST, next: at + 1, isCounted: true };
  if (c === "*") return { min: 0, max: MOST, next: at + 1, isCounted: true };
  if (c !== "{") return { min: 1, max: 1, next: at, isCounted: false };
  const match = COUNT.exec(source.slice(at, at + 12));
  if (match === null) throw malformed(source);
  const min = Number(match[1]);
  const max = match[2] === undefined ? min : match[3] === "" ? MOST : Number(match[3]);
  if (max < min) throw malformed(source);
  return { min, max: Math.min(max, MOST), next: at + match[0].length, isCounted: true };
}

function malformed(source: string): GatewayError {
  return new GatewayError("detector_failed", `The shape ${source.slice(0, 80)} is malformed.`);
}
