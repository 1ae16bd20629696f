// Narrows scopes. `model:`, `operation:` and `connection:` scopes limit what a token is good for; a `*` at the end stands
// for anything. A token without any of a kind is not limited in it.
import { OAuthError } from "./oauth-error.ts";

const KINDS = ["model:", "operation:", "connection:"] as const;
/** Asks for a refresh token; it is no right of its own. */
const OFFLINE = "offline_access";

/**
 * Gives the scopes of a token that is obtained with another of scopes `held`, by what is `asked` for (RFC 6749, section
 * 3.3): never wider, and a limit that isn't asked about stays. Throws `invalid_scope`.
 */
export function narrowScopes(held: readonly string[], asked: string | null): string[] {
  if (asked === null) return [...held];
  const wanted = asked.split(" ").filter((scope) => scope !== "" && scope !== OFFLINE);
  if (wanted.length > 256 || wanted.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(scope)))
    throw new OAuthError("invalid_scope", "The scope is malformed, or there are too many.");
  const narrowed = new Set<string>();
  for (const kind of KINDS) {
    const limits = held.filter((scope) => scope.startsWith(kind));
    const asking = wanted.filter((scope) => scope.startsWith(kind));
    for (const scope of asking) {
      if (limits.length > 0 && !limits.some((limit) => covers(limit, scope)))
        throw new OAuthError("invalid_scope", `A scope ${kind}… goes beyond the token that asks for it.`);
    }
    for (const scope of asking.length > 0 ? asking : limits) narrowed.add(scope);
  }
  for (const scope of wanted.filter((one) => !KINDS.some((kind) => one.startsWith(kind)))) {
    if (!held.includes(scope))
      throw new OAuthError("invalid_scope", "A scope is none of the token that asks for it.");
    narrowed.add(scope);
  }
  return [...narrowed].sort();
}

/** Gives the scopes of two together: what both cover. */
export function joinScopes(one: readonly string[], other: readonly string[]): string[] {
  const joined = KINDS.flatMap((kind) => {
    const [left, right] = [one, other].map((scopes) => scopes.filter((scope) => scope.startsWith(kind)));
    if (left === undefined || right === undefined) return [];
    if (left.length === 0) return right;
    if (right.length === 0) return left;
    const both = [
      ...left.filter((scope) => right.some((limit) => covers(limit, scope))),
      ...right.filter((scope) => left.some((limit) => covers(limit, scope))),
    ];
    // Nothing in common covers nothing; no scope of the kind would cover all.
    return both.length === 0 ? [`${kind}-`] : both;
  });
  const rest = one.filter((scope) => other.includes(scope) && !KINDS.some((kind) => scope.startsWith(kind)));
  return [...new Set([...joined, ...rest])].sort();
}

function covers(limit: string, scope: string): boolean {
  return limit.endsWith("*") ? scope.startsWith(limit.slice(0, -1)) : limit === scope;
}

/** Says whether a refresh token is asked for. */
export function asksForOffline(asked: string | null): boolean {
  return asked !== null && asked.split(" ").includes(OFFLINE);
}
