import { createHmac, createPublicKey } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { createIssuerClient } from "./issuer-client.ts";
import { createIssuerKeys } from "./issuer-keys.ts";
import type { IssuerKeysOptions } from "./issuer-keys.ts";
import { signAnew } from "../../test/fixtures/sign-anew.ts";
import { createTestIssuer } from "../../test/fixtures/test-issuer.ts";
import type { TestIssuer } from "../../test/fixtures/test-issuer.ts";
import { isJwt, verifyToken } from "./verify-token.ts";

const open: TestIssuer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((issuer) => issuer[Symbol.asyncDispose]()));
});

async function start(
  overrides: Parameters<typeof createTestIssuer>[0] = {},
  options: Partial<IssuerKeysOptions> = {},
) {
  const issuer = await createTestIssuer(overrides);
  open.push(issuer);
  const keys = createIssuerKeys({ issuer: issuer.url, jwksUri: null, timeoutMs: 20_000, ...options });
  const client = createIssuerClient({ config: issuer.config, secret: null });
  const trusted = { config: issuer.config, keys, client };
  return {
    issuer,
    verify: (token: string) => verifyToken(token, trusted, Date.now()),
    outcome: async (token: string): Promise<string> => {
      try {
        await verifyToken(token, trusted, Date.now());
        return "accepted";
      } catch (error) {
        return error instanceof GatewayError ? error.code : `fault: ${String(error)}`;
      }
    },
  };
}

const seconds = () => Math.floor(Date.now() / 1000);
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a token that its issuer signed", () => {
  test("gives a caller", async () => {
    const { issuer, verify } = await start();
    const { caller, until } = await verify(await issuer.sign({ groups: ["staff", "other"], scope: "b a" }));
    expect(caller).toMatchObject({
      tenant: "default",
      issuer: issuer.url,
      subject: "ada",
      kind: "human",
      groups: ["developers"],
      scopes: ["a", "b"],
      claims: {},
    });
    expect(until).toBe((caller.expiresAt ?? 0) + 5000);
  });

  test("has one name for revocation, whatever signature that fits is put under it", async () => {
    const { issuer, verify } = await start();
    const token = await issuer.sign();
    const names = await Promise.all([token, signAnew(token)].map((one) => verify(one)));
    expect(new Set(names.map(({ caller }) => caller.credentialId)).size).toBe(1);
  });

  test("that tells of a logout lets nobody in", async () => {
    const { issuer, outcome } = await start();
    const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
    expect(await outcome(await issuer.sign({ events }))).toBe("token_invalid");
  });

  test("counts only groups that the configuration maps", async () => {
    const { issuer, verify } = await start();
    for (const groups of [["admins"], "admins", ["developers"], { staff: true }, [["staff"]], 7]) {
      expect((await verify(await issuer.sign({ groups }))).caller.groups).toEqual([]);
    }
    expect((await verify(await issuer.sign({ groups: "staff" }))).caller.groups).toEqual(["developers"]);
  });

  test("may keep its groups deep in its claims", async () => {
    const { issuer, verify } = await start({ groups_claim: "/realm_access/roles" });
    const token = await issuer.sign({ realm_access: { roles: ["staff"] } });
    expect((await verify(token)).caller.groups).toEqual(["developers"]);
  });

  test("is named by its jti where it has one, and never by itself", async () => {
    const { issuer, verify } = await start();
    const [a, b, c] = [
      await issuer.sign({ jti: "1" }),
      await issuer.sign({ jti: "1", iat: 1 }),
      await issuer.sign({ jti: "2" }),
    ];
    const ids = [];
    for (const token of [a, b, c]) ids.push((await verify(token)).caller.credentialId);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
    expect(a).not.toContain(ids[0]);
  });

  test("shows policy the claims that the configuration names", async () => {
    const { issuer, verify } = await start({
      claims: [{ claim: "department", name: "unit", type: "string" }],
    });
    const token = await issuer.sign({ department: "r&d", email: "ada@example.com" });
    expect((await verify(token)).caller.claims).toEqual({ unit: "r&d" });
    await expect(verify(await issuer.sign({ department: ["r&d"] }))).rejects.toThrow(
      /isn't of the type string/,
    );
  });

  test("is accepted within the skew, and no longer", async () => {
    const { issuer, outcome } = await start();
    expect(await outcome(await issuer.sign({ exp: seconds() - 2 }))).toBe("accepted");
    expect(await outcome(await issuer.sign({ exp: seconds() - 20 }))).toBe("token_expired");
    expect(await outcome(await issuer.sign({ nbf: seconds() + 2 }))).toBe("accepted");
    expect(await outcome(await issuer.sign({ nbf: seconds() + 20 }))).toBe("token_invalid");
  });
});

