// What this process has seen revoked, and whom a revocation ends.
import { LRUCache } from "lru-cache";
import type { Ends, Revocation } from "../../db/queries/revocations.ts";

/** Says whether a revocation ends a caller. */
export function endsBy({ names, issued }: Ends, { kind, id, at }: Omit<Revocation, "seq">): boolean {
  if (kind !== "issued_before") return names.includes(id);
  return issued !== null && issued.at <= at && issued.to.includes(id);
}

/** The revocations that were seen. */
export type Revoked = {
  add(revocation: Revocation): void;
  /** Says whether any of them ends a caller. */
  ends(ends: Ends): boolean;
};

/** Remembers the newest: what is older every look-up in the database finds. */
export function createRevoked(): Revoked {
  /** When each was revoked, for good or what is older. */
  const named = new LRUCache<string, true>({ max: 100_000 });
  const earlier = new LRUCache<string, number>({ max: 100_000 });
  return {
    add({ kind, id, at }) {
      if (kind !== "issued_before") named.set(id, true);
      else earlier.set(id, Math.max(at, earlier.get(id) ?? 0));
    },
    ends({ names, issued }) {
      if (names.some((name) => named.has(name))) return true;
      return issued !== null && issued.to.some((name) => issued.at <= (earlier.get(name) ?? -1));
    },
  };
}
