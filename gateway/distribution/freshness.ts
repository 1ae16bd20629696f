// Knows how long ago a source confirmed its bundle, and refuses to decide by an older one than the operator allows.
import { GatewayError } from "../errors.ts";

export type Freshness = {
  /** Notes that it was confirmed so many milliseconds ago. */
  confirm(ageMs: number): void;
  /** Throws `policy_outdated` where that was too long ago. */
  check(): void;
};

/** Begins with a bundle that was confirmed so many milliseconds ago. */
export function createFreshness(
  maxAgeMs: number,
  ageMs: number,
  now: () => number = performance.now.bind(performance),
): Freshness {
  // A clock that only grows: that of the day may be set.
  let confirmed = now() - ageMs;
  return {
    confirm(age) {
      confirmed = Math.max(confirmed, now() - age);
    },
    check() {
      if (now() - confirmed > maxAgeMs)
        throw new GatewayError(
          "policy_outdated",
          "The policy's source has not confirmed it for longer than its operator allows.",
        );
    },
  };
}
