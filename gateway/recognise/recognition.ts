// What a recogniser has said for one exchange: it is asked ahead of every search, so that texts are searched at once.
import { GatewayError } from "../errors.ts";
import { unavailable, type Recognised } from "./analyze.ts";
import { createPassageReader, listPassages, type Passage } from "./passages.ts";
import type { Recogniser } from "./recogniser.ts";

/** Finds in a text that comes in pieces what the recogniser said of its passages; all before `pending` is decided. */
export type RecognisedStream = {
  push(text: string): readonly Recognised[];
  end(): readonly Recognised[];
  readonly pending: number;
  /** Gives what is known so far, as if the text ended here and another one began. */
  cut(): readonly Recognised[];
};

/** Reads a text in pieces ahead of its search. */
export type Ahead = {
  /** Asks about the passages that become whole; null where there is nothing to ask. */
  push(text: string): Promise<void> | null;
  /** Asks about the last one as if the text ended here. */
  rest(): Promise<void> | null;
};

/** What was said so far. What was not asked about cannot be searched. */
export type Recognition = {
  /** Classes of what may be found; none where there is no recogniser. */
  readonly classes: ReadonlySet<string>;
  /** Equal where the same is found; empty where nothing is. */
  readonly digest: string;
  /** Whether a part of the texts was not asked about, which is ignored. */
  readonly isPartial: boolean;
  /** Asks about whole texts; null where there is nothing to ask. Rejects where a text cannot be asked about, which refuses. */
  ask(texts: readonly string[]): Promise<void> | null;
  ahead(): Ahead;
  /** Opens the search of a text. It throws where a passage of it was not asked about. */
  stream(): RecognisedStream;
  /** Begins anew, for texts of any number; what is asked then ends with `ended`, where that is given. */
  fork(ended?: AbortSignal): Recognition;
};

const NOTHING: readonly Recognised[] = [];
const NO_CLASSES: ReadonlySet<string> = new Set();
const NOT_AHEAD: Ahead = { push: () => null, rest: () => null };
const SILENT: RecognisedStream = { push: () => NOTHING, end: () => NOTHING, cut: () => NOTHING, pending: 0 };
/** A name has a letter, a number of a house a digit. */
const HAS_WORD = /[\p{L}\p{N}]/u;
/** An id, which is nobody's name. */
const IS_ID = /^[A-Za-z.:-]*[\d_][\w.:-]*$/;
/** Passages that are kept of texts of any number. */
const MOST_KEPT = 20_000;

/** Stands for a recogniser where there is none. */
export const NO_RECOGNITION: Recognition = {
  classes: NO_CLASSES,
  digest: "",
  isPartial: false,
  ask: () => null,
  ahead: () => NOT_AHEAD,
  stream: () => SILENT,
  fork: () => NO_RECOGNITION,
};

/** Opens what is asked for one exchange; `left` aborts when its caller leaves. */
export function openRecognition(
  recogniser: Recogniser | null,
  tenant: string,
  left: () => AbortSignal,
): Recognition {
  return recogniser === null ? NO_RECOGNITION : createRecognition(recogniser, tenant, left(), false);
}

function createRecognition(
  recogniser: Recogniser,
  tenant: string,
  left: AbortSignal,
  isBounded: boolean,
): Recognition {
  const { maxChars, onError } = recogniser.options;
  const isIgnoring = onError === "ignore";
  const known = new Map<string, readonly Recognised[]>();

  async function find(passages: ReadonlySet<string>): Promise<void> {
    const found = await recogniser.find(tenant, passages, left);
    if (isBounded && known.size > MOST_KEPT) known.clear();
    for (const [passage, one] of found) known.set(passage, one);
    if (found.size < passages.size) recognition.isPartial = true;
  }

  function askAll(passages: readonly string[]): Promise<void> | null {
    const asked = new Set(passages.filter((one) => !known.has(one) && isWorth(one)));
    return asked.size === 0 ? null : find(asked);
  }

  /** Says whether a text is short enough to be asked about; throws where one that is not refuses. */
  function isShort(length: number): boolean {
    if (length <= maxChars) return true;
    if (!isIgnoring)
      throw new GatewayError("recogniser_text_too_long", "A text is too long for the recogniser.");
    recognition.isPartial = true;
    return false;
  }

  function look(passage: string): readonly Recognised[] {
    const found = known.get(passage);
    if (found !== undefined) return found;
    if (isIgnoring || !isWorth(passage)) return NOTHING;
    throw unavailable(null);
  }

  const recognition: Recognition & { isPartial: boolean } = {
    classes: recogniser.classes,
    digest: recogniser.digest,
    isPartial: false,
    ask(texts) {
      const short = texts.filter(({ length }) => isShort(length));
      return askAll(short.flatMap((text) => listPassages(text).map((passage) => passage.text)));
    },
    ahead() {
      const reader = createPassageReader();
      let length = 0;
      return {
        push(text) {
          length += text.length;
          return isShort(length) ? askAll(reader.push(text).map((passage) => passage.text)) : null;
        },
        rest: () => (isShort(length) && reader.rest !== "" ? askAll([reader.rest]) : null),
      };
    },
    stream: () => createRecognisedStream(look),
    fork: (ended = left) => createRecognition(recogniser, tenant, ended, true),
  };
  return recognition;
}

/** Says whether a name may stand in a passage. */
function isWorth(passage: string): boolean {
  return HAS_WORD.test(passage) && !IS_ID.test(passage);
}

/** Finds by what is said of each passage; what two passages share, and say of it, is one finding. */
function createRecognisedStream(look: (passage: string) => readonly Recognised[]): RecognisedStream {
  const reader = createPassageReader();
  let received = 0;
  let held: Recognised[] = [];

  function take({ start: from, text }: Passage): void {
    for (const one of look(text)) {
      const found = { ...one, start: from + one.start, end: from + one.end };
      const same = held.findIndex(
        (other) => other.class === found.class && other.start < found.end && found.start < other.end,
      );
      const known = held[same];
      if (known === undefined) held.push(found);
      else {
        const [start, end] = [Math.min(known.start, found.start), Math.max(known.end, found.end)];
        held[same] = { ...known, start, end };
      }
    }
  }

  function takeAll(passages: readonly Passage[], decided: number): readonly Recognised[] {
    const found = passages.flatMap((passage, index) => {
      take(passage);
      return give(passages[index + 1]?.start ?? decided);
    });
    return found.length === 0 ? NOTHING : found;
  }

  /** Gives what no further passage can add to, in the order in which it begins. */
  function give(decided: number): readonly Recognised[] {
    if (held.length === 0) return NOTHING;
    held.sort((a, b) => a.start - b.start || b.end - a.end);
    const open = held.findIndex(({ end }) => end > decided);
    const given = open === -1 ? held : held.slice(0, open);
    held = open === -1 ? [] : held.slice(open);
    return given;
  }

  function finish(): readonly Recognised[] {
    stream.pending = 0;
    return [...takeAll(reader.end(), Number.POSITIVE_INFINITY), ...give(Number.POSITIVE_INFINITY)];
  }

  const stream = {
    pending: 0,
    cut: finish,
    end: finish,
    push(text: string) {
      received += text.length;
      const passages = reader.push(text);
      const found = takeAll(passages, reader.from);
      stream.pending = received - Math.min(reader.from, held[0]?.start ?? received);
      return found;
    },
  };
  return stream;
}
