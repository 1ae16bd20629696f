// Gathers rows into batches and commits each batch once: at once when idle, together under load, within a bound of time.
import type { AddedObject, Batch, Writer } from "../../db/writer.ts";
import type { TableName } from "../../db/inserts.ts";
import { DatabaseError } from "../../db/errors.ts";
import { GatewayError } from "../errors.ts";

/** The rows of one call, which stand or fall together. */
export type Rows = readonly { readonly table: TableName; readonly json: string }[];

export type GroupCommitOptions = {
  /** How long rows wait for company while there is load. */
  readonly lingerMs: number;
  /** How long rows may wait for the database. */
  readonly deadlineMs: number;
  /** Calls that may wait at once. */
  readonly maxWaiting: number;
  /** Bytes that may wait at once. */
  readonly maxWaitingBytes: number;
};

export type GroupCommit = {
  /** Resolves when the rows are committed; rejects with `record_unavailable` when they can't be in time. */
  commit(rows: Rows): Promise<readonly AddedObject[]>;
  status(): { readonly waiting: number; readonly failing: boolean };
  /** Settles what waits, then takes no more. */
  close(): Promise<void>;
};

type Entry = {
  readonly rows: Rows;
  readonly bytes: number;
  readonly expires: number;
  readonly resolve: (added: readonly AddedObject[]) => void;
  readonly reject: (error: GatewayError) => void;
};

const BATCH_ENTRIES = 256;
const BATCH_BYTES = 4 * 1024 * 1024;
/** With so many rows the saving per row is reached; waiting on only costs time. */
const WORTHWHILE = 16;
/** A batch of so many rows says that there is load: waiting a little saves more than it costs. */
const LOAD = 4;
const RETRY_MS = 100;

/** Makes the queue in front of a writer. `onFailure` hears of each failed attempt. */
export function createGroupCommit(
  writer: Writer,
  options: GroupCommitOptions,
  onFailure: (error: DatabaseError) => void,
): GroupCommit {
  const { lingerMs, deadlineMs, maxWaiting, maxWaitingBytes } = options;
  let waiting: Entry[] = [];
  let waitingBytes = 0;
  let state: "idle" | "scheduled" | "writing" = "idle";
  let underLoad = false;
  let failing = false;
  let closed = false;
  let watch: NodeJS.Timeout | undefined;
  let onIdle: (() => void) | undefined;

  function schedule(): void {
    state = "scheduled";
    // Rows of one turn of the event loop share a batch in any case.
    if (underLoad && waiting.length < WORTHWHILE && lingerMs > 0 && !closed) setTimeout(flush, lingerMs);
    else setImmediate(flush);
  }

  function flush(): void {
    const entries = take();
    if (entries.length === 0) return rest();
    state = "writing";
    underLoad = entries.length >= LOAD;
    if (waiting.length > 0) startWatch();
    void writeAll(entries).then(() => (waiting.length === 0 ? rest() : schedule()));
  }

  function rest(): void {
    state = "idle";
    onIdle?.();
  }

  function take(): Entry[] {
    let bytes = 0;
    let count = 0;
    for (const entry of waiting) {
      if (count === BATCH_ENTRIES || (count > 0 && bytes + entry.bytes > BATCH_BYTES)) break;
      bytes += entry.bytes;
      count += 1;
    }
    waitingBytes -= bytes;
    if (count === waiting.length) {
      const all = waiting;
      waiting = [];
      return all;
    }
    return waiting.splice(0, count);
  }

  /** Writes entries until each is settled. */
  async function writeAll(entries: Entry[]): Promise<void> {
    let rest = entries;
    for (;;) {
      const now = Date.now();
      rest = rest.filter((entry) => entry.expires > now || refuse(entry, "DEADLINE"));
      const first = rest[0];
      if (first === undefined) return;
      try {
        const added = await withLimit(writer.write(toBatch(rest)), first.expires - now);
        failing = false;
        for (const entry of rest) entry.resolve(added);
        return;
      } catch (thrown) {
        const error = thrown instanceof DatabaseError ? thrown : new DatabaseError("unavailable", null);
        onFailure(error);
        if (error.reason === "refused") {
          // One bad row must not take the others with it.
          if (rest.length === 1) return void refuse(first, error.code);
          const half = rest.length >> 1;
          await writeAll(rest.slice(0, half));
          return writeAll(rest.slice(half));
        }
        failing = true;
        // Whether the batch was committed is unknown; it is written again, and rows that stand already stay.
        writer.reset();
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  function startWatch(): void {
    watch ??= setInterval(expire, Math.max(10, deadlineMs / 20));
  }

  /** Rejects what waited too long behind a batch that hangs. */
  function expire(): void {
    const now = Date.now();
    let count = 0;
    for (const entry of waiting) {
      if (entry.expires > now) break;
      refuse(entry, "DEADLINE");
      waitingBytes -= entry.bytes;
      count += 1;
    }
    if (count > 0) waiting.splice(0, count);
    if (waiting.length === 0) {
      clearInterval(watch);
      watch = undefined;
    }
  }

  return {
    commit(rows) {
      let bytes = 0;
      for (const row of rows) bytes += row.json.length;
      if (closed) return Promise.reject(unavailable("CLOSED"));
      if (waiting.length >= maxWaiting || waitingBytes + bytes > maxWaitingBytes) {
        return Promise.reject(unavailable("QUEUE_FULL"));
      }
      return new Promise((resolve, reject) => {
        waiting.push({ rows, bytes, expires: Date.now() + deadlineMs, resolve, reject });
        waitingBytes += bytes;
        if (state === "idle") schedule();
        else if (state === "writing") startWatch();
      });
    },
    status: () => ({ waiting: waiting.length, failing }),
    async close() {
      closed = true;
      await new Promise<void>((resolve) => {
        if (state === "idle") resolve();
        else onIdle = resolve;
      });
      clearInterval(watch);
      await writer.close();
    },
  };
}

function toBatch(entries: readonly Entry[]): Batch {
  const batch = new Map<TableName, string[]>();
  for (const entry of entries) {
    for (const { table, json } of entry.rows) {
      const rows = batch.get(table);
      if (rows === undefined) batch.set(table, [json]);
      else rows.push(json);
    }
  }
  return batch;
}

function refuse(entry: Entry, code: string | null): false {
  entry.reject(unavailable(code));
  return false;
}

/** Gives the error of what could not be written, with what the database said. */
export function unavailable(code: string | null): GatewayError {
  const message = "The record could not be written in time; nothing was passed on.";
  return new GatewayError("record_unavailable", message, { cause: new DatabaseError("unavailable", code) });
}

async function withLimit<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DatabaseError("unavailable", "DEADLINE")), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
