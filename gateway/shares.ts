// What one caller may have under way at once, so that none takes all there is: a count for each caller and each thing.
import { GatewayError } from "./errors.ts";
import type { Caller } from "./exchange.ts";
import type { Spools } from "./spool/spool.ts";

/** What is counted: the names of `limits.per_caller`. */
export type Counted = "batch_lines" | "lists" | "sockets" | "upload_bytes" | "uploads";

/** What something that is under way has of its caller's share. */
export type Share = {
  /** Takes so much more. Throws `caller_limit` where the caller has no more left. */
  add(amount: number): void;
  /** Gives all of it back; once is enough. */
  close(): void;
};

export type Shares = { open(caller: Caller, counted: Counted): Share };

/** What the other processes of this gateway count. */
export type PeerCounts = {
  /** What the others have under a key, as far as they have told. */
  others(key: string): number;
  /** Tells the others what this process has under a key from now on. */
  tell(key: string, count: number): void;
};

const ALONE: PeerCounts = { others: () => 0, tell: () => undefined };

/** Makes the counts of this process; the limits hold for it and its peers together. */
export function createShares(limits: Readonly<Record<Counted, number>>, peers: PeerCounts = ALONE): Shares {
  const used = new Map<string, number>();
  return {
    open({ tenant, issuer, subject }, counted) {
      const key = [counted, tenant, issuer, subject].join("\0");
      let mine = 0;
      return {
        add(amount) {
          const now = (used.get(key) ?? 0) + amount;
          if (now + peers.others(key) > limits[counted])
            throw new GatewayError(
              "caller_limit",
              `You have more under way than one caller may (limits.per_caller.${counted}).`,
            );
          used.set(key, now);
          peers.tell(key, now);
          mine += amount;
        },
        close() {
          if (mine === 0) return;
          const left = (used.get(key) ?? 0) - mine;
          mine = 0;
          if (left > 0) used.set(key, left);
          else used.delete(key);
          peers.tell(key, left);
        },
      };
    },
  };
}

/** Takes what a caller keeps in spools from its share. */
export function shareSpools(spools: Spools, shares: Shares, caller: Caller): Pick<Spools, "open"> {
  return {
    open() {
      const count = shares.open(caller, "uploads");
      const bytes = shares.open(caller, "upload_bytes");
      count.add(1);
      const spool = spools.open();
      return {
        get size() {
          return spool.size;
        },
        read: (from, to) => spool.read(from, to),
        async write(piece) {
          bytes.add(piece.length);
          await spool.write(piece);
        },
        async close() {
          count.close();
          bytes.close();
          await spool.close();
        },
      };
    },
  };
}
