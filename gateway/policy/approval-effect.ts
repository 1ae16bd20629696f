// Reads what `require_approval` asks for.
import type { Effect, Facts } from "../exchange.ts";
import { unsupported } from "./unsupported.ts";

const MOST_SETS = 8;
const MOST_GROUPS = 32;
const MOST_PEOPLE = 16;
const MOST_SECONDS = 30 * 24 * 60 * 60;
/** So many questions may be asked about one request. */
const MOST_QUESTIONS = 16;
const LONGEST_QUESTION = 500;
const LONGEST_GROUP = 256;

/** The fields that only a question to people has. */
export const APPROVAL_FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  question: (value) => isTextUpTo(value, LONGEST_QUESTION),
  from: (value) => isListOf(value, MOST_SETS, (one) => isListOf(one, MOST_GROUPS, isGroup)),
  people: (value) => isCount(value, MOST_PEOPLE),
  within_s: (value) => isCount(value, MOST_SECONDS),
  allows: (value) => value === "once",
};

/** Throws `policy_effect_unsupported` where nobody could answer, and where nothing waits for an answer. */
export function requireApplied(wanted: readonly Effect[], facts: Facts): void {
  if (wanted.length === 0) return;
  const isAnswerable = wanted.every(
    ({ from, within_s, call }) => from !== undefined && within_s !== undefined && call === undefined,
  );
  if (facts.phase === "request" && isAnswerable && wanted.length <= MOST_QUESTIONS) return;
  throw unsupported(
    "require_approval",
    wanted.map(({ code }) => code),
  );
}

function isListOf(value: unknown, most: number, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.length <= most && value.every(isOne);
}

function isGroup(value: unknown): boolean {
  return isTextUpTo(value, LONGEST_GROUP);
}

function isTextUpTo(value: unknown, length: number): boolean {
  return typeof value === "string" && value.trim() !== "" && value.length <= length;
}

function isCount(value: unknown, most: number): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= most;
}
