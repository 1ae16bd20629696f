import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addConnection, rotateCredential } from "../../db/queries/change-connections.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import type { ConnectionConfig } from "../config/config.ts";
import { createSilentLog } from "../log.ts";
import { newId } from "../new-id.ts";
import { createKeyWrapper, sealCredential } from "./envelope.ts";
import type { Credential, Place } from "./envelope.ts";
import { openConnections } from "./open-connections.ts";
import type { ConnectionsDeps, OpenedConnections } from "./open-connections.ts";
import { DIRECT } from "../../test/fixtures/direct.ts";

const keys = [{ id: "kek", key: randomBytes(32) }] as const;
const wrapper = createKeyWrapper([keys[0]]);
const baseUrl = "https://target.example/v1";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.[Symbol.asyncDispose]());

async function seal(place: Place, credential: Credential) {
  const sealed = await sealCredential(wrapper, place, credential);
  const { id, connectionId, purpose, version } = place;
  return { id, connectionId, purpose, version, reference: null, fingerprint: null, ...sealed };
}

/** Adds a connection with a key; gives the connection's id. */
async function add(name: string, credential: Credential): Promise<string> {
  const id = newId();
  const place: Place = { id: newId(), connectionId: id, name, baseUrl, purpose: "api", version: 1 };
  const row = {
    id,
    name,
    kind: "openai" as const,
    baseUrl,
    labels: [`of-${name}`],
    unknownIds: "refuse" as const,
    organization: null,
    project: null,
    connectMs: 1000,
    firstByteMs: 1000,
    idleMs: 1000,
  };
  const by = { isDefault: false, actor: "operator:test@test" };
  expect(await addConnection(database.db, row, [await seal(place, credential)], by)).toBe(true);
  return id;
}

async function opened(
  use: (connections: OpenedConnections) => unknown,
  deps: Partial<ConnectionsDeps> = {},
): Promise<void> {
  const connections = await openConnections({
    db: database.db,
    configured: [],
    simulated: null,
    simulatesAll: false,
    wrapper,
    follow: (reference) =>
      reference === "env:THERE" ? { value: "found-there" } : { expected: "expected the variable to be set" },
    isOurselves: () => false,
    onDisabled: () => undefined,
    onOutcome: () => undefined,
    outbound: DIRECT,
    log: createSilentLog(),
    ...deps,
  });
  try {
    await use(connections);
  } finally {
    await connections.close();
  }
}

const configured = (name: string): ConnectionConfig => ({
  name,
  kind: "openai",
  baseUrl,
  labels: [],
  unknownIds: "refuse",
  default: true,
  simulated: false,
  credential: "env:THERE",
  adminCredential: null,
  ca: null,
  account: { organization: null, project: null },
  timeouts: { connect_ms: 1000, first_byte_ms: 1000, idle_ms: 1000 },
});

describe("a connection of the database", () => {
  it("opens with its key, or with what its reference leads to here", async () => {
    await add("sealed", { value: "sealed-key-of-the-target" });
    await add("referred", { reference: "env:THERE" });
    await opened((connections) => {
      expect(connections.get("sealed").credential()).toBe("sealed-key-of-the-target");
      expect(connections.get("referred").credential()).toBe("found-there");
      expect(() => connections.get("sealed").adminCredential()).toThrow("admin credential");
      expect(connections.labels()).toEqual(expect.arrayContaining(["of-sealed", "of-referred"]));
    });
  });

  it("has the keys of a rotation looked for in answers, the one before too", async () => {
    const id = await add("rotated", { value: "first-key-of-the-target" });
    const place: Place = {
      id: newId(),
      connectionId: id,
      name: "rotated",
      baseUrl,
      purpose: "api",
      version: 2,
    };
    const second = await seal(place, { value: "second-key-of-the-target" });
    const by = { overlapMs: 60_000, actor: "operator:test@test" };
    expect(await rotateCredential(database.db, "rotated", second, by)).toBe(true);
    await opened((connections) => {
      const { credential, secrets } = connections.get("rotated");
      expect(credential()).toBe("second-key-of-the-target");
      expect(secrets().map(String)).toEqual(["second-key-of-the-target", "first-key-of-the-target"]);
    });
    // Who was slower changes nothing.
    expect(await rotateCredential(database.db, "rotated", { ...second, id: newId() }, by)).toBe(false);
  });

  it.each([
    [
      "whose base URL was changed in its row",
      "update connections set base_url = 'https://elsewhere.example'",
    ],
    ["whose name was changed in its row", "update connections set name = 'moved'"],
    ["whose key was destroyed", "update connection_credentials set data_key = ''"],
  ])("%s is not used", async (what, change) => {
    const id = await add("moved-before", { value: `key that nobody may have, ${what}` });
    const column = change.includes("credentials") ? "connection_id" : "id";
    await database.db.sql.unsafe(`${change} where ${column} = '${id}'`);
    await opened((connections) => {
      const name = change.includes("'moved'") ? "moved" : "moved-before";
      expect(() => connections.get(name)).toThrow(expect.objectContaining({ code: "connection_unusable" }));
    });
    await database.db.sql.unsafe(`update connections set removed_at = now() where id = '${id}'`);
  });

  it("is not used where its key is wrapped by another, its reference leads nowhere, or it is the gateway", async () => {
    await add("lost", { reference: "env:NOWHERE" });
    const unusable = expect.objectContaining({ code: "connection_unusable" });
    await opened((connections) => {
      expect(() => connections.get("lost")).toThrow(unusable);
    });
    const stranger = createKeyWrapper([{ id: "kek", key: randomBytes(32) }]);
    await opened((connections) => expect(() => connections.get("sealed")).toThrow(unusable), {
      wrapper: stranger,
    });
    await opened((connections) => expect(() => connections.get("sealed")).toThrow(unusable), {
      isOurselves: (url) => url === baseUrl,
    });
  });

  it("is simulated where all are", async () => {
    const simulated = {
      url: "http://127.0.0.1:1/v1",
      credential: "simulated",
      adminCredential: "simulated-admin",
    };
    await opened(
      (connections) => {
        expect(connections.get("sealed").credential()).toBe("simulated");
        expect(connections.get("sealed").connection).toMatchObject({
          simulated: true,
          baseUrl: simulated.url,
        });
      },
      { simulated, simulatesAll: true },
    );
  });

  it("keeps a gateway from starting that has its name in the configuration", async () => {
    await expect(opened(() => undefined, { configured: [configured("sealed")] })).rejects.toThrow(
      "The connection sealed stands in the configuration and in the database.",
    );
    await opened((connections) => expect(connections.get(null).connection.name).toBe("own"), {
      configured: [configured("own")],
    });
  });

  it("yields to the configuration's of the same name that comes later", async () => {
    await opened(
      async (connections) => {
        await connections.follow();
        await add("late", { value: "key-of-the-late-one" });
        await expect.poll(() => connections.labels(), { timeout: 20_000 }).toContain("of-late");
        expect(connections.get("late").credential()).toBe("found-there");
      },
      { configured: [configured("late")] },
    );
  });
});
