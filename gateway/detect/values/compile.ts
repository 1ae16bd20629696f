// Puts the tables of detectors together: one automaton of all triggers, and who reads at each.
import { GatewayError } from "../../errors.ts";
import { buildAutomaton } from "./automaton.ts";
import type { Patterns } from "./compile-patterns.ts";
import { foldText, toFolding } from "./fold.ts";
import type { Kind, Reader } from "./look.ts";
import { COIN_LETTERS, createCoinReader } from "./read-coin.ts";
import { createBearerReader, createUserReader } from "./read-command.ts";
import { createEmailReader } from "./read-email.ts";
import { createJwtReader, createPrivateKeyReader } from "./read-key.ts";
import { createNamedReader, type Named } from "./read-named.ts";
import { createColonReader, createDashReader } from "./read-network.ts";
import { createNumberReader } from "./read-number.ts";
import { createTokenReader } from "./read-token.ts";
import { createUrlReader } from "./read-url.ts";
import type { Triggers } from "./scan.ts";
import { compileShape } from "./shape.ts";
import {
  createBirthDate,
  createCardNumber,
  createIban,
  createIpv4,
  createPhones,
} from "./special-numbers.ts";
import type { CoinRow, NamedSecretRow, NumberRow, TokenRow } from "./table.ts";
import { createWords } from "./words.ts";

/** The tables, and what tells a placeholder from a value. */
export type Tables = {
  readonly tokens: readonly TokenRow[];
  readonly named: readonly NamedSecretRow[];
  readonly numbers: readonly NumberRow[];
  readonly coins: readonly CoinRow[];
  readonly isNoSecret: (value: string) => boolean;
};

/** A literal, and who reads where it stands. */
export type ValueTrigger = {
  readonly literal: string;
  readonly reader: Reader;
  /** Whether a value may begin with the literal, so that its beginning is held back. */
  readonly isPart: boolean;
};

/** The tables, compiled. */
export type Values = { readonly triggers: readonly ValueTrigger[]; readonly words: number };

/** Names of a secret may be written with these between their words. */
const JOINTS = ["_", "-", " ", ""];

/**
 * Compiles the tables.
 *
 * @throws GatewayError `detector_failed` that says which row is malformed.
 */
export function compileValues({ tokens, named, numbers, coins, isNoSecret }: Tables): Values {
  const triggers: ValueTrigger[] = [];
  const put = (literal: string, reader: Reader, isPart = false): void => {
    triggers.push({ literal, reader, isPart });
  };
  const tokenReaders = putTokens(tokens, put);
  const readers = putNamed(named, isNoSecret, tokenReaders, put);
  put("@", createEmailReader({ id: "email", class: "email", rank: 0 }));
  put("://", createUrlReader({ id: "connection_string", class: "secret", rank: 1 }, isNoSecret));
  put("-u", createUserReader({ id: "command_password", class: "secret", rank: 2 }, isNoSecret));
  put("bearer", createBearerReader({ id: "bearer_token", class: "secret", rank: 3 }, isNoSecret));
  put("-----begin", createPrivateKeyReader({ id: "private_key", class: "secret", rank: 0 }), true);
  put("eyj", createJwtReader({ id: "jwt", class: "secret", rank: 0 }), true);
  const ip: Kind = { id: "ip_address", class: "ip_address", rank: 0 };
  const mac: Kind = { id: "mac_address", class: "mac_address", rank: 0 };
  put(":", createColonReader(ip, mac));
  put("-", createDashReader(mac));
  const words = createWords();
  const specials = [
    createCardNumber({ id: "credit_card", class: "credit_card", rank: 0 }, words),
    createIban({ id: "iban", class: "bank_account", rank: 0 }),
    createIpv4(ip, words),
    createBirthDate({ id: "birth_date", class: "birth_date", rank: 0 }, words),
    ...createPhones({ id: "phone", class: "phone", rank: 0 }, words),
  ];
  const readNumber = createNumberReader(numbers, specials, words);
  const readCoin = createCoinReader(coins, words, readers);
  for (const [word, reader] of words.readers) put(word, reader);
  for (const digit of "0123456789") {
    put(digit, readNumber);
    put(digit, readCoin);
  }
  for (const letter of COIN_LETTERS) put(letter, readCoin);

  return { triggers, words: words.groups };
}

/** Marks a literal that a value may begin with, beside the uses of patterns. */
const VALUES = 1 << 30;

