// Follows a log of the database by its numbers, and knows whether what it knows is fresh.
import type { Log } from "./log.ts";

/** Reads a log whose entries carry a number that only grows. */
type Reader<T extends { readonly seq: number }> = {
  /** The newest number in the log, 0 where it is empty. */
  readLast(): Promise<number>;
  /** Reads the entries after `seq`, in order, at most a page of them. */
  readAfter(seq: number): Promise<readonly T[]>;
  close(): Promise<void>;
};

/** A log that is followed. */
export type FollowedLog = {
  /** Says whether the database confirmed within the last second that nothing else stands in the log. */
  isFresh(): boolean;
  /** Asks the database now, together with everyone who waits; rejects where it can't be asked. */
  confirm(): Promise<void>;
  /** Reads on at once, for instance after an announcement. */
  wake(): void;
  close(): Promise<void>;
};

/** How a log is followed. */
export type FollowOptions<T extends { readonly seq: number }> = {
  readonly reader: Reader<T>;
  readonly onEntry: (entry: T) => void;
  readonly log: Log;
  /** What is logged where the database can't be asked, and once it can again. */
  readonly messages: { readonly lost: string; readonly found: string };
  readonly now?: () => number;
  readonly pollMs?: number;
  readonly freshMs?: number;
};

const PAGE = 10_000;

/** Begins to follow a log at its end. */
export function followLog<T extends { readonly seq: number }>(options: FollowOptions<T>): FollowedLog {
  const { reader, onEntry, log, messages } = options;
  const now = options.now ?? performance.now.bind(performance);
  const freshMs = options.freshMs ?? 1000;
  let last: number | null = null;
  let confirmedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let isDown = false;
  let isClosed = false;

  async function readOn(): Promise<void> {
    // The moment before the question: what is written while it travels isn't confirmed.
    const askedAt = now();
    try {
      if (last === null) last = await reader.readLast();
      else {
        for (;;) {
          const page: readonly T[] = await reader.readAfter(last);
          for (const entry of page) {
            onEntry(entry);
            last = entry.seq;
          }
          if (page.length < PAGE) break;
        }
      }
      confirmedAt = askedAt;
      if (isDown) log.info({}, messages.found);
      isDown = false;
    } catch (error) {
      if (!isDown && !isClosed) log.warn({ err: error }, messages.lost);
      isDown = true;
      throw error;
    }
  }

  /** One read at a time; who comes during one waits for the next, since the running one may have asked too early. */
  function poll(): Promise<void> {
    if (running === null) {
      running = readOn().finally(() => (running = null));
      return running;
    }
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null;
        return poll();
      });
    return next;
  }

  function wake(): void {
    if (!isClosed) poll().catch(() => undefined);
  }

  const timer = setInterval(() => {
    if (running === null) wake();
  }, options.pollMs ?? 300);
  timer.unref();

  return {
    isFresh: () => now() - confirmedAt <= freshMs,
    confirm: poll,
    wake,
    async close() {
      isClosed = true;
      clearInterval(timer);
      await reader.close();
    },
  };
}
