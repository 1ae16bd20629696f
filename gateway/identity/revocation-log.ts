// Follows the log of revocations, and knows whether what it knows is fresh.
import type { Revocation, RevocationReader } from "../../db/queries/revocations.ts";
import { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";

export type RevocationLog = {
  /** Says whether the database confirmed within the last second that nothing else was revoked. */
  isFresh(): boolean;
  /** Asks the database now, together with everyone who waits; throws `identity_unavailable`. */
  confirm(): Promise<void>;
  /** Reads on at once, for instance after an announcement. */
  wake(): void;
  close(): Promise<void>;
};

export type RevocationLogOptions = {
  readonly reader: RevocationReader;
  readonly onRevocation: (revocation: Revocation) => void;
  readonly log: Log;
  readonly now?: () => number;
  readonly pollMs?: number;
  readonly freshMs?: number;
};

const PAGE = 10_000;

/** Begins to follow the log at its end: what was revoked before is refused at its first look-up. */
export function createRevocationLog(options: RevocationLogOptions): RevocationLog {
  const { reader, onRevocation, log } = options;
  const now = options.now ?? performance.now.bind(performance);
  const freshMs = options.freshMs ?? 1000;
  let last: number | null = null;
  let confirmedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let isDown = false;
  let isClosed = false;

  async function readOn(): Promise<void> {
    // The moment before the question: what is revoked while it travels isn't confirmed.
    const askedAt = now();
    try {
      if (last === null) last = await reader.readLast();
      else {
        for (;;) {
          const page: readonly Revocation[] = await reader.readAfter(last);
          for (const revocation of page) {
            onRevocation(revocation);
            last = revocation.seq;
          }
          if (page.length < PAGE) break;
        }
      }
      confirmedAt = askedAt;
      if (isDown) log.info({}, "Revocations are confirmed again.");
      isDown = false;
    } catch (error) {
      if (!isDown && !isClosed)
        log.warn({ err: error }, "Revocations can't be confirmed; each request asks the database.");
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
    async confirm() {
      try {
        await poll();
      } catch (error) {
        throw new GatewayError(
          "identity_unavailable",
          "The token can't be checked: the database is out of reach.",
          {
            cause: error,
          },
        );
      }
    },
    wake,
    async close() {
      isClosed = true;
      clearInterval(timer);
      await reader.close();
    },
  };
}
