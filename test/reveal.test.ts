// What was masked is shown to whoever may see it, and only after it is written down who that was and why.
import { hash, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { CommandResult, RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";

const email = "ada.shown@example.com";
const secret = ["ghp", hash("sha256", "reveal", "hex").slice(0, 36)].join("_");
const REASON = "A customer asked what we hold";
const masks = [
  { class: "secret", with: "redact" },
  { class: "email", with: "token" },
  { fields: ["salary"], with: "redact" },
];
const PER_HOUR = 3;

let folder = "";
let database: TestDatabase;
let gateway: RunningGateway;
let program = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-reveal-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks, originals: ["email", "field"] } }));
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    env: { TOLLGATE_POLICY_OPERATOR: operator },
    config: (url) =>
      JSON.stringify({
        connections: [{ name: "openai", base_url: url, credential: "env:OPENAI_API_KEY", default: true }],
        record: { originals: { reveals_per_hour: PER_HOUR } },
      }),
  });
  program = await gateway.createKey();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Makes an exchange with values in it, and gives its id. */
async function makeExchange(input: string): Promise<string> {
  const client = toTarget(gateway.baseUrl, program).client();
  const { response } = await client.responses.create({ model: "gpt-4.1", input }).withResponse();
  return response.headers.get("x-tollgate-exchange-id") ?? "";
}

async function makeKey(groups: readonly string[]): Promise<string> {
  return gateway.createKey({ name: `k-${randomUUID()}`, groups });
}

async function reveal(key: string, id: string, reason: unknown = REASON): Promise<[number, string]> {
  const answer = await fetch(`${gateway.baseUrl}/tollgate/exchanges/${id}/reveal`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ reason }),
  });
  return [answer.status, await answer.text()];
}

async function revealByCommand(key: string, id: string, ...more: string[]): Promise<CommandResult> {
  const file = join(folder, randomUUID());
  await writeFile(file, `${key}\n`);
  return gateway.cli("exchanges", "reveal", id, "--reason", REASON, "--token-file", file, ...more);
}

type Row = { outcome: string; code: string | null; reason: string | null; lines: number[]; subject: string };

function listRows(id: string): Promise<Row[]> {
  return database.db.sql<Row[]>`
    select outcome, code, reason, lines, subject from reveals where exchange_id = ${id} order by id`;
}

test("an auditor is shown by the command what was masked, secrets excepted, and the exchange tells of it", async () => {
  const id = await makeExchange(`Write to ${email} with ${secret}`);
  const before = await gateway.cli("exchanges", "show", id);
  expect(before.stdout).not.toContain(email);
  const shown = await revealByCommand(await makeKey(["auditors"]), id, "--url", gateway.origin);
  expect([shown.code, shown.stderr]).toEqual([0, ""]);
  expect(shown.stdout).toContain(email);
  expect(shown.stdout).not.toContain(secret);
  const [row] = await listRows(id);
  expect(row).toMatchObject({ outcome: "shown", code: null, reason: REASON });
  expect(row?.lines).toHaveLength(1);
  const after = await gateway.cli("exchanges", "show", id);
  expect(after.stdout).toContain(REASON);
  expect(after.stdout).not.toContain(email);
  const actions = await gateway.cli("actions", "list", "--area", "originals", "--object", id, "--json");
  expect(JSON.parse(actions.stdout)).toMatchObject([
    { actor: `${row?.subject} of tollgate`, action: "originals.reveal", detail: { outcome: "shown" } },
  ]);
  expect(actions.stdout).not.toContain(email);
});

test("the command finds the configured gateway, and prints JSON", async () => {
  const id = await makeExchange(`Write to ${email}`);
  const shown = await revealByCommand(await makeKey(["auditors"]), id, "--json");
  expect([shown.code, shown.stderr]).toEqual([0, ""]);
  expect(JSON.parse(shown.stdout)).toMatchObject({
    exchange: id,
    originals: [{ class: "email", direction: "request", original: email }],
  });
});

test("what a masked field held is shown too, but for a secret in it", async () => {
  const id = await makeExchange(JSON.stringify({ salary: 93_000, of: { salary: "9 a month" } }));
  const auditor = await makeKey(["auditors"]);
  const [, shown] = await reveal(auditor, id);
  expect(JSON.parse(shown)).toMatchObject({
    originals: [
      { class: "field", original: "93000" },
      { class: "field", original: "9 a month" },
    ],
  });
  const [status] = await reveal(auditor, await makeExchange(JSON.stringify({ salary: `by ${secret}` })));
  expect(status).toBe(404);
});

