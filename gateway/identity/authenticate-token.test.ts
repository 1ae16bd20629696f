import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { KeyOwner } from "../../db/queries/service-accounts.ts";
import type { Revocation } from "../../db/queries/revocations.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { createTokenAuthenticator } from "./authenticate-token.ts";
import type { Authenticator } from "./authenticate-token.ts";
import { createTokenCheck } from "./check-token.ts";
import { createClientSecretText, createKeyText, hashKey } from "./key-format.ts";
import type { ProviderKeyIncident } from "./provider-keys.ts";
import type { VerifiedToken } from "./verify-token.ts";

/** An authenticator on a store of keys in memory that counts its look-ups and can be held up. */
function start() {
  const clock = { now: 1_000_000 };
  const owners = new Map<string, KeyOwner>();
  const secrets = new Map<string, VerifiedToken>();
  const incidents: ProviderKeyIncident[] = [];
  const log: { tell: (revocation: Revocation) => void } = { tell: () => undefined };
  const store = { queries: 0, running: 0, most: 0, hold: Promise.resolve() };
  const check = createTokenCheck({
    findClientSecret: async (hash) => secrets.get(hash.toString("hex")) ?? null,
    async findKeyOwner(hash) {
      store.queries += 1;
      store.running += 1;
      store.most = Math.max(store.most, store.running);
      await store.hold;
      store.running -= 1;
      return owners.get(hash.toString("hex")) ?? null;
    },
    findAccessToken: async () => null,
    wasRevoked: async () => false,
    onWithdrawn: async () => undefined,
    issuers: [],
    secret: randomBytes(32),
    onProviderKey: (incident) => incidents.push(incident),
    now: () => clock.now,
  });
  const authenticator = createTokenAuthenticator({
    check,
    followRevocations(onRevocation) {
      log.tell = onRevocation;
      return {
        isFresh: () => true,
        confirm: async () => undefined,
        wake: () => undefined,
        close: async () => undefined,
      };
    },
    now: () => clock.now,
  });
  function create(): string {
    const key = createKeyText();
    const owner = { keyId: key, tenant: "default", name: "agent", groups: [], scopes: [] };
    const profile = { agent: null, attributes: {}, initiator: null };
    owners.set(hashKey(key).toString("hex"), { ...owner, ...profile, expiresAt: null, isRevoked: false });
    return key;
  }
  function createSecret(seconds: number, expiresAt: number | null): string {
    const text = createClientSecretText();
    const grant = {
      connection: "openai",
      operation: "realtime.client_secrets.create",
      model: null,
      session: {},
    };
    const of = { tenant: "default", issuer: "https://login.example.com", subject: "someone" };
    const caller: Caller = {
      ...of,
      kind: "human",
      groups: [],
      scopes: [],
      claims: {},
      actsFor: null,
      agent: null,
      initiator: "service",
      credentialId: "parent",
      parents: ["grandparent", '["default","https://login.example.com","principal"]'],
      expiresAt,
      grant,
    };
    secrets.set(hashKey(text).toString("hex"), { caller, until: clock.now + seconds * 1000 });
    return text;
  }
  return { authenticator, clock, incidents, store, create, createSecret, log };
}

async function outcome(authenticator: Authenticator, token: string): Promise<string> {
  try {
    await authenticator.authenticate(token.includes(" ") ? token : `Bearer ${token}`);
    return "accepted";
  } catch (error) {
    return error instanceof GatewayError ? error.code : `fault: ${String(error)}`;
  }
}

function hold(store: { hold: Promise<void> }): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  store.hold = promise;
  return resolve;
}

