// Looks up keys that this process does not know, so that a flood of keys that nobody issued costs little.
import { LRUCache } from "lru-cache";
import { GatewayError } from "../errors.ts";
import { hashKey } from "./key-format.ts";

/** Look-ups at once: the pool's other connections stay free for who is known. */
const AT_ONCE = 4;
const MAX_WAITING = 256;
/** A program waits no longer for its turn. */
const WAIT_MS = 5_000;
/** A key that is issued has 196 fresh random bits: it can't be one that was unknown before. */
const UNKNOWN_MS = 5_000;
const KNOWN_UNKNOWN = 10_000;

/** Makes the look-up; it gives null for a key that nobody issued, and rejects with `identity_unavailable`. */
export function createKeyLookup<Owner>(deps: {
  readonly find: (hash: Buffer, key: string) => Promise<Owner | null>;
  readonly now: () => number;
}): (key: string) => Promise<Owner | null> {
  const { find, now } = deps;
  /** Until when a key counts as unknown, by its hash. */
  const unknown = new LRUCache<string, number>({ max: KNOWN_UNKNOWN });
  const waiting: (() => void)[] = [];
  let running = 0;

  async function takeTurn(): Promise<void> {
    if (running < AT_ONCE) {
      running += 1;
      return;
    }
    if (waiting.length >= MAX_WAITING) throw unavailable(null);
    const since = now();
    // Who ends hands its turn on, so `running` stays.
    await new Promise<void>((resolve) => waiting.push(resolve));
    if (now() - since <= WAIT_MS) return;
    endTurn();
    throw unavailable(null);
  }

  function endTurn(): void {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  return async (key) => {
    const hash = hashKey(key);
    const name = hash.toString("base64");
    if ((unknown.get(name) ?? 0) > now()) return null;
    await takeTurn();
    try {
      const owner = await find(hash, key);
      if (owner === null) unknown.set(name, now() + UNKNOWN_MS);
      return owner;
    } catch (cause) {
      throw cause instanceof GatewayError ? cause : unavailable(cause);
    } finally {
      endTurn();
    }
  };
}

function unavailable(cause: unknown): GatewayError {
  const message =
    cause === null
      ? "The token can't be checked: too many unknown tokens are being checked; try again."
      : "The token can't be checked: the database is out of reach.";
  return new GatewayError("identity_unavailable", message, cause === null ? {} : { cause });
}
