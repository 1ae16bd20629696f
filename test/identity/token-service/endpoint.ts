// The token endpoint itself: how it is found, and what it refuses.
import { describe, expect, test } from "vitest";
import { EXCHANGE, JWT } from "./set-up.ts";
import type { TokenService } from "./set-up.ts";

/** Describes it. */
export function describeEndpoint(service: TokenService): void {
  const { post, exchange, person } = service;

  describe("the token endpoint", () => {
    test("is found by its metadata (RFC 8414)", async () => {
      const response = await fetch(`${service.gateway.origin}/.well-known/oauth-authorization-server`);
      expect(await response.json()).toMatchObject({
        issuer: service.gateway.origin,
        token_endpoint: `${service.gateway.origin}/oauth/token`,
        grant_types_supported: [
          EXCHANGE,
          "urn:ietf:params:oauth:grant-type:saml2-bearer",
          "client_credentials",
          "refresh_token",
        ],
      });
    });

    test.each([
      ["no form", "{}", { "content-type": "application/json" }, "invalid_request"],
      ["no grant", "a=b", {}, "invalid_request"],
      [
        "a grant that there is not",
        "grant_type=password&username=a&password=b",
        {},
        "unsupported_grant_type",
      ],
      ["a parameter twice", "grant_type=refresh_token&grant_type=refresh_token", {}, "invalid_request"],
      ["a body without end", `grant_type=${"x".repeat(70_000)}`, {}, "invalid_request"],
      ["no subject token", `grant_type=${encodeURIComponent(EXCHANGE)}`, {}, "invalid_request"],
      ["an unknown refresh token", "grant_type=refresh_token&refresh_token=tg_rt_x", {}, "invalid_grant"],
      ["a client without proof", "grant_type=client_credentials&client_id=a", {}, "invalid_request"],
      [
        "a client with a wrong secret",
        "grant_type=client_credentials&client_id=a&client_secret=b",
        {},
        "invalid_client",
      ],
      [
        "a client with two proofs",
        "grant_type=client_credentials&client_id=a&client_secret=b",
        { authorization: "Basic YTpi" },
        "invalid_request",
      ],
      ["a broken header", "grant_type=client_credentials", { authorization: "Basic %%%" }, "invalid_client"],
    ])("refuses %s", async (_name, form, headers, error) => {
      const { status, body } = await post(form, headers);
      expect(body).toEqual({ error, error_description: expect.any(String) });
      expect(status).toBe(error === "invalid_client" ? 401 : 400);
    });

    test("refuses tokens that would not be let in, and those for somebody else", async () => {
      const refused = async (token: string, more = {}) => (await exchange(token, more)).body["error"];
      expect(await refused(await person({ exp: 1 }))).toBe("invalid_grant");
      expect(await refused(await person({ aud: "other" }))).toBe("invalid_grant");
      expect(await refused(`${await person()}x`)).toBe("invalid_grant");
      expect(await refused(await person({ padding: "x".repeat(20_000) }))).toBe("invalid_grant");
      expect(await refused(`${await person()}\n`)).toBe("invalid_grant");
      expect(await refused(await person(), { audience: "https://other.example.com" })).toBe("invalid_target");
      expect(await refused(await person(), { requested_token_type: JWT })).toBe("invalid_request");
      expect(await refused(await person(), { subject_token_type: "urn:x" })).toBe("invalid_request");
    });

    test("takes no parameters from the query, and no other method", async () => {
      const { body } = await post({ grant_type: "refresh_token" }, {}, "/oauth/token?refresh_token=x");
      expect(body["error"]).toBe("invalid_request");
      expect((await fetch(`${service.gateway.origin}/oauth/token`)).status).toBe(405);
    });

    test("shows nothing of what was sent in the gateway's log", async () => {
      const token = await person({ sub: "log-canary" });
      await exchange(token);
      await exchange(`${token}x`);
      for (const part of token.split(".")) expect(service.gateway.log()).not.toContain(part);
    });
  });
}
