// Puts together what was changed of the parameters of many requests: a million lines are a few changes.
import type { ParameterChange } from "../exchange.ts";

/** Changes of one parameter at one place by the same rules to the same value are one. */
export type JoinedChanges = {
  add(changes: readonly ParameterChange[]): void;
  all(): readonly ParameterChange[];
};

const MOST_NAMES = 64;

/** Starts with none. */
export function joinChanges(): JoinedChanges {
  const joined = new Map<string, ParameterChange>();
  return {
    add(changes) {
      for (const change of changes) {
        const { parameter, pointer, codes, to } = change;
        const key = JSON.stringify([parameter, pointer, codes, to]);
        const known = joined.get(key);
        joined.set(key, known === undefined ? change : join(known, change));
      }
    },
    all: () => [...joined.values()],
  };
}

/** Of values that differ it is told only that they were others. */
function join(one: ParameterChange, other: ParameterChange): ParameterChange {
  const from = one.from === other.from ? one.from : "other";
  const names = one.taken === undefined ? null : new Set([...one.taken, ...(other.taken ?? [])]);
  return { ...one, from, ...(names !== null && { taken: [...names].slice(0, MOST_NAMES) }) };
}
