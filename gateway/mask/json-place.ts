// Tells where in a JSON text a masked value stands: outside of a string its replacement needs quotes.
import type { Edit } from "./edits.ts";

/** Follows a text that may be JSON, as far as it is known. `text` is what begins at `from` of the whole. */
export type JsonPlace = {
  /** Reads the text up to `until`; what lies before need not be given again. */
  follow(text: string, from: number, until: number): void;
  /** Puts quotes round what replaces a value outside of a string, from edit number `first` on. */
  quote(text: string, from: number, edits: Edit[], first: number): void;
};

/** Begins at the text's beginning; a text that does not begin as an object or a list does is none. */
export function createJsonPlace(): JsonPlace {
  let at = 0;
  let isInString = false;
  let isJson: boolean | null = null;
  let head = "";

  function read(text: string, from: number, until: number): void {
    for (; at < until; at += 1) {
      const c = text.charCodeAt(at - from);
      if (c === BACKSLASH && isInString) at += 1;
      else if (c === QUOTE) isInString = !isInString;
    }
  }

  /** What a text is shows at its beginning. */
  function decide(text: string, from: number, isAsked: boolean): boolean {
    if (isJson !== null) return isJson;
    head += text.slice(head.length - from, HEAD - from);
    const found = JSON_START.test(head);
    if (isAsked || head.length >= HEAD) isJson = found;
    return isJson ?? true;
  }

  return {
    follow(text, from, until) {
      if (decide(text, from, false)) read(text, from, until);
    },
    quote(text, from, edits, first) {
      if (!decide(text, from, true)) return;
      for (const edit of edits.slice(first)) {
        read(text, from, edit.start);
        if (!isInString && !edit.text.startsWith('"')) edit.text = `"${edit.text}"`;
      }
    },
  };
}

/** So much of a text shows what it is. */
const HEAD = 256;
/** A list begins with a value or ends: `[REDACTED:email] wrote` is none. */
const JSON_START = /^\s*(?:\{\s*(?:["}]|$)|\[\s*(?:["{[\]\d-]|true|false|null|$))/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
