// Walks over a text as long as it may be JSON, one value or several behind each other, and tells where in it a place lies.

/** Where the end of what was walked over lies. */
export type JsonWalk = {
  /** Walks on, over `text`, which begins at `base` of the whole, up to `until` of the whole; what was walked over is passed. */
  to(text: string, base: number, until: number): void;
  /** The text cannot be JSON. */
  readonly isOver: boolean;
  readonly isInString: boolean;
  /** Within brackets, where a value may begin. */
  readonly isAtValue: boolean;
  /** Where the word begins that is being read, which is no string; null where none is. */
  readonly wordStart: number | null;
  /** Makes a walk of its own that goes on from here. */
  fork(): JsonWalk;
};

type State = {
  at: number;
  place: "value" | "string" | "escape" | "word" | "after" | "over";
  depth: number;
  /** Where the last word began. */
  wordStart: number;
  /** The outermost bracket that has just been opened; nothing has come within it. */
  root: typeof OBJECT | typeof LIST | null;
  /** The beginning of a list's first word; null anywhere else. */
  word: string | null;
};

/** Begins at the text's beginning. `[1] says` and `{name}` are no JSON, and what comes behind them is none either. */
export function createJsonWalk(): JsonWalk {
  return toWalk({ at: 0, place: "value", depth: 0, wordStart: 0, root: null, word: null });
}

function toWalk(state: State): JsonWalk {
  return {
    to(text, base, until) {
      for (; state.at < until && state.place !== "over"; state.at += 1)
        take(state, text.charCodeAt(state.at - base));
    },
    get isOver() {
      return state.place === "over";
    },
    get isInString() {
      return state.place === "string" || state.place === "escape";
    },
    get isAtValue() {
      return state.place === "value" && state.depth > 0 && state.root !== OBJECT;
    },
    get wordStart() {
      return state.place === "word" ? state.wordStart : null;
    },
    fork: () => toWalk({ ...state }),
  };
}

function take(state: State, c: number): void {
  if (state.place === "string") {
    if (c === BACKSLASH) state.place = "escape";
    else if (c === QUOTE) state.place = "after";
    return;
  }
  if (state.place === "escape") {
    state.place = "string";
    return;
  }
  const isOfWord = !isBlank(c) && !SIGNS.has(c);
  if (isOfWord && state.place === "word") {
    if (state.word !== null && state.word.length < MOST_WORD) state.word += String.fromCharCode(c);
    return;
  }
  if (state.place === "word") {
    state.place = state.word === null || FIRST_WORD.test(state.word) ? "after" : "over";
    state.word = null;
  }
  if (!isBlank(c) && state.place !== "over") begin(state, c, isOfWord);
}

function begin(state: State, c: number, isOfWord: boolean): void {
  const { root } = state;
  state.root = null;
  // An object begins with a name or ends.
  if (root === OBJECT && c !== QUOTE && c !== END_OBJECT) {
    state.place = "over";
    return;
  }
  if (c === END_OBJECT || c === END_LIST) {
    state.depth -= 1;
    state.place = state.depth < 0 ? "over" : "after";
  } else if (c === COMMA || c === COLON) {
    state.place = state.depth === 0 ? "over" : "value";
  } else if (c === OBJECT || c === LIST) {
    if (state.depth === 0) state.root = c;
    state.place = state.place === "after" && state.depth > 0 ? "over" : "value";
    state.depth += 1;
  } else if (state.depth === 0 || state.place === "after") {
    state.place = "over";
  } else if (isOfWord) {
    state.place = "word";
    state.wordStart = state.at;
    state.word = root === LIST ? String.fromCharCode(c) : null;
  } else state.place = "string";
}

function isBlank(c: number): boolean {
  return c === 0x20 || (c >= 0x09 && c <= 0x0d) || c === 0xa0 || c === 0xfeff;
}

/** A list that begins with another word is none: `[REDACTED:email] wrote`. */
const FIRST_WORD = /^(?:-?\d|(?:true|false|null)$)/;
const MOST_WORD = 6;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OBJECT = 0x7b;
const END_OBJECT = 0x7d;
const LIST = 0x5b;
const END_LIST = 0x5d;
const SIGNS: ReadonlySet<number> = new Set([QUOTE, COMMA, COLON, OBJECT, END_OBJECT, LIST, END_LIST]);