describe("keys that nobody issued", () => {
  test("cost one look-up however often one comes, and however it is written", async () => {
    const { authenticator, store } = start();
    const key = createKeyText();
    for (let i = 0; i < 50; i += 1)
      expect(await outcome(authenticator, `Bearer${" ".repeat(i + 1)}${key}`)).toBe("token_invalid");
    expect(store.queries).toBe(1);
  });

  test("are asked for again after some seconds", async () => {
    const { authenticator, store, clock } = start();
    const key = createKeyText();
    await outcome(authenticator, key);
    clock.now += 10_000;
    await outcome(authenticator, key);
    expect(store.queries).toBe(2);
  });

  test("keep no new key from being accepted at once", async () => {
    const { authenticator, create } = start();
    for (let i = 0; i < 20; i += 1) await outcome(authenticator, createKeyText());
    expect(await outcome(authenticator, create())).toBe("accepted");
  });

  test("are looked up a few at a time; a crowd of them is turned away, and known keys are not", async () => {
    const { authenticator, store, create } = start();
    const key = create();
    expect(await outcome(authenticator, key)).toBe("accepted");
    const release = hold(store);
    const crowd = Array.from({ length: 2_000 }, () => outcome(authenticator, createKeyText()));
    await sleep(20);
    expect(await outcome(authenticator, key)).toBe("accepted");
    release();
    const outcomes = await Promise.all(crowd);
    expect(store.most).toBeLessThanOrEqual(4);
    const turnedAway = outcomes.filter((one) => one === "identity_unavailable").length;
    expect(turnedAway).toBeGreaterThan(1_000);
    expect(outcomes.filter((one) => one === "token_invalid")).toHaveLength(2_000 - turnedAway);
    expect(await outcome(authenticator, create())).toBe("accepted");
  });

  test("wait for a slow database for some seconds only", async () => {
    const { authenticator, store, clock } = start();
    const release = hold(store);
    const crowd = Array.from({ length: 20 }, () => outcome(authenticator, createKeyText()));
    await sleep(5);
    clock.now += 6_000;
    release();
    const outcomes = await Promise.all(crowd);
    expect(outcomes.filter((one) => one === "identity_unavailable")).toHaveLength(16);
    expect(store.queries).toBe(4);
  });
});

describe("a flood of provider keys", () => {
  const present = (authenticator: Authenticator): Promise<string> =>
    outcome(authenticator, `sk-proj-${randomBytes(16).toString("hex")}`);

  test("leaves ten incidents a minute, and the next one tells of the others", async () => {
    const { authenticator, incidents, clock } = start();
    for (let i = 0; i < 500; i += 1) expect(await present(authenticator)).toBe("provider_key_presented");
    expect(incidents.map(({ unreported }) => unreported)).toEqual(Array.from({ length: 10 }, () => 0));
    clock.now += 60_000;
    for (let i = 0; i < 2; i += 1) await present(authenticator);
    expect(incidents.slice(10).map(({ unreported }) => unreported)).toEqual([490, 0]);
  });
});

describe("a client secret", () => {
  const revoked = (kind: "credential" | "subject", id: string): Revocation => ({
    seq: 1,
    kind,
    id,
    at: 0,
  });
  const subject = JSON.stringify(["default", "https://login.example.com", "someone"]);

  test("counts until it expires, and then opens nothing; what it has opened goes on", async () => {
    const { authenticator, clock, createSecret } = start();
    const secret = createSecret(60, null);
    const caller = await authenticator.authenticate(`Bearer ${secret}`);
    expect(caller.grant?.connection).toBe("openai");
    clock.now += 61_000;
    expect(await outcome(authenticator, secret)).toBe("token_expired");
    expect(await authenticator.confirm(caller)).toBe(caller);
  });

  test("is told from one that nobody gave, and from the provider's", async () => {
    const { authenticator, incidents } = start();
    expect(await outcome(authenticator, createClientSecretText())).toBe("token_invalid");
    expect(incidents).toEqual([]);
    expect(await outcome(authenticator, "ek_" + "68af296e8e408191a1120ab6383263c2")).toBe(
      "provider_key_presented",
    );
  });

  test("has opened what ends with the caller's own credential", async () => {
    const { authenticator, clock, createSecret } = start();
    const caller = await authenticator.authenticate(`Bearer ${createSecret(60, clock.now + 90_000)}`);
    clock.now += 91_000;
    expect(() => authenticator.confirm(caller)).toThrow(expect.objectContaining({ code: "token_expired" }));
  });

  test.each([
    { of: "its caller's credential", kind: "credential" as const, id: "parent" },
    { of: "its caller", kind: "subject" as const, id: subject },
    { of: "what that credential was obtained with", kind: "credential" as const, id: "grandparent" },
    { of: "whom its caller acts for", kind: "subject" as const, id: subject.replace("someone", "principal") },
  ])("falls with $of, also once it has expired", async ({ kind, id }) => {
    const { authenticator, clock, createSecret, log } = start();
    const cut: string[] = [];
    const secret = createSecret(60, null);
    const caller = await authenticator.authenticate(`Bearer ${secret}`);
    authenticator.onRevoked((isEnded) => cut.push(isEnded(caller) ? caller.credentialId : "another"));
    clock.now += 61_000;
    expect(await outcome(authenticator, secret)).toBe("token_expired");
    log.tell(revoked(kind, id));
    expect(cut).toEqual(["parent"]);
    expect(() => authenticator.confirm(caller)).toThrow(expect.objectContaining({ code: "token_revoked" }));
  });
});
