// Conditions on a report, such as `new-denials>0`, by which a pipeline fails.
import { EFFECT_NAMES } from "./outcome.ts";
import type { Report } from "./report.ts";

/** A condition that was read. */
export type Condition = {
  readonly text: string;
  /** Whether it holds, with the number that it was about. */
  holds(report: Report): { readonly isMet: boolean; readonly value: string };
};

/** What a condition came to. */
export type Met = { readonly text: string; readonly isMet: boolean; readonly value: string };

/** Asks whether conditions hold. */
export function meet(report: Report, conditions: readonly Condition[]): readonly Met[] {
  return conditions.map((condition) => ({ text: condition.text, ...condition.holds(report) }));
}

const OPERATORS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  "=": (a, b) => a === b,
};

const plural = (effect: string): string => (effect === "deny" ? "denies" : `${effect}s`);

const MEASURES: Readonly<Record<string, (report: Report) => number>> = {
  "new-denials": ({ exchanges }) => exchanges.new_denials,
  "lifted-denials": ({ exchanges }) => exchanges.lifted_denials,
  changes: ({ exchanges }) => exchanges.changed,
  "not-judged": ({ coverage }) => coverage.exchanges - coverage.judged,
  judged: ({ coverage }) => coverage.judged,
  ...Object.fromEntries(
    EFFECT_NAMES.flatMap((effect) => [
      [`new-${plural(effect)}`, ({ effects }: Report) => effects[effect]?.gained ?? 0],
      [`lifted-${plural(effect)}`, ({ effects }: Report) => effects[effect]?.lost ?? 0],
    ]),
  ),
};

/** Names what can be asked about. */
export function listMeasures(): readonly string[] {
  return Object.keys(MEASURES);
}

/** Reads a condition; null for what is none. With `%` it is about the part of all exchanges. */
export function parseCondition(text: string): Condition | null {
  const [, name = "", operator = "", number = "", percent] =
    /^\s*([a-z-]{1,40})\s*(>=|<=|>|<|=)\s*(\d{1,9}(?:\.\d{1,6})?)\s*(%?)\s*$/.exec(text) ?? [];
  const measure = Object.hasOwn(MEASURES, name) ? MEASURES[name] : undefined;
  const isMet = OPERATORS[operator];
  if (measure === undefined || isMet === undefined) return null;
  return {
    text: text.trim(),
    holds(report) {
      const count = measure(report);
      const { exchanges } = report.coverage;
      if (percent !== "%") return { isMet: isMet(count, Number(number)), value: String(count) };
      const part = exchanges === 0 ? 0 : (100 * count) / exchanges;
      return { isMet: isMet(part, Number(number)), value: `${part.toFixed(2)} %` };
    },
  };
}
