// Reports provider keys that were presented: each once, and a flood of them by its number.
import { LRUCache } from "lru-cache";
import { createMinuteGate } from "./minute-gate.ts";
import type { ProviderKeyIncident } from "./provider-keys.ts";
import { toIncident } from "./provider-keys.ts";

/** Once an hour for each key: a program in a loop is one incident. */
const SAME_KEY_MS = 3_600_000;

/** Makes the reporter. Anybody can present keys, so at most ten incidents a minute leave it; the next one counts the rest. */
export function createProviderKeyReporter(deps: {
  readonly secret: Buffer;
  readonly onProviderKey: (incident: ProviderKeyIncident) => void;
  readonly now: () => number;
}): (provider: string, token: string, address: string | null) => void {
  const { secret, onProviderKey, now } = deps;
  const reported = new LRUCache<string, true>({ max: 10_000, ttl: SAME_KEY_MS });
  const pass = createMinuteGate(now);
  return (provider, token, address) => {
    const incident = toIncident(provider, token, secret);
    if (reported.has(incident.keyHash)) return;
    const unreported = pass();
    if (unreported === null) return;
    reported.set(incident.keyHash, true);
    onProviderKey({ ...incident, unreported, address });
  };
}
