// Takes out of recorded facts what policies read, without parsing them: most differ only in what nobody reads.
import type { Picked } from "../policy/encode-facts.ts";
import {
  BACKSLASH,
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  NOWHERE,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  skipText,
  skipValue,
} from "./json-bytes.ts";

/**
 * Gives what is picked of an object's JSON, as JSON: other members are left out, of objects and lists an empty one is
 * left. Two texts of which it gives the same are the same to whoever reads only that. Null where the text is not as
 * `JSON.stringify` writes it, or is long; it must be JSON.
 */
export type PickText = (text: string) => string | null;

/** In bytes. Longer ones are rare, and hardly ever come again. */
const LONGEST = 65_536;

/** Makes one. Bytes are read several times faster than the characters of a string. */
export function createPickText(picked: Picked): PickText {
  if (picked === "whole") return (text) => text;
  const names = toNames(picked);
  const from = Buffer.alloc(LONGEST);
  const to = Buffer.alloc(LONGEST);
  let length = 0;
  let written = 0;

  function put(byte: number): void {
    to[written] = byte;
    written += 1;
  }

  function keep(start: number, end: number): void {
    for (let at = start; at < end; at += 1) to[written + at - start] = from[at] ?? 0;
    written += end - start;
  }

  /** Copies what is picked of the object that begins at `start`; gives where it ends. */
  function copyMembers(start: number, wanted: readonly Name[]): number {
    if (from[start] !== OPEN_OBJECT) return NOWHERE;
    put(OPEN_OBJECT);
    const empty = written;
    let at = start + 1;
    while (from[at] === QUOTE) {
      const value = skipName(from, at, length);
      if (value === NOWHERE) return NOWHERE;
      const name = findName(wanted, from, at + 1, value - 2);
      const first = from[value];
      const isParent = first === OPEN_OBJECT || first === OPEN_LIST;
      if (name !== null || isParent) {
        if (written > empty) put(COMMA);
        keep(at, value);
      }
      if (name !== null && name.below !== null && first === OPEN_OBJECT) {
        at = copyMembers(value, name.below);
      } else {
        at = skipValue(from, value, length);
        if (name !== null) keep(value, Math.max(at, value));
        else if (isParent) {
          put(first);
          put(first === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST);
        }
      }
      if (from[at] === COMMA) at += 1;
    }
    if (from[at] !== CLOSE_OBJECT) return NOWHERE;
    put(CLOSE_OBJECT);
    return at + 1;
  }

  return (text) => {
    // A character takes three bytes at most.
    if (3 * text.length > LONGEST) return null;
    length = from.write(text, "utf8");
    written = 0;
    return copyMembers(0, names) === length ? to.toString("utf8", 0, written) : null;
  };
}

/** A name that is picked, and what of the object under it; null: all of it. */
type Name = { readonly bytes: Buffer; readonly below: readonly Name[] | null };

function toNames(picked: Exclude<Picked, "whole">): readonly Name[] {
  return [...picked].map(([text, below]) => ({
    bytes: Buffer.from(text),
    below: below === "whole" ? null : toNames(below),
  }));
}

/** Gives where the value of a member begins. */
function skipName(bytes: Buffer, start: number, length: number): number {
  const end = skipText(bytes, start, length);
  // A name may be written in many ways as soon as one character of it is escaped.
  for (let at = start; at < end; at += 1) if (bytes[at] === BACKSLASH) return NOWHERE;
  return end !== NOWHERE && bytes[end] === COLON ? end + 1 : NOWHERE;
}

function findName(names: readonly Name[], bytes: Buffer, start: number, end: number): Name | null {
  for (const name of names) if (isSame(name.bytes, bytes, start, end)) return name;
  return null;
}

function isSame(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let at = start; at < end; at += 1) if (bytes[at] !== name[at - start]) return false;
  return true;
}
