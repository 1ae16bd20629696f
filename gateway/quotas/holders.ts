// Says that this process lives, and finds those that died: what they had reserved is given back.
import type { QuotaHolder } from "../../db/queries/quotas.ts";

/** What a look at the holders asks the database. */
export type HolderStore = {
  /** Says that this process lives; gives its number, 1 where it was not known, and the others. */
  keep(): Promise<{ readonly beat: number; readonly others: readonly QuotaHolder[] }>;
  /** Gives back what the dead have. */
  expire(dead: readonly QuotaHolder[]): Promise<number>;
};

export type Holders = {
  /** Looks once. Gives how many reservations of the dead were given back. Rejects where the database is away. */
  look(): Promise<number>;
  /** The number of this process; 0: it was never told. */
  readonly beat: number;
};

/**
 * Makes the watch. Who is dead is known by this process' own clock: a number that has not grown for `deadMs` while this
 * process could look all the time. Neither a database that was away nor a clock that jumps makes anybody dead.
 */
export function createHolders(
  store: HolderStore,
  options: {
    readonly deadMs: number;
    /** The most between two looks that count as one watch. */
    readonly gapMs: number;
    /** Told where others have taken this process for dead. */
    readonly onLost: () => void;
    readonly now?: () => number;
  },
): Holders {
  const now = options.now ?? performance.now.bind(performance);
  const seen = new Map<string, { readonly beat: number; readonly since: number }>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let own = 0;
  return {
    get beat() {
      return own;
    },
    async look() {
      const began = now();
      const { beat, others } = await store.keep();
      if (beat <= own) options.onLost();
      own = beat;
      if (began - lookedAt > options.gapMs) seen.clear();
      lookedAt = began;
      const dead: QuotaHolder[] = [];
      for (const holder of others) {
        const known = seen.get(holder.id);
        if (known?.beat !== holder.beat) seen.set(holder.id, { beat: holder.beat, since: began });
        else if (began - known.since >= options.deadMs) dead.push(holder);
      }
      const alive = new Set(others.map(({ id }) => id));
      for (const id of seen.keys()) if (!alive.has(id)) seen.delete(id);
      return dead.length === 0 ? 0 : store.expire(dead);
    },
  };
}
