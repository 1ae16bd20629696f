// Compilation of a policy's patterns: each way to match becomes a reader at the literals that must stand in a text for it.
import { RE2JS } from "re2js";
import { GatewayError } from "../../errors.ts";
import { SEGMENT_KINDS, type SegmentKind } from "../../exchange.ts";
import { foldText, toFolding } from "./fold.ts";
import type { InvisiblePattern } from "./invisible.ts";
import type { Kind, Reader } from "./look.ts";
import type { Direction, PatternAlternative, PatternSpec, PatternTable } from "./pattern-spec.ts";
import { toPlain } from "./plain.ts";
import { createLiteralReader, createRegexReader, createRunReader } from "./read-pattern.ts";

/** A literal that a pattern is tried at. */
export type PatternTrigger = { readonly folded: string; readonly uses: number; readonly reader: Reader };

/** A policy's patterns, compiled. */
export type Patterns = {
  readonly triggers: readonly PatternTrigger[];
  readonly invisible: readonly InvisiblePattern[];
  /** How many alternatives remember something. */
  readonly slots: number;
  /** The uses in which a match may begin before its literal, and by how many characters at most. */
  readonly befores: readonly { readonly uses: number; readonly before: number }[];
  /** All uses that any pattern looks at. */
  readonly uses: number;
};

/** What a text is used for. */
export type Use = readonly [kind: SegmentKind, direction: Direction];

/** Gives one of each set of uses that no pattern tells apart: what is found is the same in all of a set. */
export function listUses({ triggers, invisible }: Patterns): readonly Use[] {
  const masks = [...new Set([...triggers, ...invisible].map(({ uses }) => uses))];
  const found = new Map<string, Use>();
  for (const kind of SEGMENT_KINDS) {
    for (const direction of ["request", "answer"] as const) {
      const use = toUse(kind, direction);
      const key = masks.map((mask) => ((mask & use) === 0 ? "-" : "+")).join("");
      if (!found.has(key)) found.set(key, [kind, direction]);
    }
  }
  return [...found.values()];
}

/** Gives the bit of what a text is used for. */
export function toUse(kind: SegmentKind, direction: Direction): number {
  return 1 << (SEGMENT_KINDS.indexOf(kind) * 2 + (direction === "answer" ? 1 : 0));
}

type Draft = {
  triggers: PatternTrigger[];
  invisible: InvisiblePattern[];
  slots: number;
  befores: { uses: number; before: number }[];
  uses: number;
};

/**
 * Compiles the patterns of a table that `parsePatternTable` has checked.
 *
 * @throws GatewayError `detector_failed` that names the pattern that cannot be compiled.
 */
export function compilePatterns(table: PatternTable): Patterns {
  const draft: Draft = { triggers: [], invisible: [], slots: 0, befores: [], uses: 0 };
  for (const id of Object.keys(table).sort()) {
    const spec = table[id];
    if (spec === undefined) continue;
    const kind: Kind = { id, class: spec.class, rank: 0, pattern: id };
    const uses = toUses(spec);
    draft.uses |= uses;
    for (const source of spec.any)
      compileAlternative(typeof source === "string" ? { literal: source } : source, kind, uses, draft);
  }
  return draft;
}

function toUses(spec: PatternSpec): number {
  let uses = 0;
  for (const kind of spec.kinds ?? SEGMENT_KINDS)
    for (const direction of spec.directions ?? (["request", "answer"] as const))
      uses |= toUse(kind, direction);
  return uses;
}

function compileAlternative(source: PatternAlternative, kind: Kind, uses: number, draft: Draft): void {
  const { id } = kind;
  if ("characters" in source) {
    draft.invisible.push({ kind, uses, characters: source.characters, min: source.min ?? 1 });
    return;
  }
  const slot = draft.slots;
  draft.slots += 1;
  if ("literal" in source) {
    const { word } = toFolding();
    const literal = toPlain(source.literal);
    const folded = foldLiteral(id, literal);
    const isWhole = source.word ?? true;
    const exact = source.case === "exact" ? toExact(id, literal) : null;
    const checkLeft = isWhole && word[folded.charCodeAt(0)] === 1;
    const checkRight = isWhole && word[folded.charCodeAt(folded.length - 1)] === 1;
    const literalLook = { kind, uses, folded, exact, checkLeft };
    draft.triggers.push({ folded, uses, reader: createLiteralReader(literalLook, checkRight) });
    return;
  }
  if ("regex" in source) {
    const isFolded = source.case !== "exact";
    const { window = 256, before = 0 } = source;
    const regex = compileRegex(id, source.regex, isFolded);
    if (before > 0) draft.befores.push({ uses, before });
    const tried = { slot, regex, isFolded, window, before };
    for (const written of source.literals) {
      const literal = toPlain(written);
      const folded = foldLiteral(id, literal);
      const exact = isFolded ? null : toExact(id, literal);
      const checkLeft = source.left_boundary ?? true;
      const reader = createRegexReader({ kind, uses, folded, exact, checkLeft }, tried);
      draft.triggers.push({ folded, uses, reader });
    }
    return;
  }
  const isFolded = source.case === "fold";
  if (source.min > source.max) throw refuse(id, "min is above max");
  const run = {
    slot,
    isFolded,
    alphabet: compileAlphabet(id, source.alphabet, isFolded),
    min: source.min,
    max: source.max,
    suffixes: (source.suffix ?? []).map((written) => {
      const suffix = toPlain(written);
      return isFolded ? suffix.toLowerCase() : suffix;
    }),
    checkRight: source.right_boundary ?? false,
  };
  for (const written of typeof source.prefix === "string" ? [source.prefix] : source.prefix) {
    const literal = toPlain(written);
    const folded = foldLiteral(id, literal);
    const exact = isFolded ? null : toExact(id, literal);
    const checkLeft = source.left_boundary ?? true;
    draft.triggers.push({
      folded,
      uses,
      reader: createRunReader({ kind, uses, folded, exact, checkLeft }, run),
    });
  }
}

function foldLiteral(id: string, literal: string): string {
  const folded = foldText(literal);
  if (folded.replaceAll(" ", "").length < 3)
    throw refuse(id, "a literal or prefix needs at least three visible characters");
  return folded;
}

function toExact(id: string, literal: string): string {
  if (literal !== literal.trim()) throw refuse(id, "an exact literal has space at its ends");
  return literal;
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
