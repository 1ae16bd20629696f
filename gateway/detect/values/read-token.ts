// Reads secrets that their own shape gives away.
import { toEntropy } from "./entropy.ts";
import { isWord, waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";
import { matchBackward, matchForward, NONE, WAIT, type Shape } from "./shape.ts";
import type { TokenRow } from "./table.ts";

/** What documentation writes where a token belongs; chance hardly does. */
const PLACEHOLDER = /your[-_]|[-_]here|example|placeholder|redacted|x{8}/i;

/** Makes the reader of one shape of a token; its trigger is the shape's anchor. */
export function createTokenReader(row: TokenRow, shape: Shape, kind: Kind): Reader {
  const last = shape.parts.at(-1);
  const members = last !== undefined && "members" in last ? last.members : null;
  return (look: Look, start: number): boolean => {
    const { text } = look;
    const from = matchBackward(shape, shape.anchor, text, start);
    if (from === NONE) return true;
    if (row.left !== "any" && from > 0 && isWord(text.charCodeAt(from - 1))) return true;
    const to = matchForward(shape, shape.anchor, text, start, look.isFinal);
    if (to === NONE) return true;
    if (to === WAIT || (to >= text.length && !look.isFinal)) return waitFrom(look, from);
    if (row.right !== "any" && to < text.length) {
      const c = text.charCodeAt(to);
      if (isWord(c) || (members !== null && c < 128 && members[c] === 1)) return true;
    }
    const value = text.slice(from, to);
    if (row.entropy !== undefined && toEntropy(value) < row.entropy) return true;
    if (row.not?.includes(value) === true || PLACEHOLDER.test(value)) return true;
    look.add(kind, from, to);
    return true;
  };
}
