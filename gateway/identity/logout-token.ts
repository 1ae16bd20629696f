// Verifies the logout tokens of issuers (OpenID Connect Back-Channel Logout 1.0, section 2.6).
import { hash } from "node:crypto";
import { jwtVerify } from "jose";
import { z } from "zod";
import { GatewayError } from "../errors.ts";
import type { TrustedIssuer } from "./verify-token.ts";
import { toAlgorithms } from "./verify-token.ts";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";
/** Its own type, or none: the specification only recommends one. */
const TYPES = new Set(["logout+jwt", "application/logout+jwt", "jwt"]);

const name = z.string().min(1).max(256);
const payloadShape = z
  .looseObject({
    jti: name,
    exp: z.number(),
    sub: name.optional(),
    sid: name.optional(),
    events: z.looseObject({ [EVENT]: z.looseObject({}) }),
    // An ID token has one: it may not pass for this.
    nonce: z.never().optional(),
  })
  .refine(({ sub, sid }) => sub !== undefined || sid !== undefined);

/** What an issuer says is over. */
export type Logout = {
  readonly subject: string | null;
  readonly session: string | null;
  /** Tells tokens apart, each of which counts once, until `until`. */
  readonly hash: Buffer;
  readonly until: Date;
};

/** Verifies one that was made for the client. Throws `token_invalid` or `identity_unavailable`. */
export async function verifyLogoutToken(
  token: string,
  { config, keys }: Pick<TrustedIssuer, "config" | "keys">,
  clientId: string,
  nowMs: number,
): Promise<Logout> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, (header, input) => keys.find(header, input), {
      issuer: config.issuer,
      audience: clientId,
      algorithms: toAlgorithms(config.algorithms),
      clockTolerance: config.clock_skew_s,
      requiredClaims: ["exp", "iat", "jti"],
      currentDate: new Date(nowMs),
    });
    if (!TYPES.has(protectedHeader.typ?.toLowerCase() ?? "jwt")) throw new Error("Another type of token.");
    const { jti, exp, sub, sid } = payloadShape.parse(payload);
    return {
      subject: sub ?? null,
      session: sid ?? null,
      hash: hash("sha256", `logout\0${config.issuer}\0${jti}`, "buffer"),
      until: new Date((exp + config.clock_skew_s) * 1000),
    };
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("token_invalid", "The logout token isn't accepted.", { cause });
  }
}
