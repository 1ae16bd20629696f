// Counts findings by pattern and by class.
import type { Finding } from "../exchange.ts";

export type Tally = {
  readonly patterns: Readonly<Record<string, number>>;
  readonly findings: Readonly<Record<string, number>>;
  /** Adds findings and says whether any pattern among them was not found before. */
  add(found: readonly Finding[]): boolean;
  addCounts(patterns: Readonly<Record<string, number>>, findings: Readonly<Record<string, number>>): void;
};

/** Starts at nothing. The records have no prototype, so that no id can be mistaken for a member of it. */
export function createTally(): Tally {
  const patterns: Record<string, number> = Object.create(null);
  const findings: Record<string, number> = Object.create(null);
  return {
    patterns,
    findings,
    add(found) {
      let isNew = false;
      for (const finding of found) {
        // A field is what a mask names, not what a text shows.
        if (finding.isMore === true || finding.field !== undefined) continue;
        const count = patterns[finding.id];
        if (count === undefined) isNew = true;
        patterns[finding.id] = (count ?? 0) + 1;
        findings[finding.class] = (findings[finding.class] ?? 0) + 1;
      }
      return isNew;
    },
    addCounts(morePatterns, moreFindings) {
      for (const id in morePatterns) patterns[id] = (patterns[id] ?? 0) + (morePatterns[id] ?? 0);
      for (const name in moreFindings) findings[name] = (findings[name] ?? 0) + (moreFindings[name] ?? 0);
    },
  };
}
