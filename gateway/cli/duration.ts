// Reads durations and moments as people type them.
import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Reads `90s`, `30m`, `8h`, `7d` or `2w` into milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,6})(s|m|h|d|w)$/.exec(text);
  const unit = UNITS[match?.[2] ?? ""];
  if (match?.[1] === undefined || unit === undefined || Number(match[1]) === 0) {
    throw new InvalidArgumentError("Expected a duration such as 30m, 8h or 7d.");
  }
  return Number(match[1]) * unit;
}

/** Reads a moment (RFC 3339, or a date), or a duration back from now. */
export function parseMoment(text: string): Date {
  if (/^\d{4}-\d{2}-\d{2}(?:[T ].*)?$/.test(text)) {
    const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) || text.length === 10;
    const at = new Date(hasZone ? text : `${text.replace(" ", "T")}Z`);
    if (!Number.isNaN(at.getTime())) return at;
  }
  try {
    return new Date(Date.now() - parseDuration(text));
  } catch {
    throw new InvalidArgumentError(
      "Expected a duration back from now such as 2h, or a moment such as 2026-01-31T12:00:00Z.",
    );
  }
}

/** Reads a whole number between bounds. */
export function parseCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d{1,9}$/.test(text) && count >= least && count <= most) return count;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}
