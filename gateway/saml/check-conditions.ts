// Checks what a signed assertion says of its own validity: for whom, where, when, and in answer to what.
import type { Note } from "../identity/note.ts";
import type { SignedAssertion } from "./read-signed.ts";
import type { Reason } from "./refusal.ts";
import { SamlRefusal } from "./refusal.ts";

/** What an assertion must be. */
export type Wanted = {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** The one address that it may be shown at. */
  readonly recipient: string;
  /** The request that it must answer; null: it is not asked about. */
  readonly inResponseTo: string | null;
  readonly skewMs: number;
  readonly now: number;
};

const BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/** Longest time that an assertion counts: it is made to be shown at once, and remembered for so long. */
const LONGEST_MS = 2 * 3_600_000;

/** Gives until when it counts, in milliseconds since the epoch. Throws a `SamlRefusal`. */
export function checkConditions(assertion: SignedAssertion, wanted: Wanted, note?: Note): number {
  const [issuer] = assertion.Issuer;
  if (issuer.text !== wanted.issuer) throw new SamlRefusal("issuer", issuer.text);
  const [{ $: window, AudienceRestriction: restrictions }] = assertion.Conditions;
  // Each restriction restricts: one of its audiences must fit.
  for (const { Audience: audiences } of restrictions) {
    if (!audiences.some(({ text }) => wanted.audience.includes(text)))
      throw new SamlRefusal("audience", audiences.map(({ text }) => text).join(", "));
  }
  note?.("audience", `one of ${wanted.audience.join(", ")}`);
  requireWindow({ NotBefore: assertion.$.IssueInstant }, wanted);
  const until = requireWindow(window, wanted);
  for (const { $ } of assertion.AuthnStatement)
    requireWindow({ NotOnOrAfter: $.SessionNotOnOrAfter }, wanted);
  const confirmed = requireConfirmation(assertion, wanted);
  note?.("recipient", wanted.recipient);
  const ends = Math.min(confirmed, until);
  if (ends > wanted.now + LONGEST_MS + wanted.skewMs) throw new SamlRefusal("long");
  note?.("times", `right; it counts until ${new Date(ends).toISOString()}`);
  return ends;
}

/** One of the confirmations must fit in everything; the first bearer's fault is told where none does. */
function requireConfirmation(assertion: SignedAssertion, wanted: Wanted): number {
  const faults: SamlRefusal[] = [];
  const [{ SubjectConfirmation: confirmations }] = assertion.Subject;
  for (const { $, SubjectConfirmationData: data } of confirmations) {
    if ($.Method !== BEARER || data === undefined) continue;
    const [{ $: said }] = data;
    try {
      if (said.Recipient !== wanted.recipient) throw new SamlRefusal("recipient", said.Recipient ?? "none");
      if (wanted.inResponseTo !== null && said.InResponseTo !== wanted.inResponseTo)
        throw new SamlRefusal("request");
      if (said.NotOnOrAfter === undefined) throw new SamlRefusal("shape", "a confirmation without an end");
      return requireWindow(said, wanted);
    } catch (error) {
      if (!(error instanceof SamlRefusal)) throw error;
      faults.push(error);
    }
  }
  throw faults[0] ?? new SamlRefusal("shape", "no bearer confirmation");
}

/** Gives the window's end; infinity where it has none. */
function requireWindow(
  window: { readonly NotBefore?: string | undefined; readonly NotOnOrAfter?: string | undefined },
  { now, skewMs }: Wanted,
): number {
  const begins = window.NotBefore === undefined ? Number.NEGATIVE_INFINITY : toTime(window.NotBefore);
  const ends = window.NotOnOrAfter === undefined ? Number.POSITIVE_INFINITY : toTime(window.NotOnOrAfter);
  const fault: Reason | null = begins > now + skewMs ? "early" : ends + skewMs <= now ? "expired" : null;
  if (fault !== null)
    throw new SamlRefusal(fault, `${window.NotBefore ?? "any time"} to ${window.NotOnOrAfter ?? "any time"}`);
  return ends;
}

/** Times are in UTC (SAML 2.0 Core, section 1.3.3). */
function toTime(text: string): number {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new SamlRefusal("shape", "a time that isn't one in UTC");
  return time;
}
