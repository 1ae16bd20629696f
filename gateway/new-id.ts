// Makes the ids of exchanges: UUIDs of version 7 (RFC 9562 §5.7), which sort by the time of their making.
import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

const BYTES = 16;
const pool = new Uint8Array(BYTES * 256);
let used = pool.length;

/** Gives a new id. Randomness is drawn for many at once: one draw each costs more than all the rest of an id. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + BYTES);
  used += BYTES;
  return v7({ random });
}
