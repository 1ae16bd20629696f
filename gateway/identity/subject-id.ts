// Names subjects in the log of revocations.
import type { Caller } from "../exchange.ts";

/** The issuer of service accounts' callers. */
export const OWN_ISSUER = "tollgate";

/** Names a caller's subject: the same for all its tokens. */
export function toSubjectId(caller: Pick<Caller, "tenant" | "issuer" | "subject">): string {
  return JSON.stringify([caller.tenant, caller.issuer, caller.subject]);
}

/** Gives everything in the log of revocations that ends a caller: ids of credentials and of subjects are never alike. */
export function toNames(
  caller: Pick<Caller, "tenant" | "issuer" | "subject" | "credentialId" | "parents">,
): readonly string[] {
  return [caller.credentialId, toSubjectId(caller), ...(caller.parents ?? [])];
}
