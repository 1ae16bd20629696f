import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { createTestIssuer } from "../../test/fixtures/test-issuer.ts";
import type { TestIssuer } from "../../test/fixtures/test-issuer.ts";
import type { IssuerConfig } from "../config/issuers.ts";
import { createTokenCheck } from "./check-token.ts";
import { openIssuers } from "./open-issuers.ts";

const open: TestIssuer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((issuer) => issuer[Symbol.asyncDispose]()));
});

/** An issuer that answers about opaque tokens, and the check on it. */
async function start(overrides: Partial<IssuerConfig> = {}) {
  const asked = { endpoint: null, client_id: "tollgate", token_prefix: "op_", cache_s: 60 };
  const issuer = await createTestIssuer({ introspection: asked, ...overrides });
  open.push(issuer);
  const clock = { now: Date.now() };
  const revoked = new Set<string>();
  const incidents: string[] = [];
  const withdrawn: string[] = [];
  const check = createTokenCheck({
    findKeyOwner: async () => null,
    findClientSecret: async () => null,
    findAccessToken: async () => null,
    wasRevoked: async ({ names }) => names.some((id) => revoked.has(id)),
    onWithdrawn: async (credentialId) => void withdrawn.push(credentialId),
    issuers: openIssuers([issuer.config], new Map([[issuer.url, "introspection-secret"]])),
    secret: randomBytes(32),
    onProviderKey: ({ provider }) => incidents.push(provider),
    now: () => clock.now,
  });
  const outcome = (token: string): Promise<string> =>
    check(token).then(
      ({ caller }) => caller.subject,
      (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
    );
  return { issuer, check, outcome, clock, revoked, incidents, withdrawn };
}

const claims = { sub: "ada", aud: "tollgate", groups: ["staff"], scope: "a b" };
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe("an opaque token", () => {
  test("gives the caller that its issuer names, for at most the time that the configuration gives", async () => {
    const { issuer, check, clock } = await start();
    issuer.opaque.set("op_1", { ...claims, exp: inSeconds(3600) });
    const { caller, until, isRenewable } = await check("op_1");
    expect(caller).toMatchObject({ subject: "ada", groups: ["developers"], scopes: ["a", "b"] });
    expect(until).toBe(clock.now + 60_000);
    expect(isRenewable).toBe(true);
    expect(caller.credentialId).not.toContain("op_1");
  });

  test("counts no longer than it lives", async () => {
    const { issuer, check } = await start();
    const exp = inSeconds(20);
    issuer.opaque.set("op_1", { ...claims, exp });
    expect((await check("op_1")).until).toBe((exp + 5) * 1000);
  });

  test.each([
    ["that the issuer doesn't know", null, "token_invalid"],
    ["for another audience", { ...claims, aud: ["other"] }, "token_invalid"],
    ["for no audience", { sub: "ada" }, "token_invalid"],
    ["of another issuer", { ...claims, iss: "https://other.example.com" }, "token_invalid"],
    ["that has expired", { ...claims, exp: inSeconds(-60) }, "token_expired"],
    ["from the future", { ...claims, nbf: inSeconds(60) }, "token_invalid"],
    ["without a subject", { aud: "tollgate" }, "token_invalid"],
  ])("%s is refused", async (_name, told, code) => {
    const { issuer, outcome } = await start();
    if (told !== null) issuer.opaque.set("op_1", told);
    expect(await outcome("op_1")).toBe(code);
  });

  test("that was revoked here is refused, although its issuer takes it", async () => {
    const { issuer, check, outcome, revoked } = await start();
    issuer.opaque.set("op_1", claims);
    revoked.add((await check("op_1")).caller.credentialId);
    expect(await outcome("op_1")).toBe("token_revoked");
  });

  test("that its issuer no longer vouches for is told of by the name that it had", async () => {
    const { issuer, check, outcome, withdrawn, clock } = await start();
    issuer.opaque.set("op_1", { ...claims, jti: "named" });
    const { caller } = await check("op_1");
    issuer.behave("fail");
    expect(await outcome("op_1")).toBe("identity_unavailable");
    expect(withdrawn).toEqual([]);
    issuer.behave("well");
    issuer.opaque.delete("op_1");
    clock.now += 60_000;
    expect(await outcome("op_1")).toBe("token_invalid");
    expect(withdrawn).toEqual([caller.credentialId]);
  });

  test("is shown to no issuer that it isn't of", async () => {
    const { issuer, outcome } = await start();
    issuer.opaque.set("other_1", claims);
    expect(await outcome("other_1")).toBe("token_invalid");
    expect(await outcome("eyJ.eyJ.x")).toBe("token_invalid");
    expect(issuer.introspections()).toBe(0);
  });

  test("that is a provider's key is reported, and shown to nobody", async () => {
    const introspection = { endpoint: null, client_id: "tollgate", token_prefix: "", cache_s: 60 };
    const { issuer, outcome, incidents } = await start({ introspection });
    expect(await outcome("sk-" + "proj-" + "a".repeat(48))).toBe("provider_key_presented");
    expect(incidents).toEqual(["openai"]);
    expect(issuer.introspections()).toBe(0);
  });

  test.each(["tg_at_mistyped", "tg_rt_" + "x".repeat(39), "tg_x", "ek_tg_x"])(
    "that begins as ours do is shown to nobody: %s",
    async (token) => {
      const introspection = { endpoint: null, client_id: "tollgate", token_prefix: "", cache_s: 60 };
      const { issuer, outcome } = await start({ introspection });
      issuer.opaque.set(token, claims);
      expect(await outcome(token)).toBe("token_invalid");
      expect(issuer.introspections()).toBe(0);
    },
  );

  test("that nobody knows is asked about once, however often it comes", async () => {
    const { issuer, outcome } = await start();
    for (let count = 0; count < 5; count += 1) expect(await outcome("op_unknown")).toBe("token_invalid");
    expect(issuer.introspections()).toBe(1);
  });

  test("can't be checked while its issuer fails, and can as soon as it answers", async () => {
    const { issuer, outcome } = await start();
    issuer.opaque.set("op_1", claims);
    issuer.behave("fail");
    expect(await outcome("op_1")).toBe("identity_unavailable");
    issuer.behave("well");
    expect(await outcome("op_1")).toBe("ada");
  });
});

describe("a token whose groups did not fit into it", () => {
  const overage = { _claim_names: { groups: "src1" } };

  test.each([
    ["refuse", "token_invalid"],
    ["ignore", "ada"],
  ] as const)("with group_overage %s: %s", async (group_overage, expected) => {
    const { issuer, outcome } = await start({ group_overage });
    expect(await outcome(await issuer.sign(overage))).toBe(expected);
  });

  test("has the groups that its issuer tells of the very subject", async () => {
    const { issuer, check, outcome } = await start({ group_overage: "userinfo" });
    issuer.setUserInfo({ sub: "ada", groups: ["staff", "other"] });
    expect((await check(await issuer.sign(overage))).caller.groups).toEqual(["developers"]);
    issuer.setUserInfo({ sub: "eve", groups: ["staff"] });
    expect(await outcome(await issuer.sign(overage))).toBe("identity_unavailable");
  });
});
