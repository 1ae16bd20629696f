// Searches a file that is no text for what lies bare in it, and holds back the bytes in which a value may still begin.
import { GatewayError } from "../errors.ts";
import type { Finding } from "../exchange.ts";
import { createTextRuns, type OpenRun } from "../form/text-runs.ts";
import type { TextScanner } from "./context.ts";

/** Takes the bytes of one file in order. */
export type BareTexts = {
  /** Takes the next bytes; gives those that may go. Throws where `onFound` does. */
  push(bytes: Buffer): readonly Buffer[];
  /** Gives what is left. */
  end(): readonly Buffer[];
};

/** So many bytes without any text end what was said before them. */
const GAP = 4096;
/** No value begins before so many line breaks and ends behind them. */
const BREAK = "\n".repeat(128);
/** More is not held back: no file that somebody made for a purpose asks for it. */
const MOST_HELD = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** Opens the search; `isPart` where the file begins anywhere. `onFound` is told what was found before any of it may go. */
export function createBareTexts(
  scanner: TextScanner,
  isPart: boolean,
  onFound: (found: readonly Finding[]) => void,
): BareTexts {
  const runs = createTextRuns(isPart);
  const narrow = scanner.stream("other");
  const wide = scanner.stream("other");
  let held: Buffer = NOTHING;
  /** Bytes since the last text. */
  let silent = 0;

  function find(found: readonly Finding[]): void {
    if (found.length > 0) onFound(found);
  }

  return {
    push(bytes) {
      const texts = runs.push(bytes);
      silent = texts.narrow === "" && texts.wide === "" ? silent + bytes.length : 0;
      const end = silent > GAP ? BREAK : "";
      find(narrow.push(texts.narrow + end));
      find(wide.push(texts.wide + end));
      const all = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const open = runs.open;
      const inWide = toHeld(open.wide, wide.pending);
      // A character of two bytes has a zero on either side.
      const most = Math.max(toHeld(open.narrow, narrow.pending), inWide === 0 ? 0 : 2 * inWide + 1);
      const free = Math.max(0, all.length - most);
      held = all.subarray(free);
      if (held.length > MOST_HELD)
        throw new GatewayError(
          "detector_failed",
          "A file holds too much that may be the beginning of a value.",
        );
      return free === 0 ? [] : [all.subarray(0, free)];
    },
    end() {
      find(narrow.end());
      find(wide.end());
      return held.length === 0 ? [] : [held];
    },
  };
}

/** Gives how many characters of the last ones are undecided: all where they lie before the run that is open. */
function toHeld({ length, isLong }: OpenRun, pending: number): number {
  if (!isLong) return pending === 0 ? length : Number.POSITIVE_INFINITY;
  return pending <= length ? pending : Number.POSITIVE_INFINITY;
}
