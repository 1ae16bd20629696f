// Tells whose the stored objects are that a request names: one provider key is one tenant for the provider.
import { GatewayError } from "../errors.ts";
import type { Caller, Connection, Effect, ObjectFacts, Reference, Route } from "../exchange.ts";
import { isSame } from "../record/ledger.ts";
import type { Ledger, Owner } from "../record/ledger.ts";
import type { OwnedObject } from "../record/recorder.ts";
import type { OwnerContext, Session } from "../record/rows.ts";

/** As many objects as facts may hold. */
const MOST = 64;

const MOST_SESSIONS = 16;

/**
 * Kinds that no operation lists: whoever names one has had its id, so that its first user is no thief. What can be looked
 * up stays nobody's, or whoever looks first would take it from the others.
 */
const UNLISTED: ReadonlySet<string> = new Set(["conversation", "response", "thread"]);

/** The objects that a request names, and what policy may say about those of others. */
export type Claims = {
  readonly facts: readonly ObjectFacts[];
  /**
   * Throws `not_found` unless all are the caller's or shared: the same for an object of somebody else's and for one that
   * does not exist.
   */
  settle(shares: readonly Effect[]): Settled;
};

/** What follows from objects that are not the caller's and that it may use. */
export type Settled = {
  /** The sessions of the caller's own that made what is named; at most 16. */
  readonly sessions: readonly string[];
  /** Taints of what is continued. */
  readonly labels: readonly string[];
  /** Who gets what the answer names; null: nobody. */
  readonly finder: OwnerContext["caller"] | null;
  /** What nobody owns yet and becomes the caller's once it was used. */
  readonly found: readonly OwnedObject[];
};

type Claimed = { readonly reference: Reference; readonly owner: Owner | null; readonly isOwn: boolean };

/** Looks the objects up. Synchronous where their owners are known. */
export function claimObjects(
  ledger: Pick<Ledger, "owners">,
  connection: Connection,
  caller: Caller,
  route: Route,
  references: readonly Reference[],
): Claims | Promise<Claims> {
  if (references.length === 0) return toClaims(connection, caller, route, []);
  const put = (owners: readonly (Owner | null)[]): Claims =>
    toClaims(
      connection,
      caller,
      route,
      references.map((reference, index) => toClaimed(reference, owners[index] ?? null, caller)),
    );
  const owners = ledger.owners(connection.name, references);
  return owners instanceof Promise ? owners.then(put) : put(owners);
}

function toClaimed(reference: Reference, owner: Owner | null, caller: Caller): Claimed {
  return { reference, owner, isOwn: owner !== null && isSame(owner, caller) };
}

function toClaims(connection: Connection, caller: Caller, route: Route, claimed: readonly Claimed[]): Claims {
  const foreign = claimed.filter(({ isOwn }) => !isOwn);
  // An item that is resent whole needs no owner: it holds all that there is of it.
  const isFree = ({ owner, reference }: Claimed): boolean =>
    owner === null && (reference.whole === true || connection.unknownIds === "allow");
  // Objects of others come first, so that none of them lies beyond the bound.
  const listed = foreign.length === 0 ? claimed : [...foreign, ...claimed.filter(({ isOwn }) => isOwn)];
  return {
    facts: listed.slice(0, MOST).map((one) => toFacts(one, caller)),
    settle(shares) {
      for (const [index, one] of foreign.entries()) {
        const { reference, owner } = one;
        if (isFree(one) || (owner !== null && isShared(shares, reference.kind, owner, caller, index)))
          continue;
        throw toNotFound(reference);
      }
      const parent = foreign.find(({ reference }) => reference.pointer === "");
      const sessions = claimed.flatMap(({ isOwn, owner }) => (isOwn ? (owner?.sessionId ?? []) : []));
      return {
        sessions: [...new Set(sessions)].slice(0, MOST_SESSIONS),
        labels: [...new Set(foreign.flatMap(({ owner }) => owner?.labels ?? []))].sort(),
        // What lies below another's object is that one's, whoever reads it first; what is made here is the caller's.
        finder: parent === undefined || route.spec.makes !== null ? caller : parent.owner,
        found: foreign.flatMap(({ owner, reference: { kind, id, whole } }) =>
          owner === null && whole !== true && UNLISTED.has(kind) ? [{ kind, id }] : [],
        ),
      };
    },
  };
}

function toNotFound({ kind, pointer }: Reference): GatewayError {
  const param = { ...(pointer !== "" && { param: toParam(pointer) }) };
  return kind === "fine_tuned_model"
    ? new GatewayError("not_found", "The model does not exist, or is not yours.", {
        ...param,
        publicCode: "model_not_found",
      })
    : new GatewayError("not_found", "The object does not exist, or is not yours.", param);
}

/**
 * Tells whether the shares open an object of another's: by its place in the facts, or by its kind and a group of its
 * owner's. Nothing opens an object of another tenant.
 */
export function isShared(
  shares: readonly Effect[],
  kind: string,
  owner: Owner,
  caller: Pick<Caller, "tenant">,
  index: number | null,
): boolean {
  if (owner.tenant !== caller.tenant) return false;
  return shares.some(
    (share) =>
      (index !== null && index < MOST && share.object === index) ||
      (share.kind === kind && share.group !== undefined && owner.groups.includes(share.group)),
  );
}

/** Gives the session with the taints of what others share. */
export function taint(session: Session, labels: readonly string[]): Session {
  if (labels.every((label) => session.labels.includes(label))) return session;
  return { ...session, labels: [...new Set([...session.labels, ...labels])].sort(), inherits: true };
}

function toFacts({ reference: { kind }, owner, isOwn }: Claimed, caller: Caller): ObjectFacts {
  if (owner === null || owner.tenant !== caller.tenant)
    return { kind, own: false, known: false, owner: null };
  return {
    kind,
    own: isOwn,
    known: true,
    owner: { subject: owner.subject, groups: owner.groups.slice(0, MOST) },
  };
}

/** Writes a pointer as OpenAI writes `error.param`: `input[0].file_id`. */
function toParam(pointer: string): string {
  return pointer
    .slice(1)
    .replaceAll(/\/(\d+)/g, "[$1]")
    .replaceAll("/", ".");
}
