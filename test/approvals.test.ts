// Requests that wait for people, through a whole gateway with the official SDK: approved, denied, expired, come back to.
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { APIError, toFile } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { castVote } from "../db/queries/approval-votes.ts";
import type { Voted } from "../db/queries/approval-votes.ts";
import { toRules } from "../gateway/approvals/people.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";
import { openSocket } from "./websocket/client.ts";

const model = "gpt-4.1";
const email = "ada.held@example.com";
const operator = {
  lists: {
    approve_operations: [{ operations: ["embeddings.create"] }],
    approve_models: [{ model: "gpt-4.1*" }],
    approvals: [
      { from: [["reviewers"]], within_s: 3600 },
      { code: "operation_needs_approval", from: [["security"], ["finance"]], within_s: 3600 },
    ],
    masks: [{ class: "email", with: "token" }],
  },
};

let folder = "";
let database: TestDatabase;
let gateway: RunningGateway;
let key = "";
const encryptionKey = randomBytes(32).toString("base64");
const env = () => ({
  TOLLGATE_POLICY_OPERATOR: join(folder, "operator.json"),
  TEST_ENCRYPTION_KEY: encryptionKey,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-approvals-"));
  await writeFile(join(folder, "operator.json"), JSON.stringify(operator));
  database = await createTestDatabase();
  gateway = await startGateway({ databaseUrl: database.url, env: env() });
  key = await gateway.createKey({ name: "asker", groups: ["admins"] });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const listed = z.array(z.object({ id: z.string(), code: z.string(), exchange_id: z.string() }));

function client(options: { readonly maxRetries?: number; readonly timeout?: number } = {}): OpenAI {
  return new OpenAI({ baseURL: gateway.baseUrl, apiKey: key, maxRetries: 0, ...options });
}

/** Waits until so many approvals are in a state that nobody has seen yet, and gives the newest one's id. */
async function findPending(): Promise<string> {
  let id = "";
  await expect
    .poll(
      async () => {
        const [row] = await database.db.sql<{ id: string }[]>`
          select id from approvals where state = 'pending' order by created_at desc limit 1`;
        id = row?.id ?? "";
        return id;
      },
      { timeout: 20_000 },
    )
    .not.toBe("");
  return id;
}

function vote(id: string, who: string, groups: readonly string[] | null, no?: string): Promise<Voted> {
  const reviewer = { person: who, name: who, groups: groups === null ? null : [...groups], subjects: [who] };
  const { subjects: _, ...voter } = reviewer;
  return castVote(
    database.db,
    id,
    { ...voter, vote: no === undefined ? "approve" : "deny", reason: no ?? null },
    toRules(reviewer),
  );
}

async function refusal(run: Promise<unknown>): Promise<APIError> {
  const error: unknown = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof APIError) return error;
  throw new Error("It was not refused.", { cause: error });
}

function ask(input: string, options: Parameters<typeof client>[0] = {}): Promise<OpenAI.Responses.Response> {
  return client(options).responses.create({ model, input });
}

/** Sends by hand, and gives what came. */
async function send(origin: string, text: string, seconds: number): Promise<[number, Headers, string]> {
  const answer = await fetch(`${origin}/v1/responses`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "x-stainless-timeout": String(seconds),
    },
    body: text,
  });
  return [answer.status, answer.headers, await answer.text()];
}

