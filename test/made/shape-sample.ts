// Makes texts that have a given shape, so that no made-up secret stands whole in the repository.

/** Gives a number from 0 up to, not including, 1. */
export type Random = () => number;

/** One part of a shape: the characters that may stand there, and how often. */
export type SamplePart = {
  readonly characters: readonly string[];
  readonly min: number;
  readonly max: number;
  /** Whether it is one character as it is. */
  readonly isPlain: boolean;
};

const VISIBLE = range("!", "~");
const COUNT = /^\{(\d+)(?:,(\d+))?\}/;

/** Creates a generator that gives the same numbers for the same seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}

/** Makes a text of the shape; each part is as long as `length` says, or as long as chance has it. */
export function sampleShape(shape: string, random: Random, length?: "least" | "most"): string {
  let text = "";
  for (const { characters, min, max } of parseShape(shape)) {
    const most = Math.min(max, min + 400);
    const count =
      length === "least" ? min : length === "most" ? max : min + Math.floor(random() * (most - min + 1));
    for (let k = 0; k < count; k += 1) text += pick(characters, random);
  }
  return text;
}

/** Parses a shape into its parts. */
export function parseShape(shape: string): readonly SamplePart[] {
  const parts: SamplePart[] = [];
  let at = 0;
  while (at < shape.length) {
    let characters: readonly string[];
    let isPlain = false;
    if (shape[at] === "[") {
      const end = findEnd(shape, at);
      characters = parseClass(shape.slice(at + 1, end));
      at = end + 1;
    } else {
      const isEscaped = shape[at] === "\\";
      const character = shape.charAt(isEscaped ? at + 1 : at);
      isPlain = !(isEscaped && /[dw]/.test(character));
      characters = isPlain ? [character] : parseClass(`\\${character}`);
      at += isEscaped ? 2 : 1;
    }
    const count = COUNT.exec(shape.slice(at));
    const isOptional = shape[at] === "?";
    const min = isOptional ? 0 : Number(count?.[1] ?? 1);
    const max = isOptional ? 1 : Number(count?.[2] ?? count?.[1] ?? 1);
    at += isOptional ? 1 : (count?.[0].length ?? 0);
    parts.push({ characters, min, max, isPlain: isPlain && min === 1 && max === 1 });
  }
  return parts;
}

function findEnd(shape: string, from: number): number {
  for (let at = from + 1; at < shape.length; at += 1) {
    if (shape[at] === "\\") at += 1;
    else if (shape[at] === "]") return at;
  }
  throw new Error(`The class of ${shape} has no end.`);
}

function parseClass(inside: string): readonly string[] {
  const isNegated = inside.startsWith("^");
  const members = new Set<string>();
  let at = isNegated ? 1 : 0;
  while (at < inside.length) {
    const isEscaped = inside[at] === "\\";
    const first = inside.charAt(isEscaped ? at + 1 : at);
    at += isEscaped ? 2 : 1;
    if (isEscaped && first === "d") for (const digit of range("0", "9")) members.add(digit);
    else if (isEscaped && first === "w")
      for (const word of [...range("0", "9"), ...range("A", "Z"), ...range("a", "z"), "_"]) members.add(word);
    else if (inside[at] === "-" && at + 1 < inside.length) {
      for (const character of range(first, inside.charAt(at + 1))) members.add(character);
      at += 2;
    } else members.add(first);
  }
  return isNegated ? VISIBLE.filter((character) => !members.has(character)) : [...members];
}

function range(from: string, to: string): string[] {
  const first = from.charCodeAt(0);
  return Array.from({ length: to.charCodeAt(0) - first + 1 }, (_, index) =>
    String.fromCharCode(first + index),
  );
}

function pick(characters: readonly string[], random: Random): string {
  return characters[Math.floor(random() * characters.length)] ?? "";
}
