// Why an assertion is refused: words that help whoever set it up, and say nothing of what would have been right.
import { GatewayError } from "../errors.ts";

const REASONS = {
  size: "it is too long, too deep, or has too many parts",
  form: "it isn't base64 of plain XML: no document type, comments, CDATA or processing instructions",
  wrapped: "its elements, ids or signatures don't stand where those of a signed assertion do",
  encrypted: "it is encrypted; have the issuer sign it without encrypting it",
  absent: "the message holds no assertion",
  unsigned: "the assertion itself isn't signed; a signature over the message around it isn't enough",
  algorithm: "its algorithms aren't accepted: RSA with SHA-256 or SHA-512, and exclusive canonicalisation",
  signature: "its signature is wrong, or by another key than its issuer's",
  issuer: "its issuer isn't accepted",
  shape: "it lacks what one for the gateway has: subject, bearer confirmation, conditions with an audience",
  audience: "its audience doesn't fit",
  recipient: "its recipient or destination is another address",
  request: "it answers another request, or none",
  early: "it isn't valid yet: compare the clocks",
  expired: "it has expired; ask for a fresh one",
  long: "it counts for longer than two hours; have the issuer make it for minutes",
  transient: "its name id is transient, so that nobody is told by it; have the issuer send a lasting one",
  overage: "its subject has more groups than fit into it, so that none of them is known",
  replayed: "it was used before; each counts once",
  status: "the issuer says that the sign-in failed",
} as const;

/** A word for what is wrong. */
export type Reason = keyof typeof REASONS;

/** What no honest program sends: it is an incident. */
const ATTACKS: ReadonlySet<Reason> = new Set<Reason>([
  "form",
  "wrapped",
  "unsigned",
  "signature",
  "request",
  "replayed",
]);

/** Refuses an assertion for a reason; `detail` is for an operator who asks for an explanation, never for a caller. */
export class SamlRefusal extends GatewayError {
  readonly reason: Reason;
  readonly isAttack: boolean;
  readonly detail: string | null;

  constructor(reason: Reason, detail: string | null = null, options?: ErrorOptions) {
    const code = reason === "expired" ? "token_expired" : "token_invalid";
    super(code, `The assertion isn't accepted: ${REASONS[reason]}.`, options);
    this.reason = reason;
    this.isAttack = ATTACKS.has(reason);
    this.detail = detail;
  }
}
