// Whatever a second bundle decides, the first one's decision holds at least as strictly.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toCallDenial, toMissingAllow, toRefusal } from "../apply/refusal.ts";
import { toWanted } from "../apply/wanted.ts";
import type { Wanted } from "../apply/wanted.ts";
import { MASK_OPERATORS, SEGMENT_KINDS } from "../exchange.ts";
import type { Decision, Effect } from "../exchange.ts";
import { createMaskAccount } from "../mask/account.ts";
import { createMasks } from "../mask/masks.ts";
import type { Masks } from "../mask/masks.ts";
import { isStricter } from "../mask/operators.ts";
import { NO_EFFECTS } from "./decision.ts";
import { mergeDecisions } from "./merge-decisions.ts";
import type { Said } from "./merge-decisions.ts";

const platform = (decision: Partial<Decision>): Said => ({
  decision: { ...NO_EFFECTS, ...decision },
  isGate: true,
});
const team = (decision: Partial<Decision>, isGate = false): Said => ({
  decision: { ...NO_EFFECTS, ...decision },
  isGate,
});

describe("several bundles", () => {
  test("allow what every gate allows; what another one allows counts for nothing", () => {
    const allow = [{ code: "yes" }];
    const one = [{ code: "one" }];
    expect(mergeDecisions([platform({ allow }), team({})]).allow).toEqual(allow);
    expect(mergeDecisions([platform({ allow }), team({ allow: one })]).allow).toEqual(allow);
    expect(mergeDecisions([platform({}), team({ allow })]).allow).toEqual([]);
    expect(mergeDecisions([platform({ allow }), team({}, true)]).allow).toEqual([]);
    expect(mergeDecisions([platform({ allow }), team({ allow: one }, true)]).allow).toEqual([
      ...allow,
      ...one,
    ]);
  });

  test("add up in what they refuse, mask, set, label and record", () => {
    const of = (code: string): Partial<Decision> => ({
      deny: [{ code }],
      require_approval: [{ code, within_s: 60 }],
      observe: [{ code }],
      limit: [{ code }],
      mask: [{ code, class: "email", with: "token" }],
      set: [{ code, parameter: "n", at_most: 1 }],
      record: [{ code, texts: "original" }],
      label: [{ code, label: code }],
    });
    const {
      allow: _,
      share: __,
      forward: ___,
      need: ____,
      ...merged
    } = mergeDecisions([platform(of("a")), team(of("b"))]);
    for (const [name, effects] of Object.entries(merged))
      expect([name, effects.map(({ code }) => code)]).toEqual([name, ["a", "b"]]);
  });

  test("open nothing that a gate does not: objects, what is forwarded, facts, originals, what comes back", () => {
    const opening: Partial<Decision> = {
      share: [{ code: "t", object: 0 }],
      forward: [{ code: "t" }],
      need: [{ code: "t", fact: "tokens.exact" }],
      record: [{ code: "t", originals: "email" }],
      mask: [{ code: "t", class: "email", with: "placeholder", restore: ["message"] }],
    };
    const closed = {
      share: [],
      forward: [],
      need: [],
      record: [{ code: "t" }],
      mask: [{ code: "t", class: "email", with: "placeholder" }],
    };
    expect(mergeDecisions([platform({}), team(opening)])).toMatchObject(closed);
    expect(mergeDecisions([platform({}), team(opening, true)])).toMatchObject(closed);
    expect(mergeDecisions([platform(opening), team({})])).toMatchObject(opening);
    expect(mergeDecisions([platform(opening), team(opening, true)])).toMatchObject({
      share: opening.share,
      forward: opening.forward,
      need: opening.need,
    });
  });

  test("keep of a field nothing that may hold what the first hides", () => {
    const merged = mergeDecisions([
      platform({ mask: [{ code: "p", fields: ["name"], with: "last4" }] }),
      team({
        mask: [
          { code: "t", fields: ["note"], with: "last4" },
          { code: "u", fields: ["text"], with: "fixed" },
        ],
      }),
    ]);
    expect(merged.mask.map((effect) => effect.with)).toEqual(["last4", "redact", "fixed"]);
  });
});

const CALLS = ["call_1", "call_2"];
const CLASSES = ["email", "phone"];
const code = fc.constantFrom("a", "b", "c");
const kinds = fc.subarray(["message", "tool_output", "reasoning"] as const, { minLength: 1 });
const effects = (shape: fc.Arbitrary<Effect>) => fc.array(shape, { maxLength: 3 });
const some = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }, required: (keyof T)[]) =>
  fc.record(fields, { requiredKeys: required });