/**
 * Puts values and patterns into one automaton.
 *
 * @throws GatewayError `detector_failed` when the table would be too large.
 */
export function joinTriggers(values: Values, patterns: Patterns): Triggers {
  const literals = new Map<string, { marks: number; own: Reader[]; patterns: Reader[] }>();
  const at = (folded: string): { marks: number; own: Reader[]; patterns: Reader[] } => {
    let entry = literals.get(folded);
    if (entry === undefined) {
      entry = { marks: 0, own: [], patterns: [] };
      literals.set(folded, entry);
    }
    return entry;
  };
  for (const { folded, uses, reader } of patterns.triggers) {
    const entry = at(folded);
    entry.marks |= uses;
    entry.patterns.push(reader);
  }
  for (const { literal, reader, isPart } of values.triggers) {
    for (const folded of toFolded(literal)) {
      const entry = at(folded);
      if (isPart) entry.marks |= VALUES;
      entry.own.push(reader);
    }
  }
  const automaton = buildAutomaton(
    [...literals].map(([folded, { marks }]) => ({ folded, marks })),
    toFolding().unit,
  );
  if (automaton === null) throw new GatewayError("detector_failed", "The patterns hold too many literals.");
  const folded = [...literals.keys()];
  const live = new Map<number, Int32Array>();
  return {
    automaton,
    lengths: folded.map(({ length }) => length),
    readers: [...literals.values()].map((entry) => [...entry.patterns, ...entry.own]),
    patterns: [...literals.values()].map((entry) => entry.patterns.length),
    digitOnly: Uint8Array.from(automaton.outputs, (outputs) =>
      outputs?.length === 1 && /^\d$/.test(folded[outputs[0] ?? -1] ?? "") ? 1 : 0,
    ),
    words: values.words,
    slots: patterns.slots,
    invisible: patterns.invisible,
    uses: patterns.uses,
    toLive(use, hasValues) {
      const marks = (use & patterns.uses) | (hasValues ? VALUES : 0);
      let table = live.get(marks);
      if (table === undefined) {
        table = automaton.toLive(marks);
        live.set(marks, table);
      }
      return table;
    },
    toBefore: (use) =>
      patterns.befores.reduce(
        (most, { uses, before }) => ((uses & use) === 0 ? most : Math.max(most, before)),
        0,
      ),
  };
}

/** Gives what a literal looks like folded: letters of other scripts fold to Latin ones by their case. */
function toFolded(literal: string): readonly string[] {
  if (isAscii(literal)) return [literal];
  const capital = literal.charAt(0).toUpperCase() + literal.slice(1);
  return [...new Set([literal, capital, literal.toUpperCase()].map(foldText))];
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}

type Put = (literal: string, reader: Reader, isPart?: boolean) => void;

function putTokens(tokens: readonly TokenRow[], put: Put): number {
  let number = 0;
  for (const row of tokens) {
    const kind: Kind = { id: row.id, class: "secret", rank: 0 };
    for (const source of row.shapes) {
      const shape = compileShape(source, row.anyCase);
      const anchor = shape.parts[shape.anchor];
      if (anchor === undefined || !("literal" in anchor)) {
        throw new GatewayError("detector_failed", `The shape of ${row.id} has nothing to look for.`);
      }
      put(anchor.literal.toLowerCase(), createTokenReader(row, shape, kind, number), true);
      number += 1;
    }
  }
  return number;
}

function putNamed(
  rows: readonly NamedSecretRow[],
  isNone: (value: string) => boolean,
  first: number,
  put: Put,
): number {
  const byName = new Map<string, Named[]>();
  for (const row of rows) {
    const named: Named = {
      kind: { id: row.id, class: "secret", rank: row.id.startsWith("generic") ? 2 : 1 },
      shapes: row.shapes.map((source) => compileShape(source, row.anyCase)),
      isAny: row.shapes.every((source) => source.startsWith("[^")),
      entropy: row.entropy ?? 0,
      isNone,
    };
    for (const name of row.names.flatMap(toSpellings)) {
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [named]);
      else if (!known.includes(named)) known.push(named);
    }
  }
  let number = first;
  for (const [name, named] of byName) {
    put(name, createNamedReader(name, named, number));
    number += 1;
  }
  return number;
}

function toSpellings(name: string): string[] {
  const words = name.split(/[_ -]/);
  return words.length === 1 ? [name] : JOINTS.map((joint) => words.join(joint));
}
