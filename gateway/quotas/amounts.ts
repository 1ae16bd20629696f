// How much of each unit an exchange asks for before it goes out, and how much of that it has used when it ends.
import type { LimitUnit } from "../exchange.ts";

/** How much of each unit. */
export type Amounts = Readonly<Record<LimitUnit, number>>;

/** What is known of an exchange before it goes out. */
export type Asking = {
  /** Of its body, as it came. */
  readonly bytes: number;
  /** It opens a socket: what is asked over that is under way, not the socket. */
  readonly opensSocket: boolean;
};

/** How an exchange ended. */
export type Ending = {
  /** Whether anything of it may have reached the target. */
  readonly isReached: boolean;
};

const NOTHING: Amounts = { requests: 0, concurrent: 0, bytes: 0 };

/** Gives what an exchange asks for: the most that it can come to. */
export function toAsked({ bytes, opensSocket }: Asking): Amounts {
  return { requests: 1, concurrent: opensSocket ? 0 : 1, bytes };
}

/** Gives what of it was used. */
export function toUsed(asked: Amounts, { isReached }: Ending): Amounts {
  if (!isReached) return NOTHING;
  return { ...asked, concurrent: 0 };
}
