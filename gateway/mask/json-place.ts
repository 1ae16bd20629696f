// Tells where in a JSON text a masked value stands: outside of a string its replacement needs quotes.
import type { Finding } from "../exchange.ts";
import type { Edit } from "./edits.ts";
import { compareFindings } from "./field-scan.ts";
import { createJsonWalk, type JsonWalk } from "./json-walk.ts";

/** Follows a text that may be JSON, as far as it is known. */
export type JsonPlace = {
  /** Gives a stretch of a whole text as the value that it is: in a string of JSON without its escapes. */
  read(text: string, start: number, end: number): string;
  /** Leaves what holds the text together out of findings: a value may seem to go on behind the string that it stands in. */
  split(text: string, findings: readonly Finding[], base?: number): readonly Finding[];
  /**
   * Puts quotes round what replaces a value outside of a string, and widens it to the whole of that value, from edit number
   * `first` on; the one before may go on in what has come. `text` begins at `base` of the whole.
   */
  quote(text: string, edits: Edit[], first: number, base?: number): void;
  /** Gives up to where of the whole a text that is decided up to `until` may go: a number goes as one. */
  settle(text: string, base: number, until: number): number;
  /** Takes notice of a text that begins at `base` before it is gone, up to `until` of the whole. */
  skip(text: string, base: number, until: number): void;
};

/** Begins at the text's beginning. In a text that is no JSON, or no more, nothing is done. */
export function createJsonPlace(): JsonPlace {
  const walk = createJsonWalk();
  return {
    read(text, start, end) {
      const written = text.slice(start, end);
      if (!written.includes("\\")) return written;
      walk.to(text, 0, start);
      return walk.isInString ? unescape(written) : written;
    },
    split(text, findings, base = 0) {
      if (findings.length === 0 || walk.isOver) return findings;
      // What `quote` is asked about lies behind.
      const ahead = walk.fork();
      const all = findings.flatMap((finding) => {
        if (finding.field !== undefined) return [finding];
        ahead.to(text, base, finding.start);
        return ahead.isOver ? [finding] : cut(finding, text, base, ahead.isInString);
      });
      // A value may have begun before the field that its end stands in, which is masked as one.
      return all.sort(compareFindings);
    },
    quote(text, edits, first, base = 0) {
      const before = edits[first - 1];
      if (before?.isBare === true) {
        before.end = toNumberEnd(text, base, before.end);
        before.text = toQuoted(before.text);
      }
      for (let index = first; index < edits.length && !walk.isOver; index += 1) {
        const edit = edits[index];
        if (edit === undefined || edit.isField) continue;
        const last = edits[index - 1];
        if (last?.isBare === true && edit.start < last.end) {
          last.end = Math.max(last.end, edit.end);
          edits.splice(index, 1);
          index -= 1;
          continue;
        }
        walk.to(text, base, edit.start);
        const start = findNumber(walk, text, base, edit.start);
        const isBare =
          walk.isAtValue && BARE.test(text.slice(edit.start - base, edit.start - base + LONGEST));
        if (start === null && !isBare) continue;
        edit.start = start ?? edit.start;
        edit.end = toNumberEnd(text, base, edit.end);
        edit.text = toQuoted(edit.text);
        edit.isBare = true;
      }
    },
    settle(text, base, until) {
      if (walk.isOver || until <= base) return until;
      const ahead = walk.fork();
      ahead.to(text, base, until);
      return findNumber(ahead, text, base, until) ?? until;
    },
    skip(text, base, until) {
      walk.to(text, base, until);
    },
  };
}

/** How a value of JSON begins that is no string. */
const BARE = /^(?:[-\d]|true|false|null)/;
const LONGEST = 5;
/** How a number begins, up to any of its digits. */
const NUMBER = /^-?(?:\d[\d.eE+-]*)?$/;
/** One that is longer is cut where it is decided. */
const MOST_NUMBER = 128;

/** Gives where the number begins in which a walk over `text` is, at `at` of the whole; null where it is in none. */
function findNumber({ wordStart }: JsonWalk, text: string, base: number, at: number): number | null {
  if (wordStart === null || wordStart < base || at - wordStart > MOST_NUMBER) return null;
  return NUMBER.test(text.slice(wordStart - base, at - base)) ? wordStart : null;
}

/** Gives where the number ends in which an edit does. */
function toNumberEnd(text: string, base: number, from: number): number {
  let end = from;
  while (end >= base && end < base + text.length && OF_NUMBER.has(text.charAt(end - base))) end += 1;
  return end;
}

const OF_NUMBER: ReadonlySet<string> = new Set("0123456789.eE+-");

function toQuoted(text: string): string {
  return text.startsWith('"') ? text : `"${text}"`;
}

/** Cuts a finding in which a string of JSON begins or ends: there, and between values. Any other stays one. */
function cut(finding: Finding, text: string, base: number, isInString: boolean): Finding[] {
  const { isMore, ...rest } = finding;
  const runs: Finding[] = [];
  let isIn = isInString;
  let start = finding.start;
  let isCut = false;
  const close = (end: number, next: number): void => {
    const goesOn = isMore === true && start === finding.start;
    if (end > start) runs.push({ ...rest, start, end, ...(goesOn && { isMore }) });
    start = next;
  };
  for (let i = finding.start; i < finding.end; i += 1) {
    const c = text.charCodeAt(i - base);
    if (c === BACKSLASH && isIn) i += 1;
    else if (c === QUOTE) {
      close(i, i + 1);
      isIn = !isIn;
      isCut = true;
    } else if (!isIn && isBetween(c)) close(i, i + 1);
  }
  close(finding.end, finding.end);
  return isCut ? runs : [finding];
}

/** Says whether a character stands between the values of JSON: a bracket, a comma, a colon, white space. */
function isBetween(c: number): boolean {
  return "{}[],: \t\r\n".includes(String.fromCharCode(c));
}

function unescape(written: string): string {
  try {
    const value: unknown = JSON.parse(`"${written}"`);
    return typeof value === "string" ? value : written;
  } catch {
    return written;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
