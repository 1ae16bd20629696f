// Goes through docs/coverage.md cell by cell: in each operation, direction and transport a rule sees a marker and stops it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toCoverage } from "../../gateway/coverage.ts";
import type { Coverage } from "../../gateway/coverage.ts";
import { listRoutes } from "../../gateway/routes.ts";
import { insertKey, startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { buildFixture } from "../policy/fixture-bundle.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";
import { askRefused, openSocket } from "../websocket/client.ts";
import { answerWith, askCell, sendMessage, streamWith, toSocketUrl, waitUntilTold } from "./cell.ts";
import type { Door } from "./cell.ts";
import { startMirror } from "./mirror.ts";
import type { Mirror } from "./mirror.ts";

const MARKER = "a zebra crossing for markers";
const PHASES = ["request", "answer", "finding", "tool_call", "end", "whole"];

/** Allows everything but the marker, wherever it is found. */
const REGO = `
seen if input.findings.marker > 0
denied := object.union(plain, {"deny": {{"code": "marker"}}})
${["request", "finding", "end", "whole"]
  .map((phase) => `${phase} := plain if not seen\n${phase} := denied if seen`)
  .join("\n")}
`;

const folder = mkdtempSync(join(tmpdir(), "tollgate-cells-"));
let mirror: Mirror;
let database: TestDatabase;
let gateway: RunningGateway;
let door: Door;

beforeAll(async () => {
  const bundle = join(folder, "bundle.tar.gz");
  const reads = Object.fromEntries(PHASES.map((phase) => [phase, ["/calls", "/findings", "/v"]]));
  const patterns = { marker: { class: "marker", any: [MARKER] } };
  writeFileSync(bundle, await buildFixture({ rego: REGO, data: { patterns }, metadata: { reads } }));
  mirror = await startMirror();
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    target: { url: mirror.url, credential: "a-credential" },
    config: (url) => `
connections:
  - name: openai
    base_url: ${url}
    credential: env:OPENAI_API_KEY
    admin_credential: env:OPENAI_ADMIN_KEY
    unknown_ids: allow
`,
    env: { TOLLGATE_POLICY_BUNDLE: bundle, OPENAI_ADMIN_KEY: "an-admin-credential" },
  });
  door = { origin: gateway.origin, key: await insertKey(database.url, { groups: ["admins"] }) };
}, 120_000);

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await mirror?.close();
  rmSync(folder, { recursive: true, force: true });
});

const sockets = listRoutes()
  .map(toCoverage)
  .filter(({ transport }) => transport === "WebSocket");
const coverage = listRoutes()
  .map(toCoverage)
  .filter(({ transport, spec }) => transport === "HTTP" && !spec.isLocal);
const local = listRoutes()
  .filter(({ isLocal }) => isLocal)
  .map(toCoverage);
const open = coverage.filter(({ refusedBy }) => refusedBy === null);
const named = (rows: readonly Coverage[]): [string, Coverage][] =>
  rows.map((row) => [`${row.spec.operation} (${row.spec.method})`, row]);

async function expectStopped(made: Promise<Response>, before: number): Promise<void> {
  const response = await made;
  const text = await response.text();
  expect([response.status, text]).toEqual([403, expect.stringContaining('"marker"')]);
  expect(text).not.toContain(MARKER);
  expect(mirror.arrived.length).toBe(before);
}

describe("what an operation is asked", () => {
  it.each(named(open))("passes without the marker: %s", async (_name, row) => {
    const before = mirror.arrived.length;
    if (row.spec.answer === "events") streamWith(mirror, row, "nothing to see");
    else answerWith(mirror, row, "nothing to see");
    const response = await askCell(door, row);
    const text = await response.text();
    expect([response.status, text]).toEqual([200, expect.stringContaining("nothing to see")]);
    const [arrived] = mirror.arrived.slice(before);
    expect(arrived?.method).toBe(row.spec.method);
    const credential = row.spec.isAdmin ? "an-admin-credential" : "a-credential";
    expect(arrived?.headers.authorization).toBe(`Bearer ${credential}`);
  });

  it.each(named(open))("is searched in its query: %s", async (_name, row) => {
    await expectStopped(askCell(door, row, { query: MARKER }), mirror.arrived.length);
  });

  it.each(named(open.filter(({ spec }) => spec.body !== "none" && spec.method !== "DELETE")))(
    "is searched in a field that nobody knows: %s",
    async (_name, row) => {
      await expectStopped(askCell(door, row, { note: MARKER }), mirror.arrived.length);
    },
  );

  it.each(named(open.filter(({ request }) => request === "files")))(
    "is searched in its files' text and names: %s",
    async (_name, row) => {
      await expectStopped(
        askCell(door, row, { file: { name: "a.txt", text: `So: ${MARKER}.` } }),
        mirror.arrived.length,
      );
      await expectStopped(
        askCell(door, row, { file: { name: `${MARKER}.txt`, text: "hi" } }),
        mirror.arrived.length,
      );
    },
  );
});

