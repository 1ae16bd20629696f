// Counts the failed attempts of each address to get a token or into the console, so that nobody tries secrets without end.
import { createMinuteGate } from "./minute-gate.ts";
import { createMinuteLimit } from "./minute-limit.ts";

/** Failed attempts of one address within a minute, at each worker; further ones wait. */
const MOST_FAILURES = 120;

/** Somebody who fails again and again. */
export type FailureIncident = {
  readonly kind: "too_many_failures";
  readonly address: string;
  /** How many addresses reached the limit since the last incident without one of their own. */
  readonly unreported: number;
};

export type Failures = {
  /** Says whether so many requests of the address have failed that it has to wait. */
  isLimited(address: string): boolean;
  note(address: string): void;
};

/** Makes the count. An address that reaches the limit is an incident, of which at most ten a minute are told. */
export function createFailures(onLimit: (incident: FailureIncident) => void, now: () => number): Failures {
  const counts = createMinuteLimit(MOST_FAILURES, now);
  const pass = createMinuteGate(now);
  return {
    isLimited: (address) => counts.isReached(toSubscriber(address)),
    note(address) {
      if (!counts.note(toSubscriber(address))) return;
      const unreported = pass();
      if (unreported !== null) onLimit({ kind: "too_many_failures", address, unreported });
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
