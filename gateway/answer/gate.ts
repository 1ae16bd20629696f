// A queue of bytes towards the caller. What stands behind an entry that waits, waits too, so order never changes.
import { writeObjectChanges, type Change } from "../mask/write-changes.ts";
import type { JsonObject } from "../exchange.ts";

export type Entry = {
  bytes: Buffer;
  /** How many reasons there are to wait. */
  waits: number;
  readonly size: number;
  /** The event that the bytes say, where texts of it may be masked, and how it is written then. */
  event: {
    value: JsonObject;
    write(value: JsonObject): Buffer;
    /** It is written anew even where nothing in it is masked. */
    isNew?: boolean;
  } | null;
  /** What is masked in it. */
  readonly changes: Change[];
};

export type Gate = {
  /** Puts bytes at the end of the queue; `waits` reasons keep them there. */
  push(bytes: Buffer, waits?: number, event?: Entry["event"]): Entry;
  /** Takes one reason away. */
  release(entry: Entry): void;
  /** Writes what no longer waits, in one piece where the bytes lie side by side. */
  flush(): void;
  /** Throws away all that waits. */
  drop(): void;
  /** Whether any entry has a reason to wait. */
  isWaiting(): boolean;
  /** Bytes that wait. */
  readonly held: number;
};

/** Puts other bytes in an entry's place, in which nothing is masked any more. */
export function replaceEntry(entry: Entry, bytes: Buffer): void {
  entry.bytes = bytes;
  entry.event = null;
}

/** Opens the queue in front of `write`. */
export function createGate(write: (bytes: Buffer) => void): Gate {
  let queue: Entry[] = [];
  const gate: Gate & { held: number } = {
    held: 0,
    isWaiting: () => queue.some((entry) => entry.waits > 0),
    push(bytes, waits = 0, event = null) {
      const entry = { bytes, waits, size: bytes.length, event, changes: [] };
      queue.push(entry);
      gate.held += entry.size;
      return entry;
    },
    release(entry) {
      entry.waits -= 1;
    },
    flush() {
      let count = 0;
      while (count < queue.length && queue[count]?.waits === 0) count += 1;
      if (count === 0) return;
      const ready = queue.slice(0, count);
      queue = count === queue.length ? [] : queue.slice(count);
      let run: Buffer | null = null;
      for (const entry of ready) {
        gate.held -= entry.size;
        const bytes = toBytes(entry);
        if (bytes.length === 0) continue;
        if (run === null) run = bytes;
        else if (run.buffer === bytes.buffer && run.byteOffset + run.length === bytes.byteOffset) {
          run = Buffer.from(run.buffer, run.byteOffset, run.length + bytes.length);
        } else {
          write(run);
          run = bytes;
        }
      }
      if (run !== null) write(run);
    },
    drop() {
      queue = [];
      gate.held = 0;
    },
  };
  return gate;
}

function toBytes({ bytes, event, changes }: Entry): Buffer {
  if (event === null || (changes.length === 0 && event.isNew !== true)) return bytes;
  return event.write(changes.length === 0 ? event.value : writeObjectChanges(event.value, changes));
}
