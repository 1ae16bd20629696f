// Compilation of a pattern table into alternatives, each with the literals that must stand in a text for it to match.
import { RE2JS } from "re2js";
import { GatewayError } from "../errors.ts";
import { buildAutomaton, type Automaton } from "./automaton.ts";
import { foldText, type Folding } from "./fold.ts";
import type { PatternAlternative, PatternTable } from "./pattern-spec.ts";

type Common = {
  /** Its number within the group. */
  readonly slot: number;
  readonly id: string;
  readonly class: string;
  /** Units before a literal that a match may begin at. */
  readonly before: number;
};

/** One compiled way to match. */
export type Alternative = Common &
  (
    | { readonly form: "literal"; readonly checkLeft: boolean; readonly checkRight: boolean }
    | {
        readonly form: "run";
        readonly fold: boolean;
        readonly alphabet: Uint8Array;
        readonly min: number;
        readonly max: number;
        readonly suffixes: readonly string[];
        readonly checkLeft: boolean;
        readonly checkRight: boolean;
      }
    | {
        readonly form: "regex";
        readonly fold: boolean;
        readonly regex: RE2JS;
        readonly window: number;
        readonly checkLeft: boolean;
      }
    | { readonly form: "invisible"; readonly characters: InvisibleKind; readonly min: number }
  );

export type InvisibleKind = "tag" | "bidi" | "zero_width";

/** A literal in the automaton. */
export type Entry = {
  readonly folded: string;
  /** The literal as written, where it must stand exactly so; else null. */
  readonly exact: string | null;
  readonly alternative: Alternative;
};

/** The alternatives that apply to some kind of text in some direction, compiled together. */
export type Group = {
  readonly automaton: Automaton;
  readonly entries: readonly Entry[];
  readonly alternatives: readonly Alternative[];
  readonly invisible: readonly (Alternative & { readonly form: "invisible" })[];
  readonly maxBefore: number;
  readonly folding: Folding;
  /** A block of text, as units and as the bytes under them. */
  readonly units: Uint16Array;
  readonly bytes: Buffer;
};

/** How many units of a text are looked at in one go. */
const BLOCK = 8192;

/**
 * Compiles the patterns with the given ids.
 *
 * @throws GatewayError `detector_failed` that names the pattern that cannot be compiled.
 */
export function compileGroup(patterns: PatternTable, ids: readonly string[], folding: Folding): Group {
  const entries: Entry[] = [];
  const alternatives: Alternative[] = [];
  for (const id of ids) {
    const spec = patterns[id];
    if (spec === undefined) continue;
    for (const written of spec.any) {
      const source = typeof written === "string" ? { literal: written } : written;
      const compiled = compileAlternative(
        source,
        { slot: alternatives.length, id, class: spec.class },
        folding,
      );
      alternatives.push(compiled.alternative);
      for (const literal of compiled.literals) {
        const folded = foldText(literal, folding);
        if (folded.replaceAll(" ", "").length < 3) {
          throw refuse(id, "a literal or prefix needs at least three visible characters");
        }
        const exact = compiled.isExact ? literal : null;
        if (exact !== null && exact !== exact.trim())
          throw refuse(id, "an exact literal has space at its ends");
        entries.push({ folded, exact, alternative: compiled.alternative });
      }
    }
  }
  const invisible = alternatives.filter((alternative) => alternative.form === "invisible");
  const literals = entries.map(({ folded, alternative }) => ({
    folded,
    needsBoundary: needsBoundary(alternative),
  }));
  const automaton = buildAutomaton(literals, folding, invisible.length > 0);
  if (automaton === null) throw refuse(ids[0] ?? "", "the table holds too many literals");
  const maxBefore = alternatives.reduce((most, alternative) => Math.max(most, alternative.before), 0);
  const bytes = Buffer.alloc(BLOCK * 2);
  const units = new Uint16Array(bytes.buffer, bytes.byteOffset, BLOCK);
  return { automaton, entries, alternatives, invisible, maxBefore, folding, units, bytes };
}

