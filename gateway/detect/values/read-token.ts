// Reads secrets that their own shape gives away.
import { toEntropy } from "./entropy.ts";
import { isWord, waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";
import { matchBackward, matchForward, NONE, WAIT, type Shape } from "./shape.ts";
import type { TokenRow } from "./table.ts";

/** What documentation writes where a token belongs; chance hardly does. */
const PLACEHOLDER = /your[-_]|[-_]here|example|placeholder|redacted|x{8}/i;

/** Makes the reader of one shape of a token; its trigger is the shape's anchor. Readers have numbers of their own. */
export function createTokenReader(row: TokenRow, shape: Shape, kind: Kind, number: number): Reader {
  const last = shape.parts.at(-1);
  const members = last !== undefined && "members" in last ? last.members : null;
  const beginsHere = shape.anchor === 0 && row.left !== "any";
  return (look: Look, start: number): boolean => {
    const { text } = look;
    if (beginsHere && start > 0 && isWord(text.charCodeAt(start - 1))) return true;
    const from = matchBackward(shape, shape.anchor, text, start);
    if (from === NONE) return true;
    if (row.left !== "any" && from > 0 && isWord(text.charCodeAt(from - 1))) return true;
    if (look.isCovered(number, from)) return true;
    const to = matchForward(shape, shape.anchor, text, start, look.isFinal);
    if (to === NONE) return true;
    if (to === WAIT || (to >= text.length && !look.isFinal)) return waitFrom(look, from);
    if (row.right !== "any" && to < text.length) {
      const c = text.charCodeAt(to);
      if (isWord(c) || (members !== null && c < 128 && members[c] === 1)) {
        // A shape of one length fails at each place within a longer run, at little cost.
        if (to - from < LONG || !look.fail(number, from, to)) return true;
      }
    }
    const value = text.slice(from, to);
    if (isNone(row, value) && !look.fail(number, from, to)) return true;
    look.cover(number, to);
    look.add(kind, from, to);
    return true;
  };
}

const LONG = 256;

function isNone(row: TokenRow, value: string): boolean {
  if (row.entropy !== undefined && toEntropy(value) < row.entropy) return true;
  return row.not?.includes(value) === true || PLACEHOLDER.test(value);
}
