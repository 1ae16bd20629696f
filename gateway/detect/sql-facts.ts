// What is gathered of SQL: kinds of statements, tables, missing conditions, doubts.
import type { SqlFacts } from "../exchange.ts";

const MAX_KINDS = 256;
const MAX_TABLES = 64;
const MAX_NAME = 128;

/** Facts in the making. */
export type SqlNotes = {
  readonly kinds: Set<string>;
  readonly tables: Set<string>;
  whereMissing: boolean;
  incomplete: boolean;
  /** How often tokens were looked at again. */
  work: number;
};

/** Begins without any facts. */
export function createNotes(): SqlNotes {
  return { kinds: new Set(), tables: new Set(), whereMissing: false, incomplete: false, work: 0 };
}

/** Notes a table. */
export function noteTable(notes: SqlNotes, name: string): void {
  if (name === "") return;
  if (notes.tables.size >= MAX_TABLES && !notes.tables.has(name.slice(0, MAX_NAME))) return;
  notes.tables.add(name.slice(0, MAX_NAME));
}

/** Gives the facts, sorted and bounded. */
export function toFacts(notes: SqlNotes): SqlFacts {
  return {
    kinds: [...notes.kinds].sort().slice(0, MAX_KINDS),
    tables: [...notes.tables].sort(),
    where_missing: notes.whereMissing,
    incomplete: notes.incomplete || notes.kinds.size > MAX_KINDS,
  };
}
