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
import type { Client } from "../websocket/client.ts";
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
let key: string;

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
  key = await insertKey(database.url, { groups: ["admins"] });
}, 120_000);

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await mirror?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What operations need before the gateway reads on. */
const NEEDED: Readonly<Record<string, object>> = {
  "responses.create": { model: "m", input: "hi" },
  "chat.completions.create": { model: "m", messages: [{ role: "user", content: "hi" }], store: true },
  "chat.completions.update": { metadata: {} },
  "traces.ingest": { data: [{ object: "trace", id: "trace_1", workflow_name: "w" }] },
};

type Ask = {
  /** A member or field of the body, which nobody knows. */
  readonly note?: string;
  readonly file?: { readonly name: string; readonly text: string };
  readonly query?: string;
  readonly stream?: boolean;
};

function ask({ spec }: Coverage, { note, file, query, stream = false }: Ask = {}): Promise<Response> {
  const parameters = new URLSearchParams(query === undefined ? {} : { note: query });
  if (stream && spec.streams === "query") parameters.set("stream", "true");
  const path = spec.template.replaceAll(/\{[^}]*\}/g, "id_1");
  const headers: Record<string, string> = { authorization: `Bearer ${key}` };
  const url = `${gateway.origin}/v1${path}${parameters.size === 0 ? "" : `?${parameters.toString()}`}`;
  if (spec.body === "form" || spec.body === "form_or_sdp") {
    const form = new FormData();
    if (note !== undefined) form.set("note", note);
    if (stream) form.set("stream", "true");
    form.set("file", new Blob([file?.text ?? "hi"], { type: "text/plain" }), file?.name ?? "hi.txt");
    return fetch(url, { method: spec.method, headers, body: form, redirect: "manual" });
  }
  if (spec.body === "none") return fetch(url, { method: spec.method, headers, redirect: "manual" });
  headers["content-type"] = "application/json";
  const wish = stream ? (spec.streams === "format" ? { stream_format: "sse" } : { stream: true }) : {};
  const unknown = note === undefined ? {} : { unknown: [{ deep: note }] };
  const body = JSON.stringify({ ...NEEDED[spec.operation], ...wish, ...unknown });
  return fetch(url, { method: spec.method, headers, body, redirect: "manual" });
}

/** What a whole answer of the operation may be, with the text in a place that nobody knows. */
function answerWith({ spec }: Coverage, text: string): void {
  if (spec.answer === "bytes") mirror.answer({ headers: { "content-type": "text/plain" }, body: text });
  else if (spec.answer === "sdp")
    mirror.answer({ headers: { "content-type": "application/sdp" }, body: text });
  else if (spec.isGrant) {
    const secret = { value: "ek_" + "of-the-targets", expires_at: 1 };
    const unknown = [{ deep: text }];
    const isOlder = !spec.operation.endsWith("client_secrets.create");
    mirror.answer({
      body: JSON.stringify(isOlder ? { client_secret: secret, unknown } : { ...secret, unknown }),
    });
  } else if (spec.lists === null) mirror.answer({ body: JSON.stringify({ unknown: [{ deep: text }] }) });
  else {
    // Of a list a caller gets its own objects, and here those that nobody owns.
    const data = [{ id: `old_${spec.lists}`, unknown: [{ deep: text }] }];
    mirror.answer({ body: JSON.stringify({ object: "list", data, has_more: false }) });
  }
}

/** A stream that every operation may answer with, with the text in an event that nobody knows. */
function streamWith({ spec }: Coverage, text: string): void {
  const events: object[] =
    spec.dialect === "chat"
      ? [
          {
            object: "chat.completion.chunk",
            choices: [{ index: 0, delta: { content: "hi" }, finish_reason: "stop" }],
            unknown: text,
          },
        ]
      : [{ type: "response.something.new", deep: [text] }];
  if (spec.dialect === "responses") {
    const response = { id: "resp_1", object: "response", status: "completed", output: [] };
    events.unshift({ type: "response.created", response: { ...response, status: "in_progress" } });
    events.push({ type: "response.completed", response });
  }
  const body = `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`;
  mirror.answer({ headers: { "content-type": "text/event-stream" }, body });
}

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
    if (row.spec.answer === "events") streamWith(row, "nothing to see");
    else answerWith(row, "nothing to see");
    const response = await ask(row);
    const text = await response.text();
    expect([response.status, text]).toEqual([200, expect.stringContaining("nothing to see")]);
    const [arrived] = mirror.arrived.slice(before);
    expect(arrived?.method).toBe(row.spec.method);
    const credential = row.spec.isAdmin ? "an-admin-credential" : "a-credential";
    expect(arrived?.headers.authorization).toBe(`Bearer ${credential}`);
  });

  it.each(named(open))("is searched in its query: %s", async (_name, row) => {
    await expectStopped(ask(row, { query: MARKER }), mirror.arrived.length);
  });

  it.each(named(open.filter(({ spec }) => spec.body !== "none" && spec.method !== "DELETE")))(
    "is searched in a field that nobody knows: %s",
    async (_name, row) => {
      await expectStopped(ask(row, { note: MARKER }), mirror.arrived.length);
    },
  );

  it.each(named(open.filter(({ request }) => request === "files")))(
    "is searched in its files' text and names: %s",
    async (_name, row) => {
      await expectStopped(
        ask(row, { file: { name: "a.txt", text: `So: ${MARKER}.` } }),
        mirror.arrived.length,
      );
      await expectStopped(ask(row, { file: { name: `${MARKER}.txt`, text: "hi" } }), mirror.arrived.length);
    },
  );
});

