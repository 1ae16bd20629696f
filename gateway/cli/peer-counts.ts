// What each of a gateway's workers counts for a caller is told to the others, by way of their primary.
import { z } from "zod";
import type { PeerCounts } from "../shares.ts";

/** Changes are told together, so that a body that comes in pieces is not a message for each of them. */
const GATHER_MS = 20;

const counts = z.map(z.string(), z.number());
type Counts = z.infer<typeof counts>;

/** What a worker tells the primary: the counts that have changed, 0 for what has ended. */
export const toldCounts = z.object({ kind: z.literal("counts"), counts });

/** What the primary tells the other workers of one; null: it is gone, and what it had with it. */
export const peerCounts = z.object({
  kind: z.literal("peer-counts"),
  from: z.number(),
  counts: counts.nullable(),
});
type OfPeer = z.infer<typeof peerCounts>;

/** Makes a worker's view of what the others count; `tell` is given its own changes. */
export function createPeerCounts(
  tell: (told: z.infer<typeof toldCounts>) => void,
): PeerCounts & { take(told: OfPeer): void } {
  const peers = new Map<number, Counts>();
  let changed: Counts = new Map();
  return {
    others(key) {
      let sum = 0;
      for (const peer of peers.values()) sum += peer.get(key) ?? 0;
      return sum;
    },
    tell(key, count) {
      if (changed.size === 0) {
        setTimeout(() => {
          tell({ kind: "counts", counts: changed });
          changed = new Map();
        }, GATHER_MS).unref();
      }
      changed.set(key, count);
    },
    take({ from, counts }) {
      if (counts === null) peers.delete(from);
      else peers.set(from, merge(peers.get(from), counts));
    },
  };
}

/** Makes the primary's part: `send` hands something to one worker. */
export function createCountRelay(send: (worker: number, told: OfPeer) => void): {
  /** A worker that is there from now on hears what the others have. */
  joins(worker: number): void;
  tells(worker: number, changed: Counts): void;
  leaves(worker: number): void;
} {
  const known = new Map<number, Counts>();
  const toOthers = (from: number, counts: Counts | null): void => {
    for (const worker of known.keys())
      if (worker !== from) send(worker, { kind: "peer-counts", from, counts });
  };
  return {
    joins(worker) {
      for (const [from, counts] of known) send(worker, { kind: "peer-counts", from, counts });
      known.set(worker, new Map());
    },
    tells(worker, changed) {
      known.set(worker, merge(known.get(worker), changed));
      toOthers(worker, changed);
    },
    leaves(worker) {
      known.delete(worker);
      toOthers(worker, null);
    },
  };
}

function merge(before: Counts | undefined, changed: Counts): Counts {
  const after: Counts = before ?? new Map();
  for (const [key, count] of changed) {
    if (count === 0) after.delete(key);
    else after.set(key, count);
  }
  return after;
}
