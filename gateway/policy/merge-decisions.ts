// Merges what several bundles decide: what closes counts from any of them, what opens only where every gate says so.

import type { Decision, Effect, MaskOperator, SegmentKind } from "../exchange.ts";

/** What one bundle said; the first of several comes first. */
export type Said = {
  readonly decision: Decision;
  /** Whether nothing is opened without it. */
  readonly isGate: boolean;
};

const NOTHING: readonly Effect[] = [];

/** These show something of the value that they stand for, or the same for the same one. */
const TELLING: ReadonlySet<MaskOperator> = new Set(["last4", "surrogate", "placeholder", "token"]);

/** Merges decisions on the same facts. None of them can lift what another one says, nor open what a gate does not. */
export function mergeDecisions(said: readonly Said[]): Decision {
  const gates = said.filter(({ isGate }) => isGate).map(({ decision }) => decision);
  const all = said.map(({ decision }) => decision);
  const [first = null, ...others] = gates;
  const opened = (name: "share" | "forward" | "need"): readonly Effect[] =>
    (first?.[name] ?? NOTHING).filter((effect) =>
      others.every((gate) => gate[name].some((other) => saysTheSame(effect, other))),
    );
  return {
    allow: gates.every(({ allow }) => allow.length > 0) ? addUp(gates.map(({ allow }) => allow)) : NOTHING,
    deny: addUp(all.map(({ deny }) => deny)),
    require_approval: addUp(all.map(({ require_approval }) => require_approval)),
    observe: addUp(all.map(({ observe }) => observe)),
    limit: addUp(all.map(({ limit }) => limit)),
    mask: mergeMasks(said, gates),
    set: addUp(all.map(({ set }) => set)),
    record: mergeRecords(said, gates),
    label: addUp(all.map(({ label }) => label)),
    share: opened("share"),
    forward: opened("forward"),
    need: opened("need"),
  };
}

function addUp(lists: readonly (readonly Effect[])[]): readonly Effect[] {
  const filled = lists.filter((list) => list.length > 0);
  return filled.length <= 1 ? (filled[0] ?? NOTHING) : filled.flat();
}

function mergeMasks(said: readonly Said[], gates: readonly Decision[]): readonly Effect[] {
  const all = addUp(said.map(({ decision }) => decision.mask));
  const first = said[0]?.decision.mask ?? NOTHING;
  // Most decisions mask nothing, or say nothing that need be looked at.
  if (all.every((effect) => effect.restore === undefined && (effect.fields === undefined || all === first)))
    return all;
  return said.flatMap(({ decision, isGate }, index) =>
    decision.mask.map((effect) => {
      const own = index === 0 ? effect : withoutTelling(effect);
      return own.restore === undefined ? own : withRestored(own, isGate ? gates : null);
    }),
  );
}

/** What stands for a field stands for all that is in it, so that nothing of it may show what another bundle hides there. */
function withoutTelling(effect: Effect): Effect {
  const isTelling = effect.fields !== undefined && effect.with !== undefined && TELLING.has(effect.with);
  return isTelling ? { ...effect, with: "redact" } : effect;
}

/** A value comes back only where every gate lets values of its class come back; null: it is no gate that says it. */
function withRestored(effect: Effect, gates: readonly Decision[] | null): Effect {
  const lets = (gate: Decision, kind: SegmentKind): boolean =>
    gate.mask.some((one) => one.class === effect.class && one.restore?.includes(kind) === true);
  const kinds =
    gates === null ? [] : (effect.restore ?? []).filter((kind) => gates.every((gate) => lets(gate, kind)));
  const { restore: _, ...rest } = effect;
  return kinds.length === 0 ? rest : { ...rest, restore: kinds };
}

/** That something is recorded adds up; what is kept of masked values can be shown again. */
function mergeRecords(said: readonly Said[], gates: readonly Decision[]): readonly Effect[] {
  const all = addUp(said.map(({ decision }) => decision.record));
  if (all.every(({ originals }) => originals === undefined)) return all;
  const isKept = (ofClass: string): boolean =>
    gates.every((gate) => gate.record.some(({ originals }) => originals === ofClass));
  return all.map((effect) => {
    const { originals, ...rest } = effect;
    return originals === undefined || isKept(originals) ? effect : rest;
  });
}

/** Whichever rule says it, and what about. */
function saysTheSame(one: Effect, other: Effect): boolean {
  const { fact, object, kind, group } = one;
  return fact === other.fact && object === other.object && kind === other.kind && group === other.group;
}
