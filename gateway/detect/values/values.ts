// Finds values that must not pass unseen: secrets, personal data, payment data. `docs/detectors.md` lists them.
import { hash } from "node:crypto";
import { compileTriggers, type Tables } from "./compile.ts";
import { ValueScan, type ValueFinding } from "./scan.ts";

/** Finds values in texts. */
export type ValueScanner = {
  /** Names the tables: equal digests, equal findings. */
  readonly digest: string;
  /** Finds all values in a whole text, sorted by start. */
  scan(text: string): readonly ValueFinding[];
  /** Begins a text that comes in pieces; the findings are those of the whole, however it is cut. */
  stream(): ValueScan;
};

/** Changes when the same tables would give other findings. */
const VERSION = 1;

/** Compiles tables of detectors. */
export function createValueScanner(tables: Tables): ValueScanner {
  const triggers = compileTriggers(tables);
  return {
    digest: hash("sha256", JSON.stringify([VERSION, tables.tokens, tables.named, tables.numbers])),
    scan: (text) => new ValueScan(triggers).push(text, true),
    stream: () => new ValueScan(triggers),
  };
}
