// Short-lived tokens of our own: opaque, stored hashed, each with the caller that it stands for.
import { z } from "zod";
import type { Database } from "../../db/client.ts";
import { findToken } from "../../db/queries/tokens.ts";
import type { Caller, Json } from "../exchange.ts";
import { INITIATORS } from "../exchange.ts";
import { agentSchema } from "./account-caller.ts";
import type { FoundToken } from "./check-token.ts";

/** What of a caller is kept with its token: credential and expiry are the token's own. */
export type KeptCaller = Omit<Caller, "credentialId" | "parents" | "expiresAt" | "grant" | "certificate">;

const json: z.ZodType<Json> = z.json();
/** What of a caller is kept, as JSON. A token from before a field was known gets what opens least. */
export const keptCaller = z.object({
  tenant: z.string(),
  issuer: z.string(),
  subject: z.string(),
  kind: z.enum(["human", "service", "ci", "agent"]),
  groups: z.array(z.string()),
  scopes: z.array(z.string()),
  claims: z.record(z.string(), json),
  actsFor: z.string().nullable(),
  agent: agentSchema.extend({ name: z.string() }).nullable().default(null),
  initiator: z.enum(INITIATORS).default("service"),
  boundTo: z.string().optional(),
  issuedAt: z.number().optional(),
});

/** Reads the caller that was kept with a token. */
export function readKeptCaller(value: unknown): KeptCaller {
  return keptCaller.parse(value);
}

/** Finds what a short-lived token stands for, by its hash; null where none has it. */
export async function findAccessToken(db: Database, hash: Buffer): Promise<FoundToken | null> {
  const row = await findToken(db, hash);
  if (row === null || row.use !== "access") return null;
  const { id: credentialId, parents } = row;
  const caller = { ...readKeptCaller(row.caller), credentialId, parents, expiresAt: row.expiresAt.getTime() };
  return { caller, isRevoked: row.revokedAt !== null };
}