describe("a token is refused", () => {
  test.each([
    ["for another audience", { aud: "somebody-else" }],
    ["for no audience", { aud: undefined }],
    ["without an end", { exp: undefined }],
    ["of another issuer", { iss: "https://elsewhere.example" }],
    ["without a subject", { sub: undefined }],
    ["with an empty subject", { sub: "" }],
    ["with a subject that is too long", { sub: "x".repeat(300) }],
  ])("%s", async (_name, claims) => {
    const { issuer, outcome } = await start();
    expect(await outcome(await issuer.sign(claims))).toBe("token_invalid");
  });

  test.each(["logout+jwt", "secevent+jwt", "dpop+jwt"])("of the type %s", async (typ) => {
    const { issuer, outcome } = await start();
    expect(await outcome(await issuer.sign({}, { typ }))).toBe("token_invalid");
    expect(await outcome(await issuer.sign({}, { typ: "at+jwt" }))).toBe("accepted");
  });

  test("without a signature", async () => {
    const { issuer, outcome } = await start();
    const [, payload] = (await issuer.sign()).split(".");
    for (const alg of ["none", "None", "NONE", ""]) {
      expect(await outcome(`${encode({ alg, kid: "key-1" })}.${payload}.`)).toBe("token_invalid");
      expect(await outcome(`${encode({ alg, kid: "key-1" })}.${payload}.AAAA`)).toBe("token_invalid");
    }
  });

  test("signed with the public key as if it were a shared secret", async () => {
    const { issuer, outcome } = await start();
    const [, payload] = (await issuer.sign()).split(".");
    const pem = createPublicKey({ key: issuer.publicJwk(), format: "jwk" }).export({
      type: "spki",
      format: "pem",
    });
    const head = encode({ alg: "HS256", kid: "key-1", typ: "JWT" });
    const signature = createHmac("sha256", pem).update(`${head}.${payload}`).digest("base64url");
    expect(await outcome(`${head}.${payload}.${signature}`)).toBe("token_invalid");
  });

  test("signed with a key that its own header brings or names", async () => {
    const { issuer, outcome } = await start();
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(publicKey);
    for (const header of [{ jwk }, { jku: `${issuer.url}/attacker` }, { x5u: `${issuer.url}/attacker` }]) {
      const token = await new SignJWT({ iss: issuer.url, aud: "tollgate", sub: "ada", exp: seconds() + 60 })
        .setProtectedHeader({ alg: "ES256", kid: "key-1", ...header })
        .sign(privateKey);
      expect(await outcome(token)).toBe("token_invalid");
    }
  });

  test("with a changed payload", async () => {
    const { issuer, outcome } = await start();
    const [head, , signature] = (await issuer.sign()).split(".");
    const payload = encode({ iss: issuer.url, aud: "tollgate", sub: "root", exp: seconds() + 60 });
    expect(await outcome(`${head}.${payload}.${signature}`)).toBe("token_invalid");
  });

  test("with an extension that nobody here understands", async () => {
    const { issuer, outcome } = await start();
    const [, payload, signature] = (await issuer.sign()).split(".");
    expect(
      await outcome(`${encode({ alg: "ES256", kid: "key-1", crit: ["x"], x: 1 })}.${payload}.${signature}`),
    ).toBe("token_invalid");
  });

  test("with an algorithm that the configuration doesn't list", async () => {
    const { issuer, outcome } = await start({ algorithms: ["RS256"] });
    expect(await outcome(await issuer.sign())).toBe("token_invalid");
  });

  test("that is none", () => {
    for (const text of ["", "eyJ", "eyJ.a", "eyJ.a.b.c", "eyJ a.b.c", "abc.def.ghi"])
      expect(isJwt(text)).toBe(false);
  });
});

