// Checks assertions that programs bring to the token service (RFC 7522): alone, made for its token endpoint.
import { createMinuteGate } from "../identity/minute-gate.ts";
import type { AssertedCaller, From, MessageDeps } from "./check-message.ts";
import { checkMessage } from "./check-message.ts";
import type { SamlRefusal } from "./refusal.ts";

/** Checks an assertion in base64url and uses it up; throws as `checkMessage` does. */
export type AssertionCheck = (encoded: string, from?: From) => Promise<AssertedCaller["caller"]>;

/** An assertion that no honest program sends. */
export type SamlIncident = {
  readonly kind: "saml_assertion_refused";
  readonly reason: string;
  /** Where it came from. */
  readonly address: string | null;
  /** How many were refused since the last incident without one of their own. */
  readonly unreported: number;
};

/** Makes the check. `recipient` is the token endpoint. */
export function createAssertionCheck(
  deps: MessageDeps & { readonly recipient: () => string },
): AssertionCheck {
  return async (encoded, from) => {
    const expected = { root: "Assertion", recipient: deps.recipient(), inResponseTo: null } as const;
    const { caller } = await checkMessage(deps, encoded, expected, from);
    return caller;
  };
}

/** Makes what reports attacks: anybody can try, so at most ten incidents a minute leave it; the next one counts the rest. */
export function createAttackReporter(
  onIncident: (incident: SamlIncident) => void,
  now: () => number,
): (refusal: SamlRefusal, address: string | null) => void {
  const pass = createMinuteGate(now);
  return ({ reason }, address) => {
    const unreported = pass();
    if (unreported !== null) onIncident({ kind: "saml_assertion_refused", reason, address, unreported });
  };
}
