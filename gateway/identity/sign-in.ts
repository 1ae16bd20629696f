// What a sign-in at an issuer is, whichever protocol it speaks: how the browser that began it is told, and who came back.
import { hash } from "node:crypto";
import type { ClaimedCaller } from "./claims.ts";

/** One try to sign in. */
export type Attempt = {
  /** What nobody knows but the browser that began it. */
  readonly secret: string;
  /** What is made of it, goes to the issuer, and comes back with the answer. */
  readonly state: string;
};

/** Who signed in. */
export type SignedIn = {
  readonly caller: Pick<ClaimedCaller, "tenant" | "issuer" | "subject" | "kind" | "groups">;
  /** The issuer's own name for the subject. */
  readonly issuerSubject: string;
  /** The issuer's session, where it has a name. */
  readonly issuerSession: string | null;
  /** When that session ends, in milliseconds since the epoch; null where the issuer doesn't say. */
  readonly endsAt: number | null;
};

/** The sign-in at one issuer. */
export type SignIn = {
  /** Gives where to send the browser. Throws `identity_unavailable`. */
  begin(attempt: Attempt): Promise<URL>;
  /**
   * Finishes an attempt by the fields of the issuer's answer, of which the caller knows that the attempt's state is among
   * them. Throws `token_invalid`, `token_expired` or `identity_unavailable`.
   */
  finish(fields: ReadonlyMap<string, string>, attempt: Attempt, address: string): Promise<SignedIn>;
};

/** Makes the attempt of a secret; `at` is where it is made, so that no other issuer's answer fits it. */
export function toAttempt(secret: string, at: string): Attempt {
  return { secret, state: hash("sha256", `sign-in\0${at}\0${secret}`, "base64url") };
}