test("a request waits, and goes out once a person agrees; the record tells of it, and keeps nothing unmasked", async () => {
  const before = gateway.arrivals().length;
  const asked = client()
    .responses.create({ model, input: `echo: write to ${email}` })
    .withResponse();
  const id = await findPending();
  expect(gateway.arrivals()).toHaveLength(before);
  const list = await gateway.cli("approvals", "list", "--json");
  expect(listed.parse(JSON.parse(list.stdout))).toMatchObject([{ id, code: "model_needs_approval" }]);
  const shown = await gateway.cli("approvals", "show", id);
  expect([shown.code, shown.stderr]).toEqual([0, ""]);
  expect(shown.stdout).toContain("May this request run this model?");
  expect(shown.stdout).toContain("gateway/rules/approval/model/model.rego");
  expect(shown.stdout).toContain("write to ");
  expect(shown.stdout).not.toContain(email);
  const approved = await gateway.cli("approvals", "approve", id, "--json");
  expect(JSON.parse(approved.stdout)).toMatchObject({ id, state: "approved", agreed: 1, needed: 1 });
  const { data, response } = await asked;
  expect(data.output_text).toContain("write to");
  const again = await gateway.cli("approvals", "approve", id);
  expect([again.code, again.stderr]).toEqual([1, "tollgate: It is used already.\n"]);
  const exchange = response.headers.get("x-tollgate-exchange-id") ?? "";
  const told = await gateway.cli("exchanges", "show", exchange);
  expect(told.stdout).toContain(`used by ${exchange} (this one)`);
  const actions = await gateway.cli("actions", "list", "--area", "approval", "--object", id, "--json");
  expect(JSON.parse(actions.stdout)).toMatchObject([{ action: "approval.approve" }]);
  const [row] = await database.db.sql<{ text: string }[]>`
    select concat(facts, about, question, encode(sealed, 'escape')) as text from approvals where id = ${id}`;
  expect(row?.text).not.toContain(email);
});

test("a stream waits too, and then streams", async () => {
  const stream = client().responses.create({ model, input: "echo: streamed", stream: true });
  await vote(await findPending(), "operator:rita", null);
  let text = "";
  for await (const event of await stream)
    if (event.type === "response.output_text.delta") text += event.delta;
  expect(text).toContain("streamed");
});

test("a denial is told with its reason, stands for the same request, and one changed byte is another question", async () => {
  const asked = refusal(ask("echo: denied?"));
  const id = await findPending();
  const silent = await gateway.cli("approvals", "deny", id, "--reason", "  ");
  expect([silent.code, silent.stderr]).toEqual([2, "tollgate: Say why: a denial needs a reason.\n"]);
  expect(await vote(id, "rita", ["reviewers"], "Not on a Sunday")).toEqual({
    outcome: "counted",
    state: "denied",
    yes: 0,
  });
  const error = await asked;
  expect([error.status, error.code]).toEqual([403, "approval_denied"]);
  expect(error.headers?.get("x-should-retry")).toBe("false");
  expect(error.message).toContain("Not on a Sunday");
  expect(error.error).toMatchObject({ approval: { id, url: `${gateway.origin}/approvals/${id}` } });
  expect((await refusal(ask("echo: denied?"))).error).toMatchObject({ approval: { id } });
  const changed = ask("echo: denied!");
  const other = await findPending();
  expect(other).not.toBe(id);
  await vote(other, "rita", ["reviewers"]);
  expect((await changed).output_text).toContain("denied!");
});

test("what a yes allowed once is asked about anew", async () => {
  const first = ask("echo: once");
  await vote(await findPending(), "rita", ["reviewers"]);
  await first;
  const [status, headers, text] = await send(
    gateway.origin,
    JSON.stringify({ model, input: "echo: once" }),
    2,
  );
  expect([status, JSON.parse(text)]).toMatchObject([409, { error: { code: "approval_pending" } }]);
  expect(headers.get("x-should-retry")).toBe("true");
  expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(60);
  await vote(await findPending(), "rita", ["reviewers"], "Enough");
});

test("where two groups are asked, one person in both is not enough, and what nobody answers in time is refused", async () => {
  const asked = refusal(client().embeddings.create({ model: "text-embedding-3-small", input: "late" }));
  const id = await findPending();
  expect(await vote(id, "otto", ["developers"])).toEqual({
    outcome: "refused",
    why: "none of your groups is asked",
  });
  expect(await vote(id, "sam", ["security", "finance"])).toMatchObject({ state: "pending", yes: 1 });
  expect(await vote(id, "sam", ["security", "finance"])).toEqual({ outcome: "again" });
  // Time is moved by hand.
  const { sql } = database.db;
  await sql`alter table approvals disable trigger approvals_stay_what_was_asked`;
  await sql`update approvals set deadline = now() where id = ${id}`;
  await sql`alter table approvals enable trigger approvals_stay_what_was_asked`;
  const error = await asked;
  expect([error.status, error.code]).toEqual([403, "approval_expired"]);
  expect(error.headers?.get("x-should-retry")).toBe("false");
  expect(await vote(id, "fay", ["finance"])).toMatchObject({ state: "expired" });
});

