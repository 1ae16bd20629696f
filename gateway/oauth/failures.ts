// Counts the failed requests of each address, so that nobody tries secrets and tokens without end.
import { OAuthError } from "./oauth-error.ts";

/** Failed attempts of one address within a minute, at each worker; further ones wait. */
const MOST_FAILURES = 120;
const MINUTE_MS = 60_000;
const MOST_ADDRESSES = 10_000;

export type Failures = {
  /** Throws `slow_down` where too many requests of the address have failed. */
  requirePatience(address: string): void;
  note(address: string): void;
};

/** Makes the count. Of too many addresses the one that began first is forgotten. */
export function createFailures(now: () => number): Failures {
  const counts = new Map<string, { count: number; readonly until: number }>();
  return {
    requirePatience(address) {
      const held = counts.get(toSubscriber(address));
      if (held !== undefined && held.until > now() && held.count >= MOST_FAILURES)
        throw new OAuthError("slow_down", "Too many requests failed; wait a minute.");
    },
    note(address) {
      const key = toSubscriber(address);
      const held = counts.get(key);
      if (held !== undefined && held.until > now()) {
        held.count += 1;
        return;
      }
      counts.delete(key);
      const [oldest] = counts.keys();
      if (counts.size >= MOST_ADDRESSES && oldest !== undefined) counts.delete(oldest);
      counts.set(key, { count: 1, until: now() + MINUTE_MS });
    },
  };
}

/** Names what one subscriber has: an address of IPv4, or the 64 bits of an IPv6 one that are given out together. */
function toSubscriber(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const parts = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - parts.length - rest.length;
  const all = [...parts, ...Array.from({ length: zeros }, () => "0"), ...rest];
  return `${all.slice(0, 4).join(":")}::/64`;
}
