// Gathers what exchanges reserve and settle into batches: one round trip at a time, and all that waits goes with the next.
import { DatabaseError } from "../../db/errors.ts";
import type {
  QuotaAnswer,
  QuotaAsked,
  QuotaCounter,
  QuotaSettled,
  QuotaWriter,
} from "../../db/queries/quotas.ts";

/** What one exchange asks for, with the counters that it names. */
export type Asking = { readonly asked: QuotaAsked; readonly counters: readonly QuotaCounter[] };

export type Batches = {
  /** Reserves. Rejects with `DatabaseError`: nobody knows then whether it was reserved. */
  reserve(asking: Asking): Promise<QuotaAnswer>;
  /** Settles, however often it must be tried; resolves when it is done. */
  settle(settled: readonly QuotaSettled[]): Promise<void>;
  /** Settles what waits, as far as the database lets it in time; takes no more. */
  close(limitMs: number): Promise<void>;
};

type Waiting = Asking & {
  readonly resolve: (answer: QuotaAnswer) => void;
  readonly reject: (error: unknown) => void;
};

const MOST_ASKED = 128;
const MOST_WAITING = 10_000;
/** Counters that the database is known to have, with their limits. */
const MOST_KNOWN = 50_000;
const RETRY_MS = 250;

/** Makes the batches in front of a writer. */
export function createBatches(writer: QuotaWriter): Batches {
  const known = new Map<string, number>();
  let asking: Waiting[] = [];
  let settling: { readonly settled: QuotaSettled; readonly done: () => void }[] = [];
  let isBusy = false;
  let isClosed = false;
  let onIdle: () => void = () => undefined;

  function schedule(): void {
    if (isBusy) return;
    isBusy = true;
    setImmediate(() => void run());
  }

  async function run(): Promise<void> {
    while (asking.length + settling.length > 0) {
      const asked = asking.splice(0, MOST_ASKED);
      const settled = settling;
      settling = [];
      const isDone = await write(asked, settled);
      if (!isDone) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    isBusy = false;
    onIdle();
  }

  /** Writes a batch; what is settled waits for the next one where that fails. */
  async function write(asked: readonly Waiting[], settled: typeof settling): Promise<boolean> {
    const counters = new Map<string, QuotaCounter>();
    for (const one of asked)
      for (const counter of one.counters)
        if (known.get(counter.id) !== counter.most) counters.set(counter.id, counter);
    try {
      const answers = await writer.apply(
        [...counters.values()],
        settled.map((one) => one.settled),
        asked.map((one) => one.asked),
      );
      if (known.size + counters.size > MOST_KNOWN) known.clear();
      for (const { id, most } of counters.values()) known.set(id, most);
      for (const [index, one] of asked.entries()) {
        const answer = answers[index];
        if (answer === undefined) one.reject(new DatabaseError("refused", null));
        else one.resolve(answer);
      }
      for (const { done } of settled) done();
      return true;
    } catch (error) {
      // Whatever the database lost, it is told anew.
      known.clear();
      settling = [...settled, ...settling];
      for (const { reject } of asked) reject(error);
      return false;
    }
  }

  return {
    reserve(asked) {
      if (isClosed || asking.length >= MOST_WAITING)
        return Promise.reject(new DatabaseError("unavailable", null));
      return new Promise((resolve, reject) => {
        asking.push({ ...asked, resolve, reject });
        schedule();
      });
    },
    async settle(settled) {
      const all = settled.map(
        (one) => new Promise<void>((resolve) => settling.push({ settled: one, done: resolve })),
      );
      schedule();
      await Promise.all(all);
    },
    async close(limitMs) {
      isClosed = true;
      let timer: NodeJS.Timeout | undefined;
      if (isBusy) {
        await new Promise<void>((resolve) => {
          onIdle = resolve;
          timer = setTimeout(resolve, limitMs);
        });
      }
      clearTimeout(timer);
      // What could not be settled stays reserved until others see that this process is gone.
      settling = [];
      await writer.close();
    },
  };
}
