// Keeps the bundles of a gateway that decide together, and the one policy that they make.

import { mergePolicies } from "./merge-policies.ts";
import type { Member } from "./merge-policies.ts";
import type { PolicySnapshot } from "./snapshot.ts";

/** A bundle's place among those that decide together. */
export type Slot = { readonly name: string; readonly isGate: boolean };

export type PolicySet = {
  /**
   * Gives the policy as it would be with another snapshot of one bundle; null while bundles before it are missing. Throws a
   * `PolicyLoadError` where it does not fit to the others.
   */
  preview(name: string, snapshot: PolicySnapshot): PolicySnapshot | null;
  /** Takes a bundle in; from then on what `current` gives of it counts. */
  join(name: string, current: () => PolicySnapshot): void;
  /** Gives the policy in force, the same one as long as no bundle has changed. */
  current(): PolicySnapshot;
};

/** Makes the place for bundles in this order. Of a single one the policy is its own. */
export function createPolicySet(slots: readonly Slot[]): PolicySet {
  const joined = new Map<string, () => PolicySnapshot>();
  let kept: { readonly of: readonly PolicySnapshot[]; readonly policy: PolicySnapshot } | null = null;

  function merge(members: readonly Member[]): PolicySnapshot | null {
    const [first, ...others] = members;
    if (first === undefined) return null;
    return others.length === 0 ? first.snapshot : mergePolicies([first, ...others]);
  }

  function isCurrent(snapshots: readonly PolicySnapshot[]): boolean {
    return slots.every(({ name }, index) => joined.get(name)?.() === snapshots[index]);
  }

  return {
    preview(name, snapshot) {
      const members = slots.flatMap((slot) => {
        const own = slot.name === name ? snapshot : joined.get(slot.name)?.();
        return own === undefined ? [] : [{ ...slot, snapshot: own }];
      });
      const merged = merge(members);
      return members.length === slots.length ? merged : null;
    },
    join(name, current) {
      joined.set(name, current);
    },
    current() {
      if (kept !== null && isCurrent(kept.of)) return kept.policy;
      const members = slots.flatMap((slot) => {
        const snapshot = joined.get(slot.name)?.();
        return snapshot === undefined ? [] : [{ ...slot, snapshot }];
      });
      const policy = members.length === slots.length ? merge(members) : null;
      if (policy === null) throw new TypeError("A bundle is missing.");
      kept = { of: members.map(({ snapshot }) => snapshot), policy };
      return policy;
    },
  };
}
