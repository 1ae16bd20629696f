// Looks up keys that this process does not know, so that a flood of keys that nobody issued costs little.
import { LRUCache } from "lru-cache";
import { GatewayError } from "../errors.ts";
import { hashKey } from "./key-format.ts";
import type { Queue } from "./queue.ts";

/** A key that is issued has 196 fresh random bits: it can't be one that was unknown before. */
const UNKNOWN_MS = 5_000;
const KNOWN_UNKNOWN = 10_000;

/** Makes the look-up; it gives null for a key that nobody issued, and rejects with `identity_unavailable`. */
export function createKeyLookup<Owner>(deps: {
  readonly find: (hash: Buffer, key: string) => Promise<Owner | null>;
  readonly queue: Queue;
  readonly now: () => number;
}): (key: string) => Promise<Owner | null> {
  const { find, queue, now } = deps;
  /** Until when a key counts as unknown, by its hash. */
  const unknown = new LRUCache<string, number>({ max: KNOWN_UNKNOWN });

  return async (key) => {
    const hash = hashKey(key);
    const name = hash.toString("base64");
    if ((unknown.get(name) ?? 0) > now()) return null;
    try {
      const owner = await queue(() => find(hash, key));
      if (owner === null) unknown.set(name, now() + UNKNOWN_MS);
      return owner;
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError(
        "identity_unavailable",
        "The token can't be checked: the database is out of reach.",
        { cause },
      );
    }
  };
}