/** Says whether a literal's hit counts only where no word goes on before it. */
export function needsBoundary(alternative: Alternative): boolean {
  return alternative.form !== "invisible" && alternative.before === 0 && alternative.checkLeft;
}

type Compiled = { alternative: Alternative; literals: readonly string[]; isExact: boolean };

function compileAlternative(
  source: PatternAlternative,
  names: { slot: number; id: string; class: string },
  folding: Folding,
): Compiled {
  const common = { ...names, before: 0 };
  if ("characters" in source) {
    const { characters, min = 1 } = source;
    return { alternative: { ...common, form: "invisible", characters, min }, literals: [], isExact: false };
  }
  if ("literal" in source) {
    const folded = foldText(source.literal, folding);
    const isWhole = source.word ?? true;
    const checkLeft = isWhole && folding.word[folded.charCodeAt(0)] === 1;
    const checkRight = isWhole && folding.word[folded.charCodeAt(folded.length - 1)] === 1;
    const alternative = { ...common, form: "literal", checkLeft, checkRight } as const;
    return { alternative, literals: [source.literal], isExact: source.case === "exact" };
  }
  if ("regex" in source) {
    const fold = source.case !== "exact";
    const { window = 256, before = 0 } = source;
    const regex = compileRegex(names.id, source.regex, fold);
    const checkLeft = source.left_boundary ?? true;
    const alternative = { ...common, before, form: "regex", fold, regex, window, checkLeft } as const;
    return { alternative, literals: source.literals, isExact: !fold };
  }
  const fold = source.case === "fold";
  if (source.min > source.max) throw refuse(names.id, "min is above max");
  const alternative = {
    ...common,
    form: "run",
    fold,
    alphabet: compileAlphabet(names.id, source.alphabet, fold),
    min: source.min,
    max: source.max,
    suffixes: (source.suffix ?? []).map((suffix) => (fold ? suffix.toLowerCase() : suffix)),
    checkLeft: source.left_boundary ?? true,
    checkRight: source.right_boundary ?? false,
  } as const;
  const literals = typeof source.prefix === "string" ? [source.prefix] : source.prefix;
  return { alternative, literals, isExact: !fold };
}

function compileRegex(id: string, source: string, fold: boolean): RE2JS {
  try {
    return RE2JS.compile(source, fold ? RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL : 0);
  } catch (cause) {
    throw new GatewayError("detector_failed", `Pattern ${id}: the regex is not RE2 syntax.`, { cause });
  }
}

/** Reads the inside of a character class. In a folded one every letter stands for both its cases. */
function compileAlphabet(id: string, source: string, fold: boolean): Uint8Array {
  const set = new Uint8Array(128);
  const members: number[] = [];
  let i = 0;
  const readOne = (): number => {
    const c = source.charCodeAt(i);
    i += 1;
    if (c !== 0x5c) return c;
    const escaped = source[i] ?? "";
    i += 1;
    if (escaped === "s") return -1;
    const control = { n: 10, r: 13, t: 9 }[escaped];
    return control ?? (escaped === "" ? 0x5c : escaped.charCodeAt(0));
  };
  while (i < source.length) {
    const from = readOne();
    if (from === -1) {
      members.push(9, 10, 11, 12, 13, 32);
    } else if (source[i] === "-" && i + 1 < source.length) {
      i += 1;
      const to = readOne();
      if (to < from) throw refuse(id, "a range of the alphabet runs backwards");
      for (let c = from; c <= Math.min(to, 127); c += 1) members.push(c);
      if (to > 127) throw refuse(id, "the alphabet holds more than ASCII");
    } else members.push(from);
  }
  for (const c of members) {
    if (c > 127) throw refuse(id, "the alphabet holds more than ASCII");
    set[c] = 1;
    if (fold) for (const same of bothCases(c)) set[same] = 1;
  }
  return set;
}

function bothCases(c: number): readonly number[] {
  const letter = String.fromCharCode(c);
  return [letter.toLowerCase().charCodeAt(0), letter.toUpperCase().charCodeAt(0)];
}

function refuse(id: string, why: string): GatewayError {
  return new GatewayError("detector_failed", `Pattern ${id}: ${why}.`);
}
