// Tells where in a JSON text a masked value stands: outside of a string its replacement needs quotes.
import type { Edit } from "./edits.ts";

/** Follows a text that may be JSON, as far as it is known. */
export type JsonPlace = {
  /** Puts quotes round what replaces a value outside of a string, from edit number `first` on. */
  quote(text: string, edits: Edit[], first: number): void;
};

/** Begins at the text's beginning; a text that does not begin as an object or a list does is none. */
export function createJsonPlace(): JsonPlace {
  let at = 0;
  let isInString = false;
  let isJson: boolean | null = null;

  function isInside(text: string, offset: number): boolean {
    for (; at < offset; at += 1) {
      const c = text.charCodeAt(at);
      if (c === BACKSLASH && isInString) at += 1;
      else if (c === QUOTE) isInString = !isInString;
    }
    return isInString;
  }

  return {
    quote(text, edits, first) {
      isJson ??= JSON_START.test(text);
      if (!isJson) return;
      for (const edit of edits.slice(first)) {
        if (!isInside(text, edit.start) && !edit.text.startsWith('"')) edit.text = `"${edit.text}"`;
      }
    },
  };
}

/** A list begins with a value or ends: `[REDACTED:email] wrote` is none. */
const JSON_START = /^\s*(?:\{\s*(?:["}]|$)|\[\s*(?:["{[\]\d-]|true|false|null|$))/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
