// What somebody says into a session whose transcript comes in pieces that nothing ends: when it is to be judged, and what of it.
import type { TextScanner } from "../answer/context.ts";

export type Heard = {
  /** Takes the next piece; gives the words that are to be judged, null where there is nothing to ask yet. */
  take(piece: string): string | null;
};

/** What is judged at once, at the most: what a pattern was found in lies within it. */
const MOST_CHARS = 2_000;
/** So much is judged though nothing was found in it: rules may ask for more than patterns. */
const EVERY_CHARS = 500;

/** Makes the ear of one session. */
export function createHeard(scanner: Pick<TextScanner, "scan">): Heard {
  let words = "";
  let fresh = 0;
  let known = 0;
  const count = (): number => scanner.scan(words, "message", "request").length;
  return {
    take(piece) {
      words += piece;
      fresh += piece.length;
      const found = count();
      if (found <= known && fresh < EVERY_CHARS) return null;
      const judged = words;
      fresh = 0;
      words = words.slice(-MOST_CHARS);
      known = words === judged ? found : count();
      return judged;
    },
  };
}
