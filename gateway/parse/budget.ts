// Bounds what one body may hold: every item, member and text costs far more than the few bytes that name it.

import { GatewayError } from "../errors.ts";

/** Elements of `input[]` or `messages[]`. */
export const MOST_ITEMS = 10_000;
/** Members of objects and elements of arrays, those in JSON inside texts included. */
export const MOST_VALUES = 100_000;
/** Texts, names included. */
export const MOST_SEGMENTS = 100_000;
/** Stored objects that a request refers to. */
export const MOST_REFERENCES = 10_000;

/** What is left, and what a part of a body costs. */
export type Budget = { values: number; segments: number };

/** Creates the budget of one request. */
export function createBudget(): Budget {
  return { values: MOST_VALUES, segments: MOST_SEGMENTS };
}

/** Creates a budget without an end, for what is bounded elsewhere. */
export function createUnbounded(): Budget {
  return { values: Number.POSITIVE_INFINITY, segments: Number.POSITIVE_INFINITY };
}

/** Takes a cost off the budget. Throws `body_too_large` where too little is left. */
export function spend(budget: Budget, cost: Readonly<Budget>): void {
  budget.values -= cost.values;
  budget.segments -= cost.segments;
  if (budget.values < 0) throw tooMany("members and elements", MOST_VALUES);
  if (budget.segments < 0) throw tooMany("texts", MOST_SEGMENTS);
}

/** Gives what was spent since the budget was as it is in `before`. */
export function toCost(before: Readonly<Budget>, budget: Readonly<Budget>): Readonly<Budget> {
  return { values: before.values - budget.values, segments: before.segments - budget.segments };
}

/** Makes the refusal of a body that holds too many of something. */
export function tooMany(what: string, most: number): GatewayError {
  return new GatewayError("body_too_large", `The body holds over ${most} ${what}.`);
}