describe("what an operation answers", () => {
  it.each(named(open.filter(({ answer }) => answer !== "nothing")))(
    "is searched in a field that nobody knows: %s",
    async (_name, row) => {
      answerWith(mirror, row, MARKER);
      const response = await askCell(door, row);
      // A file that streams has begun when the marker comes: it is cut off.
      const text = await response.text().catch(() => "cut");
      expect(text).not.toContain(MARKER);
      if (response.status === 200) expect(text).toBe("cut");
      else expect([response.status, text]).toEqual([403, expect.stringContaining('"marker"')]);
    },
  );

  it.each(named(open.filter(({ events }) => events !== "nothing")))(
    "is searched in an event that nobody knows: %s",
    async (_name, row) => {
      streamWith(mirror, row, "nothing to see");
      const passed = await (await askCell(door, row, { stream: true })).text();
      expect(passed).toContain("nothing to see");
      streamWith(mirror, row, MARKER);
      const text = await (await askCell(door, row, { stream: true })).text();
      expect(text).not.toContain(MARKER);
      expect(text).toContain('"marker"');
    },
  );
});

describe("what the gateway answers by itself", () => {
  it.each(named(local))("is searched: %s", async (_name, row) => {
    const before = mirror.arrived.length;
    await expectStopped(askCell(door, row, { note: MARKER }), before);
    await expectStopped(askCell(door, row, { query: MARKER }), before);
    // No exchange has the id that every cell is asked with.
    const status = row.spec.operation === "exchanges.reveal" ? 404 : 204;
    expect((await askCell(door, row, { note: "nothing to see" })).status).toBe(status);
    expect(mirror.arrived.length).toBe(before);
  });
});

describe("what a socket carries", () => {
  it.each(named(sockets))("passes without the marker, both ways: %s", async (_name, row) => {
    mirror.reply({ type: "something.new", deep: ["nothing to see"] });
    const client = await openSocket(toSocketUrl(door, row), { token: door.key });
    sendMessage(client, row, "nothing to hide");
    expect(await waitUntilTold(client, (text) => text.includes("nothing to see"))).toContain(
      "nothing to see",
    );
    expect(mirror.messages.at(-1)).toContain("nothing to hide");
    client.socket.close();
  });

  it.each(named(sockets))("is searched in its query: %s", async (_name, row) => {
    const refused = await askRefused(toSocketUrl(door, row, `&note=${encodeURIComponent(MARKER)}`), {
      token: door.key,
    });
    expect(refused).toMatchObject({ status: 403, body: { error: { code: "marker" } } });
  });

  it.each(named(sockets))("is searched in what a program sends: %s", async (_name, row) => {
    const before = mirror.messages.length;
    const client = await openSocket(toSocketUrl(door, row), { token: door.key });
    sendMessage(client, row, MARKER);
    expect(await waitUntilTold(client, (text) => text.includes("marker"))).toMatch(/"marker"|marker/);
    expect(mirror.messages.slice(before).join("")).not.toContain(MARKER);
    client.socket.close();
  });

  it.each(named(sockets))("is searched in what the target sends: %s", async (_name, row) => {
    mirror.reply({ type: "something.new", deep: [MARKER] });
    const client = await openSocket(toSocketUrl(door, row), { token: door.key });
    sendMessage(client, row, "nothing to hide");
    expect(await waitUntilTold(client, (text) => text.includes("marker"))).toContain("marker");
    expect(JSON.stringify(client.received)).not.toContain(MARKER);
    client.socket.close();
  });
});

describe("what is refused", () => {
  it.each(named(coverage.filter(({ refusedBy }) => refusedBy !== null)))(
    "reaches no target: %s",
    async (_name, row) => {
      const before = mirror.arrived.length;
      const response = await askCell(door, row);
      expect(await response.json()).toMatchObject({ error: { code: row.refusedBy } });
      expect(mirror.arrived.length).toBe(before);
    },
  );
});
