// Who calls for whom: an agent that acts for somebody, and one that its owner's session mints. Neither gets more than its owner has.
import type { KeptCaller } from "../identity/access-tokens.ts";
import { isOurs } from "../identity/key-format.ts";
import { findProvider } from "../identity/provider-keys.ts";
import { OWN_ISSUER, toSubjectId } from "../identity/subject-id.ts";
import { isJwt } from "../identity/verify-token.ts";
import type { Form } from "./form.ts";
import { requireField } from "./form.ts";
import { OAuthError } from "./oauth-error.ts";
import { joinScopes } from "./scopes.ts";

/** A token that is exchanged. */
export type Presented = {
  readonly caller: KeptCaller;
  readonly parents: readonly string[];
  /** When the token ends, in milliseconds since the epoch; null: it doesn't say. */
  readonly expiresAt: number | null;
  /** The end of what comes of it, where the token is one of ours, which would renew itself else; null for others. */
  readonly until: number | null;
};

/** The parameters by which an agent is minted; lists are separated by spaces. */
const FIELDS = ["agent", "agent_purpose", "agent_tools", "agent_groups"] as const;
const MOST_TOOLS = 64;

/** RFC 8693, section 1.1: the actor calls, for the subject. It may do what both may. */
export function delegate(held: Presented, actor: Presented): Presented {
  if (actor.caller.tenant !== held.caller.tenant)
    throw new OAuthError("invalid_grant", "The actor is of another tenant.");
  if (actor.caller.actsFor !== null) throw passedOn();
  requireOwner(held.caller);
  const groups = actor.caller.groups.filter((group) => held.caller.groups.includes(group));
  const scopes = joinScopes(actor.caller.scopes, held.caller.scopes);
  const ends = [actor.until, held.until].filter((end) => end !== null);
  // An agent that nothing else began was begun by whoever it acts for.
  const issued = [actor.caller.issuedAt, held.caller.issuedAt].filter((at) => at !== undefined);
  const { initiator } = actor.caller.initiator === "agent" ? held.caller : actor.caller;
  return {
    caller: {
      ...actor.caller,
      groups,
      scopes,
      initiator,
      actsFor: held.caller.subject,
      ...(issued.length > 0 && { issuedAt: Math.min(...issued) }),
    },
    parents: toParents([...actor.parents, ...held.parents], held.caller),
    expiresAt: null,
    until: ends.length === 0 ? null : Math.min(...ends),
  };
}

/** Says whether a form asks for an agent. */
export function asksForAgent(form: Form): boolean {
  return FIELDS.some((name) => form.has(name));
}

/** Mints an agent of the one who presents a token: with a name of its own, in some of its groups, and ending with it. */
export function mintAgent(held: Presented, form: Form): Presented {
  const owner = held.caller;
  requireOwner(owner);
  const name = requireField(form, "agent");
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) || isCredential(name))
    throw invalid("An agent's name has letters, digits and . _ -, at most 64.");
  const purpose = requireField(form, "agent_purpose");
  if (!isPurpose(purpose))
    throw invalid("An agent's purpose is a few words, of at most 128 letters and six digits.");
  const tools = toList(form.get("agent_tools"));
  if (
    tools.length > MOST_TOOLS ||
    tools.some((tool) => !/^[\x21-\x7e]{1,128}$/.test(tool) || isCredential(tool))
  )
    throw invalid(`An agent has at most ${MOST_TOOLS} tools, with names of at most 128 characters.`);
  const groups = form.has("agent_groups") ? toList(form.get("agent_groups")) : owner.groups;
  if (groups.some((group) => !owner.groups.includes(group)))
    throw invalid("An agent is in no group that its owner is not in.");
  return {
    caller: {
      ...owner,
      issuer: OWN_ISSUER,
      // No account's name holds a space, and no issuer's either: it is nobody else's.
      subject: `${name} of ${owner.subject} at ${owner.issuer}`,
      kind: "agent",
      groups: [...groups],
      actsFor: owner.subject,
      agent: { name, owner: owner.subject, purpose, tools },
    },
    parents: toParents(held.parents, owner),
    expiresAt: held.expiresAt,
    until: held.expiresAt,
  };
}

/** The caller's own subject ends a token as its caller; whoever it acts for ends it too. */
function toParents(parents: readonly string[], owner: KeptCaller): readonly string[] {
  return [...new Set([...parents, toSubjectId(owner)])];
}

/** Who acts for whom stays one step, which a rule and an auditor can read. */
function requireOwner(owner: KeptCaller): void {
  if (owner.actsFor !== null) throw passedOn();
  if (owner.kind === "agent") throw new OAuthError("invalid_grant", "Nobody acts for an agent.");
}

function passedOn(): OAuthError {
  return new OAuthError("invalid_grant", "A token that acts for somebody can't be passed on.");
}

function invalid(message: string): OAuthError {
  return new OAuthError("invalid_request", message);
}

function toList(text: string | undefined): readonly string[] {
  return [...new Set((text ?? "").split(" ").filter((one) => one !== ""))];
}

/** Names are recorded: a credential that somebody puts in their place is none. */
function isCredential(text: string): boolean {
  return isOurs(text) || isJwt(text) || findProvider(text) !== null;
}

/** What an agent is for is recorded as it is told, so that nothing fits into it that would have to be masked. */
function isPurpose(text: string): boolean {
  return (
    /^\p{L}[\p{L}\p{M}\p{N} .,()'/-]{0,127}$/u.test(text) &&
    (text.match(/\p{N}/gu) ?? []).length <= 6 &&
    text.split(" ").every((word) => word.length <= 30)
  );
}