test.each([["developers"], ["admins"]])("a member of %s is refused, which is recorded", async (group) => {
  const id = await makeExchange(`Write to ${email}`);
  const key = await makeKey([group]);
  const [status, text] = await reveal(key, id);
  expect(status).toBe(403);
  expect(text).not.toContain(email);
  const told = await revealByCommand(key, id);
  expect([told.code, told.stdout]).toEqual([1, ""]);
  const rows = await listRows(id);
  expect(rows.map(({ outcome }) => outcome)).toEqual(["refused", "refused"]);
});

test("an exchange of another tenant, or none, is not found", async () => {
  const id = await makeExchange(`Write to ${email}`);
  await database.db.sql`update exchanges set tenant = 'another' where id = ${id}`;
  const key = await makeKey(["auditors"]);
  const [status, text] = await reveal(key, id);
  expect([status, text]).toEqual([404, expect.stringContaining('"not_found"')]);
  expect(await listRows(id)).toMatchObject([{ outcome: "refused", code: "not_found" }]);
  expect((await reveal(key, randomUUID()))[0]).toBe(404);
  expect((await reveal(key, "no-id"))[0]).toBe(404);
});

test("where nothing is kept, or no more, it says so", async () => {
  const none = await makeExchange("Nothing to see");
  const key = await makeKey(["auditors"]);
  expect(await reveal(key, none)).toEqual([404, expect.stringContaining('"originals_absent"')]);
  const old = await makeExchange(`Write to ${email}`);
  await database.db.sql`update exchanges set at = at - interval '31 days' where id = ${old}`;
  await database.db.sql`update originals set at = at - interval '31 days' where exchange_id = ${old}`;
  const [status, text] = await reveal(key, old);
  expect([status, text]).toEqual([410, expect.stringContaining('"originals_expired"')]);
  expect(text).not.toContain(email);
});

test("an original that was moved to another line shows nothing", async () => {
  const id = await makeExchange(`Write to ${email}`);
  await database.db.sql`update masked_values set place = '/elsewhere' where exchange_id = ${id}`;
  const [status, text] = await reveal(await makeKey(["auditors"]), id);
  expect([status, text]).toEqual([500, expect.stringContaining('"originals_unreadable"')]);
  expect(await listRows(id)).toMatchObject([{ outcome: "refused", code: "originals_unreadable" }]);
});

test.each(["too short", "x".repeat(501), null, 7])("a reason is needed: %s", async (reason) => {
  const id = await makeExchange(`Write to ${email}`);
  expect(await reveal(await makeKey(["auditors"]), id, reason)).toEqual([
    400,
    expect.stringContaining('"body_shape"'),
  ]);
  expect(await listRows(id)).toMatchObject([{ outcome: "refused", code: "body_shape", reason: null }]);
});

test("a reason is recorded masked", async () => {
  const id = await makeExchange(`Write to ${email}`);
  await reveal(await makeKey(["auditors"]), id, `They wrote from other@example.com with ${secret}`);
  const [row] = await listRows(id);
  expect(row?.reason).toMatch(/^They wrote from \[EMAIL_\w+\] with \[REDACTED:secret\]$/);
});

test("one caller is shown originals so often an hour, however many ask at once", async () => {
  const id = await makeExchange(`Write to ${email}`);
  const key = await makeKey(["auditors"]);
  const answers = await Promise.all(Array.from({ length: PER_HOUR + 3 }, () => reveal(key, id)));
  const statuses = answers.map(([status]) => status).sort((a, b) => a - b);
  expect(statuses).toEqual([200, 200, 200, 429, 429, 429]);
  const rows = await listRows(id);
  expect(rows.filter(({ outcome }) => outcome === "shown")).toHaveLength(PER_HOUR);
  expect(rows.filter(({ code }) => code === "reveal_limit")).toHaveLength(3);
  expect((await reveal(await makeKey(["auditors"]), id))[0]).toBe(200);
});

test("rows of the table are only added", async () => {
  const id = await makeExchange(`Write to ${email}`);
  await reveal(await makeKey(["auditors"]), id);
  await expect(database.db.sql`delete from reveals where exchange_id = ${id}`).rejects.toThrow("only added");
  await expect(database.db.sql`update reveals set reason = 'none'`).rejects.toThrow("only added");
});

test("nothing is shown where it can't be written down", async () => {
  const id = await makeExchange(`Write to ${email}`);
  const key = await makeKey(["auditors"]);
  await database.db.sql`alter table reveals rename to reveals_away`;
  try {
    const [status, text] = await reveal(key, id);
    expect([status, text]).toEqual([503, expect.stringContaining('"record_unavailable"')]);
    expect(text).not.toContain(email);
  } finally {
    await database.db.sql`alter table reveals_away rename to reveals`;
  }
});

test("an SDK's client raises the refusal", async () => {
  const client = toTarget(gateway.baseUrl, program).client();
  const asked = client.post(`/tollgate/exchanges/${randomUUID()}/reveal`, { body: { reason: REASON } });
  await expect(asked).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
});
