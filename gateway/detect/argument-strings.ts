// Finds every string in a tool call's arguments, also where the JSON is broken or says a key twice.

/** A string in the arguments. */
export type ArgumentString = {
  readonly text: string;
  /** The key that it stands under, also where an array is between; null at the top. */
  readonly key: string | null;
  /** The array that it is an element of; null where it is none. */
  readonly array: number | null;
  /** The innermost object that it is in. */
  readonly object: number;
};

export type ArgumentStrings = { readonly strings: readonly ArgumentString[]; readonly isCut: boolean };

const MAX_STRINGS = 512;

/** Reads JSON text, tolerant of what is wrong with it; text that is no JSON is one string without a key. */
export function collectStrings(text: string): ArgumentStrings {
  const first = text.trimStart().charAt(0);
  if (first !== "{" && first !== "[" && first !== '"') {
    return { strings: [{ text, key: null, array: null, object: 0 }], isCut: false };
  }
  const strings: ArgumentString[] = [];
  const open: { key: string | null; array: number | null; object: number }[] = [];
  let here: { key: string | null; array: number | null; object: number } = {
    key: null,
    array: null,
    object: 0,
  };
  let ids = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (c === '"') {
      const end = closeString(text, i);
      const value = decode(text.slice(i, end));
      i = end - 1;
      const colon = skipSpace(text, end);
      if (text.charAt(colon) === ":" && here.array === null) {
        here.key = value;
        i = colon;
      } else {
        if (strings.length >= MAX_STRINGS) return { strings, isCut: true };
        strings.push({ text: value, ...here });
      }
    } else if (c === "{" || c === "[") {
      open.push({ ...here });
      ids += 1;
      here = c === "{" ? { key: here.key, array: null, object: ids } : { ...here, array: ids };
    } else if (c === "}" || c === "]") here = open.pop() ?? { key: null, array: null, object: 0 };
  }
  return { strings, isCut: false };
}

function skipSpace(text: string, from: number): number {
  let i = from;
  while (i < text.length && text.charCodeAt(i) <= 0x20) i += 1;
  return i;
}

function closeString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i += 1;
    else if (c === 0x22) return i + 1;
  }
  return text.length;
}

function decode(literal: string): string {
  try {
    const value: unknown = JSON.parse(literal);
    if (typeof value === "string") return value;
  } catch {
    // Broken JSON: what stands there is taken as it is.
  }
  return literal
    .slice(1)
    .replace(/"$/, "")
    .replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, c: string | undefined) =>
      hex === undefined
        ? ({ n: "\n", t: "\t", r: "\r" }[c ?? ""] ?? c ?? "")
        : String.fromCharCode(Number.parseInt(hex, 16)),
    );
}