test("nobody answers for a request of their own", async () => {
  const asked = refusal(ask("echo: my own"));
  const id = await findPending();
  for (const name of ["asker", "operator:asker@here"]) {
    const reviewer = { person: name, name, groups: null, subjects: ["asker"] };
    const { subjects: _, ...voter } = reviewer;
    const own = await castVote(
      database.db,
      id,
      { ...voter, vote: "approve", reason: null },
      toRules(reviewer),
    );
    expect(own).toMatchObject({ outcome: "refused" });
  }
  await vote(id, "rita", ["reviewers"], "No");
  expect((await asked).code).toBe("approval_denied");
});

test("a program that waits only a little finds its approval when it tries again", async () => {
  const asked = ask("echo: impatient", { timeout: 4_000, maxRetries: 20 });
  const id = await findPending();
  const count = async (): Promise<number> => {
    const rows = await database.db.sql`select 1 from approval_exchanges where approval_id = ${id}`;
    return rows.length;
  };
  await expect.poll(count, { timeout: 60_000 }).toBeGreaterThan(1);
  await vote(id, "rita", ["reviewers"]);
  expect((await asked).output_text).toContain("impatient");
});

test("the requester reads what becomes of it, at once or once something does; nobody else does", async () => {
  const asked = ask("echo: read");
  const id = await findPending();
  const read = async (query: string, token: string) => {
    const answer = await fetch(`${gateway.origin}/approvals/${id}${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return [answer.status, await answer.json()];
  };
  expect(await read("", key)).toMatchObject([200, { id, state: "pending", people_needed: 1 }]);
  expect(await read("", await gateway.createKey({ name: `other-${randomUUID()}` }))).toMatchObject([
    404,
    { error: { code: "not_found" } },
  ]);
  expect(await read("", "tg_nobody")).toMatchObject([401, {}]);
  expect(await read("?wait=9999", key)).toMatchObject([400, { error: { code: "query_invalid" } }]);
  const waited = read("?wait=60", key);
  await vote(id, "rita", ["reviewers"]);
  await asked;
  expect(await waited).toMatchObject([200, { id, reason: null }]);
  expect(await read("", key)).toMatchObject([200, { state: "used" }]);
});

test("where nothing can wait, over a WebSocket and in a file's lines, what a rule asks people about is refused", async () => {
  const socket = await openSocket(`${gateway.baseUrl}/responses`, { token: key });
  socket.send({ type: "response.create", model, input: "echo: hello" });
  const refused = await socket.until(({ type }) => type === "error");
  expect(JSON.stringify(refused)).toContain("policy_effect_unsupported");
  socket.socket.close();
  const line = { custom_id: "1", method: "POST", url: "/v1/responses", body: { model, input: "Hi" } };
  const file = await toFile(Buffer.from(JSON.stringify(line)), "lines.jsonl");
  const error = await refusal(client().files.create({ file, purpose: "batch" }));
  expect(error.code).toBe("policy_effect_unsupported");
});

test("of two gateways on one database exactly one lets the request out, and what one has held the other takes on", async () => {
  await using other = await startGateway({
    databaseUrl: database.url,
    env: env(),
    target: { url: gateway.targetUrl, credential: gateway.credential },
  });
  const body = JSON.stringify({ model, input: "echo: race" });
  const sent = () => gateway.upstream.requests().filter(({ body }) => body.includes("echo: race"));
  expect((await send(gateway.origin, body, 1))[0]).toBe(409);
  await vote(await findPending(), "rita", ["reviewers"]);
  const answers = await Promise.all(
    [gateway, other, gateway, other].map((one) => send(one.origin, body, 1).then(([status]) => status)),
  );
  expect(answers.toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409]);
  expect(sent()).toHaveLength(1);
  const held = send(other.origin, body, 600);
  const id = await findPending();
  const waits = async (): Promise<boolean> => {
    const rows = await database.db.sql`select 1 from approval_exchanges where approval_id = ${id}`;
    return rows.length >= 4;
  };
  await expect.poll(waits, { timeout: 20_000 }).toBe(true);
  await other.stop();
  const [status, , text] = await held;
  expect([status, JSON.parse(text)]).toMatchObject([503, { error: { code: "shutting_down" } }]);
  await vote(id, "rita", ["reviewers"]);
  expect((await send(gateway.origin, body, 600))[0]).toBe(200);
  expect(sent()).toHaveLength(2);
});
