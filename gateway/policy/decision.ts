// Reads what a policy answered: exactly one well-formed decision, or a refusal.

import { GatewayError } from "../errors.ts";
import { MASK_OPERATORS, SEGMENT_KINDS } from "../exchange.ts";
import type { Decision, Effect, Facts } from "../exchange.ts";
import { areFieldNames, FIELD_CLASS } from "../field-name.ts";
import { APPROVAL_FIELDS, requireApplied } from "./approval-effect.ts";
import { isRecognised } from "./known-classes.ts";
import { isLimitEffect, LIMIT_FIELDS } from "./limit-effect.ts";
import { isSetEffect, SET_FIELDS } from "./set-effect.ts";
import { unsupported } from "./unsupported.ts";

/** A decision's sets, in the order in which a reader wants them. */
export const DECISION_SETS = [
  "allow",
  "deny",
  "observe",
  "require_approval",
  "mask",
  "set",
  "limit",
  "record",
  "label",
  "share",
  "forward",
  "need",
] as const satisfies readonly (keyof Decision)[];

/** Decides nothing. */
export const NO_EFFECTS: Decision = {
  allow: [],
  deny: [],
  observe: [],
  require_approval: [],
  mask: [],
  set: [],
  limit: [],
  record: [],
  label: [],
  share: [],
  forward: [],
  need: [],
};

const KEYS: ReadonlySet<string> = new Set(["v", "data_rev", ...DECISION_SETS]);

type Fields = Readonly<Record<string, (value: unknown) => boolean>>;

const FIELDS: Fields = {
  code: isText,
  call: isText,
  about: (value) => typeof value === "string" && value.length <= 1024,
  as: (value) => value === "message" || value === "error",
  label: isText,
  texts: (value) => value === "none" || value === "masked" || value === "original",
  // What opens something is not kept, whatever a rule says.
  originals: (value) => isText(value) && value !== "secret",
  fact: (value) => value === "tokens.exact",
  object: (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
  kind: isText,
  group: isText,
  class: isText,
  fields: areFieldNames,
  with: (value) => MASK_OPERATORS.some((operator) => operator === value),
  direction: (value) => value === "request" || value === "answer",
  restore: areKinds,
  kinds: areKinds,
};

/** The fields that only effects of one name have; what is only observed may be any. */
const OWN_FIELDS: Readonly<Record<string, Fields>> = {
  limit: LIMIT_FIELDS,
  observe: { ...SET_FIELDS, ...APPROVAL_FIELDS, ...LIMIT_FIELDS },
  require_approval: APPROVAL_FIELDS,
  set: SET_FIELDS,
};
const NOTHING: readonly Effect[] = [];

/**
 * Reads OPA's result set. Throws `policy_unavailable` for anything but one decision of this version and data, and
 * `policy_effect_unsupported` for an effect that the gateway does not have, or on a class that is none of `classes`: an
 * effect that is left out is a hole.
 */
export function parseDecision(
  results: unknown,
  dataRevision: string,
  facts: Facts,
  classes: ReadonlySet<string>,
): Decision {
  const [first, ...others]: unknown[] = Array.isArray(results) ? results : [];
  const decision = isObject(first) ? first["result"] : undefined;
  if (!isObject(decision) || others.length > 0) throw malformed("no decision");
  if (decision["v"] !== 1 || decision["data_rev"] !== dataRevision)
    throw malformed("a decision about other facts or data");
  for (const key in decision) if (!KEYS.has(key)) throw unsupported(key);
  const read = {
    allow: toEffects("allow", decision["allow"], facts),
    deny: toEffects("deny", decision["deny"], facts),
    observe: toEffects("observe", decision["observe"], facts),
    require_approval: toEffects("require_approval", decision["require_approval"], facts),
    mask: toEffects("mask", decision["mask"], facts),
    set: toEffects("set", decision["set"], facts),
    limit: toEffects("limit", decision["limit"], facts),
    record: toEffects("record", decision["record"], facts),
    label: toEffects("label", decision["label"], facts),
    share: toEffects("share", decision["share"], facts),
    forward: toEffects("forward", decision["forward"], facts),
    need: toEffects("need", decision["need"], facts),
  };
  requireApplied(read.require_approval, facts);
  for (const { class: named } of read.mask) if (named !== undefined) requireKnown(named, classes);
  for (const { originals } of read.record)
    if (originals !== undefined && originals !== FIELD_CLASS && !isRecognised(originals))
      requireKnown(originals, classes);
  return read;
}

/** A class that nothing finds would mask nothing. */
function requireKnown(name: string, classes: ReadonlySet<string>): void {
  if (!classes.has(name)) throw unsupported(`the class ${name}`);
}

function toEffects(name: string, value: unknown, facts: Facts): readonly Effect[] {
  const list = toList(value);
  if (list.length === 0) return NOTHING;
  return list.map((effect) => {
    if (!isEffect(effect)) throw malformed("an effect without a code");
    for (const key in effect) {
      const isValid = FIELDS[key] ?? OWN_FIELDS[name]?.[key];
      if (isValid === undefined) throw unsupported(key);
      if (!isValid(Reflect.get(effect, key))) throw unsupported(key);
    }
    if (name === "set" && (facts.phase !== "request" || !isSetEffect(effect))) throw unsupported("set");
    if (effect.key !== undefined && facts.phase !== "request") throw unsupported("limit");
    if (name === "limit" && (facts.phase !== "request" || !isLimitEffect(effect))) throw unsupported("limit");
    if (name === "mask" && (effect.class === undefined) === (effect.fields === undefined))
      throw malformed("a mask of no class and no fields, or of both");
    // Fields are looked for from the beginning of a text on.
    if (name === "mask" && effect.fields !== undefined && facts.phase !== "request")
      throw unsupported("fields");
    if (effect.restore !== undefined && (effect.with !== "placeholder" || effect.fields !== undefined))
      throw malformed("a mask that restores what it does not keep");
    // A denial of a call that nobody made would deny nothing.
    if (
      effect.call !== undefined &&
      facts.calls?.some(({ id }) => id.toWellFormed() === effect.call) !== true
    )
      throw malformed("an effect on a call that was not asked about");
    return effect;
  });
}

function areKinds(value: unknown): boolean {
  return Array.isArray(value) && value.every((kind) => SEGMENT_KINDS.some((known) => known === kind));
}

function toList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed("a decision that lacks an effect");
  return value;
}

function isEffect(value: unknown): value is Effect {
  return isObject(value) && isText(value["code"]);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(what: string): GatewayError {
  return new GatewayError("policy_unavailable", "The policy gave no decision that can be read.", {
    cause: new Error(what),
  });
}
