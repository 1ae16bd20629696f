// Tells where in a JSON text a masked value stands: outside of a string its replacement needs quotes.
import type { Edit } from "./edits.ts";

/** Follows a text that may be JSON, as far as it is known. */
export type JsonPlace = {
  /** Puts quotes round what replaces a value outside of a string, from edit number `first` on. `text` begins at `base` of the whole. */
  quote(text: string, edits: Edit[], first: number, base?: number): void;
  /** Takes notice of a text that begins at `base` before it is gone, up to `until` of the whole. */
  skip(text: string, base: number, until: number): void;
};

/** Begins at the text's beginning; a text that begins with neither `{` nor `[` is none. */
export function createJsonPlace(): JsonPlace {
  let at = 0;
  let isInString = false;
  let isJson: boolean | null = null;

  function isInside(text: string, base: number, offset: number): boolean {
    for (; at < offset; at += 1) {
      const c = text.charCodeAt(at - base);
      if (c === BACKSLASH && isInString) at += 1;
      else if (c === QUOTE) isInString = !isInString;
    }
    return isInString;
  }

  function look(text: string): boolean {
    const first = isJson === null ? /\S/.exec(text)?.[0] : undefined;
    if (first !== undefined) isJson = first === "{" || first === "[";
    return isJson === true;
  }

  return {
    quote(text, edits, first, base = 0) {
      if (!look(text)) return;
      for (const edit of edits.slice(first)) {
        if (!isInside(text, base, edit.start) && !edit.text.startsWith('"')) edit.text = `"${edit.text}"`;
      }
    },
    skip(text, base, until) {
      if (look(text)) isInside(text, base, until);
    },
  };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
