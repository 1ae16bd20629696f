// The requests that wait for people, as many as fit: woken by the database's announcements, and by a look each second.
import type { Caller } from "../exchange.ts";
import type { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";

/** What the waits ask of the database. */
export type ApprovalNews = {
  /** Calls back at each announcement of an approval, and each time that the connection for them stands again. */
  listen(onNews: (id: string) => void, onConnected: () => void): Promise<() => Promise<void>>;
  /** Gives those of the approvals that wait for nobody any longer. */
  listSettled(ids: readonly string[]): Promise<readonly string[]>;
};

/** How one request waits. */
export type WaitOptions = {
  readonly caller: Caller;
  /** What it keeps in memory. */
  readonly bytes: number;
  readonly ms: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
};

/** How a wait ends: something became of an approval, the time is over, there is no room to wait, or the caller left. */
export type WaitEnd = "news" | "over" | "full" | "left";

export type Waits = {
  /** Waits until something becomes of one of the approvals. Rejects with what `end` is given. */
  wait(ids: readonly string[], options: WaitOptions): Promise<WaitEnd>;
  /** Ends waits of some callers, or all of them. */
  end(error: GatewayError, isOf?: (caller: Caller) => boolean): void;
  readonly count: number;
  close(): Promise<void>;
};

type Waiter = {
  readonly ids: readonly string[];
  readonly options: WaitOptions;
  settle(end: WaitEnd): void;
  fail(error: GatewayError): void;
};

const LOOK_MS = 1_000;

/** Begins to listen. `held` and `bytes` bound what may wait at once. */
export async function openWaits(
  news: ApprovalNews,
  limits: { readonly held: number; readonly bytes: number },
  log: Log,
): Promise<Waits> {
  const waiters = new Map<string, Set<Waiter>>();
  const all = new Set<Waiter>();
  let bytes = 0;
  let isLooking = false;
  let isDown = false;

  function wake(id: string): void {
    for (const waiter of waiters.get(id) ?? []) waiter.settle("news");
  }

  /** What was announced while nobody listened, and what nobody announces: that time is over. */
  async function look(): Promise<void> {
    if (isLooking || waiters.size === 0) return;
    isLooking = true;
    try {
      for (const id of await news.listSettled([...waiters.keys()])) wake(id);
      isDown = false;
    } catch (error) {
      if (!isDown) log.warn({ err: error }, "Approvals can't be looked up; what waits for them waits on.");
      isDown = true;
    } finally {
      isLooking = false;
    }
  }

  const unlisten = await news.listen(wake, () => void look());
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();

  return {
    get count() {
      return all.size;
    },
    async wait(ids, options) {
      if (options.signal.aborted) return "left";
      if (options.ms <= 0) return "over";
      if (all.size >= limits.held || bytes + options.bytes > limits.bytes) return "full";
      return new Promise<WaitEnd>((resolve, reject) => {
        const leave = (): void => waiter.settle("left");
        const over = setTimeout(() => waiter.settle("over"), options.ms);
        const forget = (): void => {
          if (!all.delete(waiter)) return;
          bytes -= options.bytes;
          clearTimeout(over);
          options.signal.removeEventListener("abort", leave);
          for (const id of ids) {
            const others = waiters.get(id);
            others?.delete(waiter);
            if (others?.size === 0) waiters.delete(id);
          }
        };
        const waiter: Waiter = {
          ids,
          options,
          settle(end) {
            forget();
            resolve(end);
          },
          fail(error) {
            forget();
            reject(error);
          },
        };
        all.add(waiter);
        bytes += options.bytes;
        for (const id of ids) waiters.set(id, (waiters.get(id) ?? new Set<Waiter>()).add(waiter));
        options.signal.addEventListener("abort", leave, { once: true });
      });
    },
    end(error, isOf) {
      for (const waiter of all) if (isOf?.(waiter.options.caller) ?? true) waiter.fail(error);
    },
    async close() {
      clearInterval(timer);
      await unlisten();
    },
  };
}
