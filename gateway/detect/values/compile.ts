// Puts the tables of detectors together: one automaton of all triggers, and who reads at each.
import { buildAutomaton } from "../automaton.ts";
import { PAIR, SKIP, SPACE, type Folding } from "../fold.ts";
import { GatewayError } from "../../errors.ts";
import type { Kind, Reader } from "./look.ts";
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
import type { NamedSecretRow, NumberRow, TokenRow } from "./table.ts";
import { createWords } from "./words.ts";

/** The tables, and what tells a placeholder from a value. */
export type Tables = {
  readonly tokens: readonly TokenRow[];
  readonly named: readonly NamedSecretRow[];
  readonly numbers: readonly NumberRow[];
  readonly isNoSecret: (value: string) => boolean;
};

/** Names of a secret may be written with these between their words. */
const JOINTS = ["_", "-", " ", ""];

/**
 * Compiles the tables.
 *
 * @throws GatewayError `detector_failed` that says which row is malformed.
 */
export function compileTriggers({ tokens, named, numbers, isNoSecret }: Tables): Triggers {
  const byLiteral = new Map<string, Reader[]>();
  const put = (literal: string, reader: Reader): void => {
    const readers = byLiteral.get(literal);
    if (readers === undefined) byLiteral.set(literal, [reader]);
    else readers.push(reader);
  };
  putTokens(tokens, put);
  putNamed(named, isNoSecret, put);
  put("@", createEmailReader({ id: "email", class: "email", rank: 0 }));
  put("://", createUrlReader({ id: "connection_string", class: "secret", rank: 1 }, isNoSecret));
  put("-----begin", createPrivateKeyReader({ id: "private_key", class: "secret", rank: 0 }));
  put("eyj", createJwtReader({ id: "jwt", class: "secret", rank: 0 }));
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
  for (const [word, reader] of words.readers) put(word, reader);
  for (const digit of "0123456789") put(digit, readNumber);

  const literals = [...byLiteral.keys()];
  const automaton = buildAutomaton(
    literals.map((folded) => ({ folded, needsBoundary: false })),
    createCaseFolding(),
    false,
  );
  if (automaton === null) throw new GatewayError("detector_failed", "The tables hold too many triggers.");
  const digitOnly = Uint8Array.from(automaton.outputs, ([first = -1, second]) =>
    second === undefined && /^\d$/.test(literals[first] ?? "") ? 1 : 0,
  );
  return { automaton, literals, digitOnly, readers: [...byLiteral.values()], words: words.readers.size };
}

type Put = (literal: string, reader: Reader) => void;

function putTokens(tokens: readonly TokenRow[], put: Put): void {
  for (const row of tokens) {
    const kind: Kind = { id: row.id, class: "secret", rank: 0 };
    for (const source of row.shapes) {
      const shape = compileShape(source, row.anyCase);
      const anchor = shape.parts[shape.anchor];
      if (anchor === undefined || !("literal" in anchor)) {
        throw new GatewayError("detector_failed", `The shape of ${row.id} has nothing to look for.`);
      }
      put(anchor.literal.toLowerCase(), createTokenReader(row, shape, kind));
    }
  }
}

function putNamed(rows: readonly NamedSecretRow[], isNone: (value: string) => boolean, put: Put): void {
  const byName = new Map<string, Named[]>();
  for (const row of rows) {
    const named: Named = {
      kind: { id: row.id, class: "secret", rank: row.id.startsWith("generic") ? 2 : 1 },
      shapes: row.shapes.map((source) => compileShape(source, row.anyCase)),
      entropy: row.entropy ?? 0,
      isNone,
    };
    for (const name of row.names.flatMap(toSpellings)) {
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [named]);
      else if (!known.includes(named)) known.push(named);
    }
  }
  for (const [name, named] of byName) put(name, createNamedReader(name, named));
}

function toSpellings(name: string): string[] {
  const words = name.split(/[_ -]/);
  return words.length === 1 ? [name] : JOINTS.map((joint) => words.join(joint));
}

/** Folds case, and nothing else: the text is plain already. */
function createCaseFolding(): Folding {
  const unit = new Uint16Array(0x10000);
  for (let c = 1; c < 0x10000; c += 1) {
    const lower = String.fromCharCode(c).toLowerCase();
    unit[c] = lower.length === 1 ? lower.charCodeAt(0) : c;
  }
  // A scan passes over nothing.
  for (const c of [SKIP, PAIR]) unit[c] = 0xfffe;
  unit[0x0a] = SPACE;
  unit[0x09] = SPACE;
  return { unit, word: new Uint8Array(0x10000) };
}
