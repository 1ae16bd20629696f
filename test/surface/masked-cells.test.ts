// Goes through docs/coverage.md cell by cell with a value that policy masks: it goes no further, in no direction.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toCoverage } from "../../gateway/coverage.ts";
import type { Coverage, Masking } from "../../gateway/coverage.ts";
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

const SECRET = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
const TEXT = `So the key is ${SECRET}, they say.`;
const MASKED = "So the key is [REDACTED:secret], they say.";
const PHASES = ["request", "answer", "finding", "tool_call", "end", "whole"];

/** Allows everything, and masks secrets wherever they are. */
const REGO = `
masked := object.union(plain, {"mask": {{"code": "masks_all", "class": "secret", "with": "redact"}}})
request := masked
`;

const folder = mkdtempSync(join(tmpdir(), "tollgate-masked-cells-"));
let mirror: Mirror;
let database: TestDatabase;
let gateway: RunningGateway;
let door: Door;

beforeAll(async () => {
  const bundle = join(folder, "bundle.tar.gz");
  const reads = Object.fromEntries(PHASES.map((phase) => [phase, ["/calls", "/v"]]));
  writeFileSync(bundle, await buildFixture({ rego: REGO, metadata: { reads } }));
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
  // Nothing of it may stand in the log either.
  const log = gateway?.log() ?? "";
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await mirror?.close();
  rmSync(folder, { recursive: true, force: true });
  expectGone(log);
});

/** No piece of the value that would still tell it. */
function expectGone(text: string): void {
  for (let i = 8; i + 8 <= SECRET.length; i += 1) expect(text).not.toContain(SECRET.slice(i, i + 8));
}

const rows = listRoutes().map(toCoverage);
const open = rows.filter(
  ({ transport, spec, refusedBy }) => transport === "HTTP" && !spec.isLocal && refusedBy === null,
);
const sockets = rows.filter(({ transport }) => transport === "WebSocket");
const named = (some: readonly Coverage[]): [string, Coverage][] =>
  some.map((row) => [`${row.spec.operation} (${row.spec.method})`, row]);
const masks = (
  direction: "request" | "answer" | "events",
  ...how: readonly Masking[]
): [string, Coverage][] => named(open.filter(({ masking }) => how.includes(masking[direction])));

/** What the target was sent since then. */
function sentSince(before: number): string {
  return mirror.arrived
    .slice(before)
    .map(({ url, body }) => `${decodeURIComponent(url)}\n${body.toString()}`)
    .join("\n");
}

async function expectRefused(made: Promise<Response>, before: number): Promise<void> {
  const response = await made;
  const text = await response.text();
  expect([response.status, text]).toEqual([403, expect.stringContaining('"masks_all"')]);
  expectGone(text);
  expect(mirror.arrived.length).toBe(before);
}

describe("a value in what an operation is asked", () => {
  it.each(named(open))("is refused in its address: %s", async (_name, row) => {
    await expectRefused(askCell(door, row, { query: TEXT }), mirror.arrived.length);
  });

  it.each(
    named(open.filter(({ request, masking }) => request === "inspected" && masking.request === "masked")),
  )("is masked in a field that nobody knows: %s", async (_name, row) => {
    if (row.spec.answer === "events") streamWith(mirror, row, "nothing to see");
    else answerWith(mirror, row, "nothing to see");
    const before = mirror.arrived.length;
    const response = await askCell(door, row, { note: TEXT });
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining("nothing to see"),
    ]);
    const sent = sentSince(before);
    expect(sent).toContain(MASKED);
    expectGone(sent);
  });

  it.each(named(open.filter(({ request }) => request === "files")))(
    "is masked in a form and its files, or refused: %s",
    async (_name, row) => {
      for (const given of [{ note: TEXT }, { file: { name: "a.txt", text: TEXT } }]) {
        answerWith(mirror, row, "nothing to see");
        const before = mirror.arrived.length;
        const response = await askCell(door, row, given);
        const text = await response.text();
        const sent = sentSince(before);
        if (response.status === 200 || row.masking.request === "masked") {
          // A part of an upload keeps its length.
          const isPart = row.spec.operation === "uploads.parts.create" && "file" in given;
          const shown = isPart ? TEXT.replace(SECRET, "*".repeat(SECRET.length)) : MASKED;
          expect([response.status, sent]).toEqual([200, expect.stringContaining(shown)]);
        } else {
          expect([response.status, text]).toEqual([403, expect.stringContaining('"masks_all"')]);
          expect(sent).toBe("");
        }
        expectGone(text + sent);
      }
    },
  );
});

