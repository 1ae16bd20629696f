// How the rows of providers' named secrets are written down: one line each.
import type { NamedSecretRow } from "./table.ts";

/** 32 hexadecimal digits, and others of the forms that many providers use. */
export const HEX_32 = "[0-9a-f]{32}";
/** 40 hexadecimal digits. */
export const HEX_40 = "[0-9a-f]{40}";
/** 64 hexadecimal digits. */
export const HEX_64 = "[0-9a-f]{64}";
/** 32 letters or digits. */
export const WORD_32 = "[A-Za-z0-9]{32}";
/** 40 letters or digits. */
export const WORD_40 = "[A-Za-z0-9]{40}";
/** 64 letters or digits. */
export const WORD_64 = "[A-Za-z0-9]{64}";

/** A row: its names are parted by blanks, its floor of entropy is 3 unless it says another. */
export type Entry = readonly [
  id: string,
  title: string,
  names: string,
  shapes: readonly string[],
  entropy?: number,
];

/** Makes the row of an entry. */
export function toNamedRow([id, title, names, shapes, entropy = 3]: Entry, source: string): NamedSecretRow {
  return { id, title, source, names: names.split(" "), shapes, entropy };
}
