// Makes a caller of a service account, whatever it proved itself by: agents are accounts with an owner, a purpose and tools.
import { z } from "zod";
import type { Caller, Initiator } from "../exchange.ts";
import type { KeptCaller } from "./access-tokens.ts";
import { OWN_ISSUER } from "./subject-id.ts";

/** What is registered of an agent besides its name. */
export const agentSchema = z.object({
  owner: z.string(),
  purpose: z.string(),
  tools: z.array(z.string()),
});

const attributesSchema = z.record(z.string(), z.string());

/** A service account, as the database has it. */
export type Account = {
  readonly tenant: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly agent: unknown;
  readonly attributes: unknown;
  readonly initiator: Initiator | null;
};

/** Tells who begins what a caller of this kind does, where nothing else tells it. */
export function toInitiator(kind: Caller["kind"]): Initiator {
  if (kind === "human") return "person";
  return kind === "agent" ? "agent" : "service";
}

/** Gives the caller that an account stands for. */
export function toAccountCaller(account: Account, scopes: readonly string[]): KeptCaller {
  const { tenant, name, groups } = account;
  const agent = account.agent === null ? null : { name, ...agentSchema.parse(account.agent) };
  const kind = agent === null ? "service" : "agent";
  return {
    tenant,
    issuer: OWN_ISSUER,
    subject: name,
    kind,
    groups,
    scopes,
    claims: attributesSchema.parse(account.attributes),
    actsFor: null,
    agent,
    initiator: account.initiator ?? toInitiator(kind),
  };
}
