// Makes tokens for a caller: an access token, and for people who ask for it a refresh token.
import type { NewToken } from "../../db/queries/tokens.ts";
import type { KeptCaller } from "../identity/access-tokens.ts";
import { createAccessText, createRefreshText, hashKey } from "../identity/key-format.ts";
import { newId } from "../new-id.ts";

/** Seconds. */
export type Lifetimes = { readonly access_s: number; readonly refresh_s: number };

/** What tokens are made for. */
export type Issue = {
  readonly caller: KeptCaller;
  /** The credentials that it was obtained with. */
  readonly parents: readonly string[];
  readonly grantType: string;
  /** The family that is refreshed; null begins one. */
  readonly family: string | null;
  /** When the refresh token ends, in milliseconds since the epoch; null: there is none. */
  readonly refreshUntil: number | null;
  /** When what it was obtained with ends, where it may not outlive that; else null. */
  readonly until: number | null;
};

/** The answer of the token endpoint (RFC 6749, section 5.1; RFC 8693, section 2.2.1). */
export type TokenAnswer = {
  readonly access_token: string;
  readonly issued_token_type: string;
  readonly token_type: "Bearer";
  /** Seconds. */
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
};

/** Makes the tokens: what is to be kept, and what is told once. */
export function issueTokens(
  { caller, parents, grantType, family, refreshUntil, until }: Issue,
  lifetimes: Lifetimes,
  now: number,
): { readonly rows: readonly NewToken[]; readonly answer: TokenAnswer } {
  const access = createAccessText();
  const ends = [refreshUntil, until].flatMap((end) => (end === null ? [] : [Math.floor((end - now) / 1000)]));
  const seconds = Math.max(1, Math.min(lifetimes.access_s, ...ends));
  const { tenant, issuer, subject, actsFor } = caller;
  const shared = { family: family ?? newId(), tenant, issuer, subject, actsFor, caller, grantType };
  const of = { ...shared, parents: [...parents] };
  const rows: NewToken[] = [
    { ...of, id: newId(), use: "access", hash: hashKey(access), expiresAt: new Date(now + seconds * 1000) },
  ];
  const answer = {
    access_token: access,
    issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
    token_type: "Bearer",
    expires_in: seconds,
    scope: caller.scopes.join(" "),
  } as const;
  if (refreshUntil === null) return { rows, answer };
  const refresh = createRefreshText();
  rows.push({
    ...of,
    id: newId(),
    use: "refresh",
    hash: hashKey(refresh),
    expiresAt: new Date(refreshUntil),
  });
  return { rows, answer: { ...answer, refresh_token: refresh } };
}