describe("what an operation answers", () => {
  it.each(named(open.filter(({ answer }) => answer !== "nothing")))(
    "is searched in a field that nobody knows: %s",
    async (_name, row) => {
      answerWith(row, MARKER);
      const response = await ask(row);
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
      streamWith(row, "nothing to see");
      const passed = await (await ask(row, { stream: true })).text();
      expect(passed).toContain("nothing to see");
      streamWith(row, MARKER);
      const text = await (await ask(row, { stream: true })).text();
      expect(text).not.toContain(MARKER);
      expect(text).toContain('"marker"');
    },
  );
});

describe("what the gateway answers by itself", () => {
  it.each(named(local))("is searched: %s", async (_name, row) => {
    const before = mirror.arrived.length;
    await expectStopped(ask(row, { note: MARKER }), before);
    await expectStopped(ask(row, { query: MARKER }), before);
    expect((await ask(row, { note: "nothing to see" })).status).toBe(204);
    expect(mirror.arrived.length).toBe(before);
  });
});

describe("what a socket carries", () => {
  const urlOf = ({ spec }: Coverage, query = ""): string =>
    `${gateway.origin}/v1${spec.template.replaceAll(/\{[^}]*\}/g, "id_1")}?model=m${query}`;
  const send = (client: Client, { spec }: Coverage, note: string): void =>
    client.send({
      type: "response.create",
      ...(spec.operation === "responses.connect" ? { model: "m", input: "hi" } : {}),
      unknown: [{ deep: note }],
    });
  /** Waits for what the client is told at last: a message that fits, or the end of the socket. */
  const told = (client: Client, fits: (text: string) => boolean): Promise<string> =>
    client
      .until((message) => fits(JSON.stringify(message)))
      .then((message) => JSON.stringify(message))
      .catch(async () => JSON.stringify(await client.closed));

  it.each(named(sockets))("passes without the marker, both ways: %s", async (_name, row) => {
    mirror.reply({ type: "something.new", deep: ["nothing to see"] });
    const client = await openSocket(urlOf(row), { token: key });
    send(client, row, "nothing to hide");
    expect(await told(client, (text) => text.includes("nothing to see"))).toContain("nothing to see");
    expect(mirror.messages.at(-1)).toContain("nothing to hide");
    client.socket.close();
  });

  it.each(named(sockets))("is searched in its query: %s", async (_name, row) => {
    const refused = await askRefused(urlOf(row, `&note=${encodeURIComponent(MARKER)}`), { token: key });
    expect(refused).toMatchObject({ status: 403, body: { error: { code: "marker" } } });
  });

  it.each(named(sockets))("is searched in what a program sends: %s", async (_name, row) => {
    const before = mirror.messages.length;
    const client = await openSocket(urlOf(row), { token: key });
    send(client, row, MARKER);
    expect(await told(client, (text) => text.includes("marker"))).toMatch(/"marker"|marker/);
    expect(mirror.messages.slice(before).join("")).not.toContain(MARKER);
    client.socket.close();
  });

  it.each(named(sockets))("is searched in what the target sends: %s", async (_name, row) => {
    mirror.reply({ type: "something.new", deep: [MARKER] });
    const client = await openSocket(urlOf(row), { token: key });
    send(client, row, "nothing to hide");
    expect(await told(client, (text) => text.includes("marker"))).toContain("marker");
    expect(JSON.stringify(client.received)).not.toContain(MARKER);
    client.socket.close();
  });
});

describe("what is refused", () => {
  it.each(named(coverage.filter(({ refusedBy }) => refusedBy !== null)))(
    "reaches no target: %s",
    async (_name, row) => {
      const before = mirror.arrived.length;
      const response = await ask(row);
      expect(await response.json()).toMatchObject({ error: { code: row.refusedBy } });
      expect(mirror.arrived.length).toBe(before);
    },
  );
});
