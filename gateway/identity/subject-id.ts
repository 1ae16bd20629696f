// Names subjects in the log of revocations.
import type { Caller } from "../exchange.ts";

/** Names a caller's subject: the same for all its tokens. */
export function toSubjectId(caller: Pick<Caller, "tenant" | "issuer" | "subject">): string {
  return JSON.stringify([caller.tenant, caller.issuer, caller.subject]);
}