describe("an issuer's keys", () => {
  test("are fetched once for many tokens", async () => {
    const { issuer, outcome } = await start();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => issuer.sign()));
    expect(new Set(await Promise.all(tokens.map(outcome)))).toEqual(new Set(["accepted"]));
    expect(issuer.fetches()).toBe(1);
  });

  test("are fetched again when a token names a new one", async () => {
    let now = 0;
    const { issuer, outcome } = await start({}, { now: () => now, cooldownMs: 1000 });
    expect(await outcome(await issuer.sign())).toBe("accepted");
    const old = await issuer.sign();
    await issuer.rotate();
    now = 1500;
    expect(await outcome(await issuer.sign())).toBe("accepted");
    expect(await outcome(old)).toBe("token_invalid");
    expect(issuer.fetches()).toBe(2);
  });

  test("aren't fetched for each of a flood of tokens with made-up keys", async () => {
    let now = 0;
    const { issuer, outcome } = await start({}, { now: () => now, cooldownMs: 1000 });
    expect(await outcome(await issuer.sign())).toBe("accepted");
    for (let round = 1; round <= 3; round += 1) {
      now += 1001;
      const flood = await Promise.all(
        Array.from({ length: 50 }, (_, i) => issuer.sign({}, { kid: `made-up-${round}-${i}` })),
      );
      expect(new Set(await Promise.all(flood.map(outcome)))).toEqual(new Set(["token_invalid"]));
      expect(issuer.fetches()).toBe(1 + round);
    }
    expect(await outcome(await issuer.sign())).toBe("accepted");
  });

  test("that can't be had are a fault of the moment, asked for once a cooldown", async () => {
    let now = 0;
    const { issuer, outcome } = await start({}, { now: () => now, cooldownMs: 1000 });
    issuer.behave("fail");
    for (let i = 0; i < 10; i += 1) expect(await outcome(await issuer.sign())).toBe("identity_unavailable");
    expect(issuer.fetches()).toBe(1);
    issuer.behave("well");
    now = 1001;
    expect(await outcome(await issuer.sign())).toBe("accepted");
  });

  test.each(["hang", "garbage", "redirect", "huge"] as const)(
    "that %s are a fault of the moment",
    async (how) => {
      const { issuer, outcome } = await start({}, { timeoutMs: 300 });
      issuer.behave(how);
      expect(await outcome(await issuer.sign())).toBe("identity_unavailable");
    },
  );

  test("serve on while the issuer is away, and for an hour at most", async () => {
    let now = 0;
    const timeoutMs = 4_000;
    const { issuer, outcome } = await start({}, { now: () => now, timeoutMs });
    expect(await outcome(await issuer.sign())).toBe("accepted");
    issuer.behave("hang");
    now = 3_000_000;
    const began = Date.now();
    expect(await outcome(await issuer.sign())).toBe("accepted");
    // It has not waited for who does not answer.
    expect(Date.now() - began).toBeLessThan(timeoutMs);
    now = 3_700_000;
    expect(await outcome(await issuer.sign())).toBe("identity_unavailable");
  });

  test("come only from the issuer that says so of itself", async () => {
    const { issuer, outcome } = await start({}, { issuer: "http://localhost:1" });
    expect(await outcome(await issuer.sign())).toBe("identity_unavailable");
  });
});
