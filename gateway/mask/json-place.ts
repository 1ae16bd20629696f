// Tells where in a JSON text a masked value stands: outside of a string its replacement needs quotes.
import type { Finding } from "../exchange.ts";
import type { Edit } from "./edits.ts";

/** Follows a text that may be JSON, as far as it is known. */
export type JsonPlace = {
  /** Gives a stretch of a whole text as the value that it is: in a string of JSON without its escapes. */
  read(text: string, start: number, end: number): string;
  /** Leaves what holds the text together out of findings: a value may seem to go on behind the string that it stands in. */
  split(text: string, findings: readonly Finding[], base?: number): readonly Finding[];
  /** Puts quotes round what replaces a value outside of a string, from edit number `first` on. `text` begins at `base` of the whole. */
  quote(text: string, edits: Edit[], first: number, base?: number): void;
  /** Takes notice of a text that begins at `base` before it is gone, up to `until` of the whole. */
  skip(text: string, base: number, until: number): void;
};

/** Begins at the text's beginning; a text that does not begin as an object or a list does is none. */
export function createJsonPlace(): JsonPlace {
  let at = 0;
  let isInString = false;
  let isJson: boolean | null = null;
  /** The beginning, as long as it does not tell. */
  let head = "";

  function isInside(text: string, base: number, offset: number): boolean {
    for (; at < offset; at += 1) {
      const c = text.charCodeAt(at - base);
      if (c === BACKSLASH && isInString) at += 1;
      else if (c === QUOTE) isInString = !isInString;
    }
    return isInString;
  }

  /** Walks over what came before, once it is known to be JSON. */
  function look(text: string, base: number, isEnough: boolean): boolean {
    if (isJson !== null) return isJson;
    const all = head + text;
    const begun = /^\s*(?:[{[]\s*)?/.exec(all)?.[0].length ?? 0;
    if (!isEnough && all.length - begun < ENOUGH && all.length < MOST_HEAD) return false;
    isJson = JSON_START.test(all);
    if (isJson) isInside(all, 0, base);
    return isJson;
  }

  return {
    read(text, start, end) {
      const written = text.slice(start, end);
      if (!written.includes("\\") || !look(text, 0, true) || !isInside(text, 0, start)) return written;
      return unescape(written);
    },
    split(text, findings, base = 0) {
      if (findings.length === 0 || !look(text, base, true)) return findings;
      // What `quote` is asked about lies behind.
      const before = { at, isInString };
      const runs = findings.flatMap((finding) =>
        finding.field === undefined
          ? cut(finding, text, base, isInside(text, base, finding.start))
          : [finding],
      );
      ({ at, isInString } = before);
      return runs;
    },
    quote(text, edits, first, base = 0) {
      if (!look(text, base, true)) return;
      for (const edit of edits.slice(first)) {
        if (edit.isField) continue;
        if (!isInside(text, base, edit.start) && !edit.text.startsWith('"')) edit.text = `"${edit.text}"`;
      }
    },
    skip(text, base, until) {
      if (look(text, base, false)) isInside(text, base, until);
      head = isJson === null ? head + text.slice(0, until - base) : "";
    },
  };
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

/** Tells of a text that comes in pieces whether a place lies in a string of JSON. */
export type JsonFollower = {
  /** Follows a piece, which begins at `from` of the whole text, up to `until`; what was followed before is passed over. */
  follow(piece: string, from: number, until: number): void;
  isInString(): boolean;
};

/** So much of a text's beginning tells whether it is JSON. */
const HEAD = 64;

/** Begins at the text's beginning. */
export function createJsonFollower(): JsonFollower {
  let at = 0;
  let head = "";
  let isInString = false;
  let isEscaped = false;
  let isText = false;
  return {
    follow(piece, from, until) {
      for (; at < until; at += 1) {
        if (at < HEAD) {
          head += piece.charAt(at - from);
          isText = !/^\s*(?:[{[]|$)/.test(head);
        }
        if (isText) {
          at = until;
          return;
        }
        const c = piece.charCodeAt(at - from);
        if (isEscaped) isEscaped = false;
        else if (c === BACKSLASH) isEscaped = isInString;
        else if (c === QUOTE) isInString = !isInString;
      }
    },
    isInString: () => isInString && !isText && JSON_START.test(head),
  };
}

function unescape(written: string): string {
  try {
    const value: unknown = JSON.parse(`"${written}"`);
    return typeof value === "string" ? value : written;
  } catch {
    return written;
  }
}

/** A list begins with a value or ends: `[REDACTED:email] wrote` is none. */
const JSON_START = /^\s*(?:\{\s*(?:["}]|$)|\[\s*(?:["{[\]\d-]|true|false|null|$))/;
/** So many characters behind an opening bracket tell what this is; so much blank before them is looked at. */
const ENOUGH = 8;
const MOST_HEAD = 4096;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
