// Tells where in a JSON text a masked value stands: outside of a string its replacement needs quotes.
import type { Finding } from "../exchange.ts";
import type { Edit } from "./edits.ts";
import { compareFindings } from "./field-scan.ts";
import { createJsonWalk } from "./json-walk.ts";

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
      for (const edit of edits.slice(first)) {
        if (edit.isField || walk.isOver) continue;
        walk.to(text, base, edit.start);
        const isBare =
          walk.isAtValue && BARE.test(text.slice(edit.start - base, edit.start - base + LONGEST));
        if (isBare && !edit.text.startsWith('"')) edit.text = `"${edit.text}"`;
      }
    },
    skip(text, base, until) {
      walk.to(text, base, until);
    },
  };
}

/** How a value of JSON begins that is no string. */
const BARE = /^(?:[-\d]|true|false|null)/;
const LONGEST = 5;

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
