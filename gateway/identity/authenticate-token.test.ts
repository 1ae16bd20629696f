import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { KeyOwner } from "../../db/queries/service-accounts.ts";
import { GatewayError } from "../errors.ts";
import { createTokenAuthenticator } from "./authenticate-token.ts";
import type { Authenticator } from "./authenticate-token.ts";
import { createKeyText, hashKey } from "./key-format.ts";
import type { ProviderKeyIncident } from "./provider-keys.ts";

/** An authenticator on a store of keys in memory that counts its look-ups and can be held up. */
function start() {
  const clock = { now: 1_000_000 };
  const owners = new Map<string, KeyOwner>();
  const incidents: ProviderKeyIncident[] = [];
  const store = { queries: 0, running: 0, most: 0, hold: Promise.resolve() };
  const authenticator = createTokenAuthenticator({
    async findKeyOwner(hash) {
      store.queries += 1;
      store.running += 1;
      store.most = Math.max(store.most, store.running);
      await store.hold;
      store.running -= 1;
      return owners.get(hash.toString("hex")) ?? null;
    },
    wasRevoked: async () => false,
    followRevocations: () => ({
      isFresh: () => true,
      confirm: async () => undefined,
      wake: () => undefined,
      close: async () => undefined,
    }),
    issuers: [],
    secret: randomBytes(32),
    onProviderKey: (incident) => incidents.push(incident),
    now: () => clock.now,
  });
  function create(): string {
    const key = createKeyText();
    const owner = { keyId: key, tenant: "default", name: "agent", groups: [], scopes: [] };
    owners.set(hashKey(key).toString("hex"), { ...owner, expiresAt: null, isRevoked: false });
    return key;
  }
  return { authenticator, clock, incidents, store, create };
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
