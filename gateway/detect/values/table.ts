// What the tables of detectors hold: one row for each kind of value that must not pass unseen.
import type { VALUE_CLASSES } from "../../exchange.ts";
import type { Verdict } from "./coin-codes.ts";

/** The broad class that policy speaks of; a detector's id tells the kind. */
export type ValueClass = (typeof VALUE_CLASSES)[number];

/** What every row says. */
type Row = {
  /** `github_token`: lower case, digits and `_`; never changed once published. */
  readonly id: string;
  /** What an operator reads: "GitHub personal access token". */
  readonly title: string;
  /** Where the facts come from: the address of a specification or of a project's published rules. */
  readonly source: string;
};

/**
 * A secret that its own shape gives away.
 *
 * A shape is a plain sequence: characters as they are (`\.` for one with a meaning), and classes in brackets (`\d`, `\w`
 * too), each with an optional count `{n}`, `{n,m}` or `?`. No groups, no alternatives, no nesting: the time it takes is
 * bounded by its longest match. It must hold a run of at least three characters as they are; that run is looked for.
 */
export type TokenRow = Row & {
  readonly shapes: readonly string[];
  /** Whether letters match in either case (default false). */
  readonly anyCase?: boolean;
  /** Shannon entropy in bits a character that the match has at least, to tell keys from words and placeholders. */
  readonly entropy?: number;
  /** Characters before the match that do not count as one value with it (default: letters, digits and `_` do). */
  readonly left?: "any";
  /** Likewise after it; with `any` what goes on after the longest match is left alone. */
  readonly right?: "any";
  /** Values that are no secret although they have the shape, for instance those of the vendor's documentation. */
  readonly not?: readonly string[];
};

/** A secret that has no shape of its own: an opaque value that is assigned to a name which tells what it is. */
export type NamedSecretRow = Row & {
  /** Words, lower case, that the name holds: `datadog`, `dd_api`. At least three characters each. */
  readonly names: readonly string[];
  /** The whole value's shape, as in a token's row. */
  readonly shapes: readonly string[];
  readonly anyCase?: boolean;
  readonly entropy?: number;
};

/** A number that a state or a bank gives to a person or a company. */
export type NumberRow = Row & {
  readonly class: "national_id" | "bank_account" | "passport" | "driving_licence" | "credit_card";
  /** ISO 3166 code of the country, or null. */
  readonly country: string | null;
  /**
   * How it is written: `9` a digit, `A` a letter, `*` either; all else as it is. A blank, dot, dash or slash between two
   * of them may be any one of these or missing when `loose` is true (default false).
   */
  readonly formats: readonly string[];
  readonly loose?: boolean;
  /** Says whether the digits and letters, put together in upper case without what parts them, are one. Pure and fast. */
  readonly isValid: (compact: string) => boolean;
  /**
   * When it counts: `alone` wherever it stands by itself (its checksum and structure are rare enough: fewer than 1 in
   * 1,000 random numbers of its length pass), `written` where it is written with its separators, else only near one of
   * `words`; `near` only near one of `words`.
   */
  readonly evidence: "alone" | "written" | "near";
  /** Words, lower case, one of which stands at most 64 characters before the number. */
  readonly words: readonly string[];
  /** Made numbers that are ones (never a real person's) and that look alike but are none. */
  readonly examples: readonly string[];
  readonly counterExamples: readonly string[];
};

/** An address of a currency that is kept in a book of its own, or a key: a run of letters and digits, mostly with a check sum. */
export type CoinRow = Row & {
  readonly class: "crypto_address" | "secret";
  /** What it begins with; none: any letter or digit of base 58, and then it has words. */
  readonly beginnings: readonly string[];
  /** Its length. */
  readonly least: number;
  readonly most: number;
  /** What may stand before it and belongs to it. */
  readonly prefix?: string;
  /** Where there are any it counts only near one of them (or where it is all of a text, if it has beginnings). */
  readonly words?: readonly string[];
  /** Says what a run is, cheap tests first. Pure. */
  readonly check: (run: string) => Verdict;
  /** Those of specifications, and runs that look alike but are none. */
  readonly examples: readonly string[];
  readonly counterExamples: readonly string[];
};