describe("a value in what an operation answers", () => {
  it.each(masks("answer", "masked"))("is masked in a field that nobody knows: %s", async (_name, row) => {
    answerWith(mirror, row, TEXT);
    const response = await askCell(door, row);
    const text = await response.text();
    expect([response.status, text]).toEqual([200, expect.stringContaining(MASKED)]);
    expectGone(text);
  });

  it.each(masks("answer", "either"))("is masked in a file, or ends it: %s", async (_name, row) => {
    answerWith(mirror, row, TEXT);
    const response = await askCell(door, row);
    const text = await response.text().catch(() => "cut");
    if (response.status === 200) expect([MASKED, "cut"]).toContain(text);
    else expect([response.status, text]).toEqual([403, expect.stringContaining('"masks_all"')]);
    expectGone(text);
  });

  it.each(named(open))("is masked in an error: %s", async (_name, row) => {
    const error = { message: TEXT, type: "invalid_request_error", code: null, param: "input" };
    mirror.answer({ status: 400, body: JSON.stringify({ error }) });
    const response = await askCell(door, row);
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toEqual([400, { error: { ...error, message: MASKED } }]);
  });

  it.each(masks("events", "masked"))("is masked in an event that nobody knows: %s", async (_name, row) => {
    streamWith(mirror, row, TEXT);
    const text = await (await askCell(door, row, { stream: true })).text();
    expect(text).toContain(MASKED);
    expectGone(text);
  });
});

describe("a value in what the gateway answers by itself", () => {
  it.each(named(rows.filter(({ spec }) => spec.isLocal)))("goes nowhere: %s", async (_name, row) => {
    const before = mirror.arrived.length;
    await expectRefused(askCell(door, row, { query: TEXT }), before);
    const response = await askCell(door, row, { note: TEXT });
    expectGone(await response.text());
    expect(mirror.arrived.length).toBe(before);
  });
});

describe("a value in what a socket carries", () => {
  it.each(named(sockets))("is refused in its address: %s", async (_name, row) => {
    const url = toSocketUrl(door, row, `&note=${encodeURIComponent(TEXT)}`);
    const refused = await askRefused(url, { token: door.key });
    expect(refused).toMatchObject({ status: 403, body: { error: { code: "masks_all" } } });
  });

  it.each(named(sockets))("is masked in what a program sends: %s", async (_name, row) => {
    mirror.reply({ type: "something.new", deep: ["nothing to see"] });
    const before = mirror.messages.length;
    const client = await openSocket(toSocketUrl(door, row), { token: door.key });
    sendMessage(client, row, TEXT);
    await waitUntilTold(client, (text) => text.includes("nothing to see"));
    const sent = mirror.messages.slice(before).join("\n");
    expect(sent).toContain(MASKED);
    expectGone(sent);
    client.socket.close();
  });

  it.each(named(sockets))("is masked in what the target sends: %s", async (_name, row) => {
    mirror.reply({ type: "something.new", deep: [TEXT] });
    const client = await openSocket(toSocketUrl(door, row), { token: door.key });
    sendMessage(client, row, "nothing to hide");
    const text = await waitUntilTold(client, (told) => told.includes("So the key is"));
    expect(text).toContain(MASKED);
    expectGone(JSON.stringify(client.received));
    client.socket.close();
  });
});
