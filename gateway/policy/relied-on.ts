// Rules without which something that the gateway gives out means nothing: a bundle of one's own may be older than they are.
import type { Log } from "../log.ts";
import type { BundleMetadata } from "./manifest.ts";

/** What each holds. */
const RELIED_ON = {
  scope_exceeded: "tokens to their scopes",
  agent_tool_not_allowed: "agents to their tools",
  initiator_not_allowed: "models to who may begin their use",
} as const;

/** Tells of those that a bundle lacks: it goes on as it was meant, which its owner may not have meant any more. */
export function warnOfMissingRules(metadata: BundleMetadata | null, log: Log): void {
  const known = new Set(metadata?.rules.map(({ code }) => code));
  const missing = Object.entries(RELIED_ON).filter(([code]) => !known.has(code));
  if (missing.length === 0) return;
  const held = missing.map(([code, what]) => `${what} (${code})`);
  log.warn({ held }, "The bundle has no rule that holds some of what the default one does.");
}
