// Reads facts and decisions out of the record. Each is checked by hand as far as a replay relies on it: there are millions.
import type { Decision, Facts } from "../exchange.ts";
import { DECISION_SETS, NO_EFFECTS } from "../policy/decision.ts";
import type { WithBasis } from "../record/basis.ts";

/** Gives recorded facts; null for what are none, or facts of another version. */
export function readFacts(json: string | null): WithBasis<Facts> | null {
  const value = json === null ? null : parse(json);
  return isFacts(value) ? value : null;
}

/** Reads recorded decisions, of which few are different: each is read once. */
export type DecisionReader = (json: string | null) => Decision | null;

const MOST_KNOWN = 2048;
const LONGEST_KNOWN = 4096;

/** Makes the reader. It gives null for what is no decision; an effect that one does not name it has none of. */
export function createDecisionReader(): DecisionReader {
  const known = new Map<string, Decision>();
  return (json) => {
    if (json === null) return null;
    const same = known.get(json);
    if (same !== undefined) return same;
    const value = parse(json);
    if (!isDecision(value)) return null;
    const decision = { ...NO_EFFECTS, ...value };
    if (known.size >= MOST_KNOWN) known.clear();
    if (json.length <= LONGEST_KNOWN) known.set(json, decision);
    return decision;
  };
}

const OBJECTS = ["caller", "connection", "route", "session", "request", "injection", "patterns", "findings"];
const LISTS = ["objects", "tools"];

function isFacts(value: unknown): value is WithBasis<Facts> {
  if (!isObject(value) || value["v"] !== 1 || typeof value["phase"] !== "string") return false;
  if (!OBJECTS.every((name) => isObject(value[name])) || !LISTS.every((name) => Array.isArray(value[name])))
    return false;
  const { request, basis } = value;
  if (!isObject(request) || !isObject(request["tokens"])) return false;
  return basis === undefined || (isObject(basis) && Array.isArray(basis["altered"]));
}

function isDecision(value: unknown): value is Partial<Decision> {
  if (!isObject(value)) return false;
  return DECISION_SETS.every((name) => value[name] === undefined || isEffects(value[name]));
}

function isEffects(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => isObject(one) && typeof one["code"] === "string");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
