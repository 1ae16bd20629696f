// Expands shell words as far as their value can be known before they run.
import type { ShellWord } from "./shell-parse.ts";

/** A word after expansion. */
export type Argument = {
  readonly text: string;
  /** Part of its value is known only when it runs. */
  readonly isUnknown: boolean;
  /** The unknown part is not quoted, so that it may be several words, options among them. */
  readonly isOpen: boolean;
  /** It has an unquoted `*`, `?` or `[`. */
  readonly isGlob: boolean;
  /** The scripts in it, whose output is part of it. */
  readonly scripts: readonly string[];
  /** It is a `<(…)`, a file that a script writes. */
  readonly isFile: boolean;
};

/** Values of variables; a name that is not in it, or null, is not known. */
export type Variables = Map<string, string | null>;

const MAX_WORDS = 64;

/**
 * Expands one word into the words that it becomes.
 *
 * @param output - Gives what a script prints, where that can be known.
 */
export function expandWord(
  word: ShellWord,
  variables: Variables,
  output: (script: string) => string | null,
): Argument[] {
  return expandBraces(word)
    .flatMap((inner) => expandPlain(inner, variables, output))
    .slice(0, MAX_WORDS);
}

function expandPlain(
  word: ShellWord,
  variables: Variables,
  output: (script: string) => string | null,
): Argument[] {
  const done: Argument[] = [];
  let current = createArgument();
  let isStarted = false;
  const add = (text: string): void => {
    current.text += text;
    isStarted = true;
  };
  const addSplit = (value: string): void => {
    const pieces = value.split(/[ \t\n]+/);
    for (const [i, piece] of pieces.entries()) {
      if (i > 0 && isStarted) {
        done.push(current);
        current = createArgument();
        isStarted = false;
      }
      if (piece !== "") add(piece);
    }
  };
  for (const part of word) {
    if (part.kind === "text") {
      if (!part.isQuoted && /[*?[]/.test(part.text)) current.isGlob = true;
      add(part.text);
      continue;
    }
    let value: string | null = null;
    if (part.kind === "variable") value = part.name === "IFS" ? " " : toVariable(part.name, variables);
    else if (part.kind === "script") {
      value = part.isFile ? null : output(part.script);
      current.scripts.push(part.script);
      if (part.isFile) current.isFile = true;
    }
    if (value === null) {
      current.isUnknown = true;
      if (!part.isQuoted) current.isOpen = true;
      isStarted = true;
    } else if (part.isQuoted) add(value.replace(/\n+$/, ""));
    else addSplit(value);
  }
  if (isStarted) done.push(current);
  return done.slice(0, MAX_WORDS);
}

function createArgument() {
  return {
    text: "",
    isUnknown: false,
    isOpen: false,
    isGlob: false,
    scripts: new Array<string>(),
    isFile: false,
  };
}

function toVariable(name: string, variables: Variables): string | null {
  const value = variables.get(name);
  if (value !== undefined) return value;
  // A home folder is as good as its name.
  return name === "HOME" ? "~" : null;
}

/** `{rm,-rf,/}` is three words. Of more than are allowed the rest is dropped. */
function expandBraces(word: ShellWord): readonly ShellWord[] {
  let words: readonly ShellWord[] = [word];
  for (let round = 0; round < MAX_WORDS; round += 1) {
    const next = words.flatMap((inner) => expandBrace(inner) ?? [inner]).slice(0, MAX_WORDS);
    if (next.length === words.length && next.every((inner, i) => inner === words[i])) break;
    words = next;
  }
  return words;
}

function expandBrace(word: ShellWord): ShellWord[] | null {
  for (const [at, part] of word.entries()) {
    if (part.kind !== "text" || part.isQuoted) continue;
    const found = /^([^{]*)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(part.text);
    if (found === null) continue;
    const [, before = "", inner = "", after = ""] = found;
    return inner
      .split(",")
      .slice(0, MAX_WORDS)
      .map((choice) => [
        ...word.slice(0, at),
        { ...part, text: before + choice + after },
        ...word.slice(at + 1),
      ]);
  }
  return null;
}
