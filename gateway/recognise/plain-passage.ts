// Reads a passage as a recogniser is to read it: the escapes of JSON decoded, and where each character came from.

/** A text without escapes. */
export type PlainPassage = {
  readonly text: string;
  /** Gives where in the passage as it came a character begins, by its offset in UTF-16 units. */
  toStart(offset: number): number;
  /** Gives where the character before an offset ends. */
  toEnd(offset: number): number;
};

/** An escape of a string of JSON, as often as such strings stand in another. */
const ESCAPE = /\\{1,8}(?:u([0-9a-fA-F]{4})|([nrt"/]))/g;
const SIMPLE: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Decodes a passage; one without a backslash stands for itself. */
export function toPlainPassage(passage: string): PlainPassage {
  if (!passage.includes("\\"))
    return { text: passage, toStart: (offset) => offset, toEnd: (offset) => offset };
  let text = "";
  let at = 0;
  /** By character of the plain text: where it begins and ends. */
  const starts: number[] = [];
  const ends: number[] = [];
  const put = (character: string, start: number, end: number): void => {
    text += character;
    starts.push(start);
    ends.push(end);
  };
  for (const match of passage.matchAll(ESCAPE)) {
    for (; at < match.index; at += 1) put(passage.charAt(at), at, at + 1);
    const [escape, code, letter = ""] = match;
    const character =
      code === undefined ? (SIMPLE[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16));
    put(character, at, at + escape.length);
    at += escape.length;
  }
  for (; at < passage.length; at += 1) put(passage.charAt(at), at, at + 1);
  return {
    text,
    toStart: (offset) => starts[offset] ?? passage.length,
    toEnd: (offset) => ends[offset - 1] ?? 0,
  };
}
