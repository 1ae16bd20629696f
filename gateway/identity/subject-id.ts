// Names subjects in the log of revocations.
import { z } from "zod";
import { toEarlierId } from "../../db/queries/revocations.ts";
import type { Ends } from "../../db/queries/revocations.ts";
import type { Caller } from "../exchange.ts";

/** The issuer of service accounts' callers. */
export const OWN_ISSUER = "tollgate";

const subjectId = z.tuple([z.string(), z.string(), z.string()]);

/** Names a caller's subject: the same for all its tokens. */
export function toSubjectId(caller: Pick<Caller, "tenant" | "issuer" | "subject">): string {
  return JSON.stringify([caller.tenant, caller.issuer, caller.subject]);
}

/** Gives everything in the log of revocations that ends a caller who was let in by these credentials. */
export function toEnds(
  caller: Pick<Caller, "tenant" | "issuer" | "subject" | "issuedAt">,
  credentials: readonly string[],
): Ends {
  const names = [toSubjectId(caller), ...credentials];
  if (caller.issuedAt === undefined) return { names, issued: null };
  const to = names.flatMap((name) => {
    const [, issuer, subject] = name.startsWith("[") ? subjectId.parse(JSON.parse(name)) : [];
    return issuer === undefined || subject === undefined
      ? []
      : [toEarlierId(issuer, subject), toEarlierId(null, subject)];
  });
  return { names, issued: { at: caller.issuedAt, to } };
}

/** The same of a caller as it is let in. */
export function toCallerEnds(
  caller: Pick<Caller, "tenant" | "issuer" | "subject" | "issuedAt" | "credentialId" | "parents">,
): Ends {
  return toEnds(caller, [caller.credentialId, ...(caller.parents ?? [])]);
}