const mask: fc.Arbitrary<Effect> = fc.oneof(
  some(
    {
      code,
      class: fc.constantFrom(...CLASSES),
      with: fc.constantFrom(...MASK_OPERATORS),
      direction: fc.constantFrom("request", "answer"),
      kinds,
    },
    ["code", "class"],
  ),
  fc.record({ code, class: fc.constantFrom(...CLASSES), with: fc.constant("placeholder"), restore: kinds }),
  some({ code, fields: fc.constant(["note"]), with: fc.constantFrom(...MASK_OPERATORS) }, ["code", "fields"]),
);
const set: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({ code, parameter: fc.constant("n"), at_most: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ code, parameter: fc.constant("n"), at_least: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ code, parameter: fc.constantFrom("n", "seed"), to: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ code, parameter: fc.constantFrom("n", "tools"), strip: fc.constant(true) }),
);
const decision: fc.Arbitrary<Decision> = fc.record({
  allow: effects(fc.record({ code })),
  deny: effects(
    some({ code, call: fc.constantFrom(...CALLS), as: fc.constantFrom("message", "error") }, ["code"]),
  ),
  require_approval: effects(fc.record({ code, within_s: fc.constantFrom(1, 2) })),
  observe: effects(fc.record({ code })),
  limit: effects(fc.record({ code })),
  mask: effects(mask),
  set: effects(set),
  record: effects(
    some(
      { code, texts: fc.constantFrom("none", "masked", "original"), originals: fc.constantFrom(...CLASSES) },
      ["code"],
    ),
  ),
  label: effects(fc.record({ code, label: fc.constantFrom("x", "y") })),
  share: effects(
    fc.oneof(
      fc.record({ code, object: fc.nat({ max: 2 }) }),
      fc.record({ code, kind: fc.constant("file"), group: fc.constantFrom("g", "h") }),
    ),
  ),
  forward: effects(fc.record({ code })),
  need: effects(fc.record({ code, fact: fc.constant("tokens.exact") })),
});

function open(effects: readonly Effect[]): Masks {
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add(effects);
  return masks;
}

function isRefused(of: Decision): boolean {
  const asked = { operation: "responses.create", groups: [] };
  return (toRefusal(of, new Map(), "") ?? toMissingAllow(of, asked, "")) !== null;
}

/** Null: it is refused. */
function wanted(of: Decision): ReadonlyMap<string, Wanted> | null {
  try {
    return new Map(toWanted(of.set).map((one) => [one.parameter, one]));
  } catch {
    return null;
  }
}

const opening = ["share", "forward", "need"] as const;
const closing = ["deny", "require_approval", "observe", "limit", "set", "label"] as const;

/** Gives what the merged decision leaves open that the first alone closes. */
function listHoles(alone: Decision, merged: Decision): readonly string[] {
  const holes: string[] = [];
  const hole = (is: boolean, what: string): void => void (is && holes.push(what));
  hole(isRefused(alone) && !isRefused(merged), "refused");
  for (const id of CALLS) {
    const denied = (of: Decision): boolean => toCallDenial(of, { id, name: null }, new Map(), "") !== null;
    hole(denied(alone) && !denied(merged), `call ${id}`);
  }
  for (const name of closing)
    hole(!alone[name].every((effect) => merged[name].includes(effect)), `${name} is lost`);
  for (const name of opening)
    hole(!merged[name].every((effect) => alone[name].includes(effect)), `${name} is opened`);
  hole(!alone.record.every(({ code }) => merged.record.some((one) => one.code === code)), "record is lost");
  const kept = new Set(alone.record.map(({ originals }) => originals));
  hole(!merged.record.every(({ originals }) => kept.has(originals) || originals === undefined), "originals");

  const [before, after] = [open(alone.mask), open(merged.mask)];
  for (const kind of SEGMENT_KINDS) {
    for (const direction of ["request", "answer"] as const) {
      for (const ofClass of CLASSES) {
        const [one, other] = [before.look(ofClass, kind, direction), after.look(ofClass, kind, direction)];
        hole(one !== null && (other === null || isStricter(one.operator, other.operator)), `mask ${ofClass}`);
      }
      const [one, other] = [before.fields(kind, direction), after.fields(kind, direction)];
      const isWeaker =
        one !== null && (other === null || isStricter(one.strictest.operator, other.strictest.operator));
      hole(isWeaker, "fields");
    }
    const back = before.restored(kind);
    hole(!after.restored(kind).every((ofClass) => back.includes(ofClass)), `restores in ${kind}`);
  }

  const [own, both] = [wanted(alone), wanted(merged)];
  hole(own === null && both !== null, "settings that contradict");
  for (const [name, one] of both === null ? [] : (own ?? [])) {
    const other = both?.get(name);
    hole(one.strip && other?.strip !== true, `${name} is left in`);
    hole(one.to !== null && other?.to !== one.to, `${name} is set`);
    hole(one.atMost !== null && (other?.atMost ?? Infinity) > one.atMost, `${name} at most`);
    hole(one.atLeast !== null && (other?.atLeast ?? -Infinity) < one.atLeast, `${name} at least`);
  }
  return holes;
}

test("a first bundle that is a gate is never weakened by others, whatever they say", () => {
  const others = fc.array(fc.record({ decision, isGate: fc.boolean() }), { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(decision, others, (alone, more) => {
      expect(listHoles(alone, mergeDecisions([{ decision: alone, isGate: true }, ...more]))).toEqual([]);
    }),
    { numRuns: 1000, seed: 7 },
  );
});

test("no gate is weakened by the others, wherever it stands", () => {
  fc.assert(
    fc.property(decision, decision, (one, other) => {
      const merged = mergeDecisions([
        { decision: one, isGate: true },
        { decision: other, isGate: true },
      ]);
      expect(isRefused(other) && !isRefused(merged)).toBe(false);
      for (const name of opening)
        for (const { code: _, ...what } of merged[name])
          expect(other[name]).toContainEqual(expect.objectContaining(what));
    }),
    { numRuns: 1000, seed: 7 },
  );
});
