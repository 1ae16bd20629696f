// Rights on the operators' listener. A key that has one is good for that alone: no caller of the API.

/** May send bundles to be tried on the record. */
export const REPLAY_SCOPE = "policy:replay";

/** All of them. */
export const ADMIN_SCOPES = [REPLAY_SCOPE] as const;

/** Tells whether a key is for the operators' listener. */
export function isAdminKey(scopes: readonly string[]): boolean {
  return ADMIN_SCOPES.some((scope) => scopes.includes(scope));
}
