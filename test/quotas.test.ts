// Quotas over two gateways on one database: what programs see of them, and that they hold.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { APIError, RateLimitError } from "openai";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { listActions } from "../db/queries/admin-actions.ts";
import { listExchanges } from "../db/queries/exchanges.ts";
import { listQuotas } from "../db/queries/quotas.ts";
import type { QuotaRow } from "../db/queries/quotas.ts";
import { createSilentLog } from "../gateway/log.ts";
import { createQuotas } from "../gateway/quotas/quotas.ts";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";
import { openSocket } from "./websocket/client.ts";

const model = "gpt-4.1";
/** A window that no test sees end. */
const LONG_S = 31_000_000;
const operations = ["responses.create"];
const per = ["caller"];
const quotas = [
  { name: "twice", unit: "requests", limit: 2, window: LONG_S, per, groups: ["twice"] },
  { name: "each-second", unit: "requests", limit: 1, window: 1, per, groups: ["hasty"] },
  { name: "alone", unit: "concurrent", limit: 1, per, groups: ["alone"] },
  { name: "spoken", unit: "requests", limit: 1, window: LONG_S, per, groups: ["spoken"], operations },
  { name: "one-turn", unit: "concurrent", limit: 1, per, groups: ["one-turn"] },
  { name: "small", unit: "bytes", limit: 500, window: LONG_S, per, groups: ["small"] },
  { name: "ten", unit: "requests", limit: 10, window: LONG_S, per: ["group"], groups: ["ten"] },
  { name: "five", unit: "concurrent", limit: 5, per: ["group"], groups: ["ten"] },
  {
    name: "warned",
    unit: "requests",
    limit: 1,
    window: 3600,
    sliding: true,
    soft: true,
    per,
    groups: ["warned"],
  },
  { name: "left", unit: "concurrent", limit: 1, per, groups: ["left"] },
];

let database: TestDatabase;
let folder = "";
let one: RunningGateway;
let other: RunningGateway;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "tollgate-quotas-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { quotas } }));
  const env = {
    TEST_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    TOLLGATE_POLICY_OPERATOR: operator,
  };
  one = await startGateway({ databaseUrl: database.url, env });
  const target = { url: one.targetUrl, credential: one.credential };
  other = await startGateway({ databaseUrl: database.url, env, target });
});
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await one?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const keyOf = (group: string, name?: string): Promise<string> =>
  one.createKey({ groups: ["developers", group], ...(name !== undefined && { name }) });

async function refusalOf(call: Promise<unknown>): Promise<APIError> {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof APIError)) throw new Error(`It was not refused: ${String(error)}`);
  return error;
}

/** How many requests with this word in them have reached the target. */
function countArrived(word: string): number {
  return one.upstream.requests().filter(({ body }) => body.includes(word)).length;
}

const list = (name: string): Promise<readonly QuotaRow[]> => listQuotas(database.db, { name }, 10);

describe("a program", () => {
  test("is told how its quota stands, and refused at once where there is no room for long", async () => {
    const key = await keyOf("twice", "twice-of-two");
    const input = "echo: twice";
    const ask = (gateway: RunningGateway) =>
      toTarget(gateway.baseUrl, key).client({ maxRetries: 2 }).responses.create({ model, input });
    const { response } = await ask(one).withResponse();
    expect(response.headers.get("ratelimit-policy")).toBe(`"twice";q=2;qu="requests";w=${LONG_S}`);
    expect(response.headers.get("ratelimit")).toMatch(/^"twice";r=1;t=\d+$/);
    await ask(other);
    const error = await refusalOf(ask(one));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ status: 429, code: "limit_reached", type: "rate_limit_error" });
    expect(error.message).toMatch(
      /\(quotas\): twice has 0 of 2 requests per \d+ days left\. Try again in \d+ days/,
    );
    expect(error.headers?.get("x-should-retry")).toBe("false");
    expect(error.headers?.get("ratelimit")).toMatch(/^"twice";r=0;t=\d+$/);
    expect(countArrived("echo: twice")).toBe(2);

    expect(await list("twice")).toMatchObject([
      { key: "caller tollgate twice-of-two", used: 2, reserved: 0 },
    ]);
    const refused = await listExchanges(
      database.db,
      { rule: "quotas", subject: "twice-of-two" },
      { limit: 10, cursor: null },
    );
    expect(refused.rows).toMatchObject([{ effect: "deny", codes: ["quotas"] }]);
    const listed = await one.cli("quotas", "list", "--key", "twice-of-two", "--json");
    expect(JSON.parse(listed.stdout)).toMatchObject([{ name: "twice", unit: "requests", used: 2, limit: 2 }]);
    const shown = await one.cli("quotas", "show", "twice", "--key", "caller tollgate twice-of-two");
    expect(shown.stdout).toMatch(/left +0\n/);
    expect((await one.cli("quotas", "reset", "twice")).stdout).toBe("Counts anew: twice, 1 key.\n");
    expect(await listActions(database.db, { area: "quota" }, 1)).toMatchObject([{ object: "twice" }]);
    await ask(other);
  });

  test("gets through by its SDK's own retries where there is room again soon", async () => {
    const client = toTarget(one.baseUrl, await keyOf("hasty")).client({ maxRetries: 8 });
    const answers = await Promise.all(
      ["first", "second"].map((word) => client.responses.create({ model, input: `echo: ${word}` })),
    );
    expect(answers.map(({ status }) => status)).toEqual(["completed", "completed"]);
  });

  test("holds a place while its stream runs, at every gateway, and gives it back when it leaves", async () => {
    const key = await keyOf("alone");
    const stream = await toTarget(one.baseUrl, key)
      .client()
      .responses.create({ model, input: "stall", stream: true });
    const ask = () =>
      toTarget(other.baseUrl, key)
        .client()
        .chat.completions.create({
          model,
          messages: [{ role: "user", content: "echo: now" }],
        });
    const error = await refusalOf(ask());
    expect(error).toMatchObject({ status: 429, code: "limit_reached" });
    expect(error.headers?.get("retry-after")).toBe("1");
    stream.controller.abort();
    await vi.waitFor(ask, { timeout: 20_000, interval: 100 });
    // What ended is free for whoever asks next.
    await ask();
    await ask();
  });

  test("is told over a socket in the place of the answer, and the socket goes on", async () => {
    const socket = await openSocket(`${one.baseUrl}/responses`, { token: await keyOf("spoken") });
    const isEnd = ({ type }: { readonly type: string }) => /^response\.completed$|^error$/.test(type);
    const create = { type: "response.create", model, input: "echo: hello" };
    socket.send(create);
    expect(await socket.until(isEnd)).toMatchObject({ type: "response.completed" });
    for (const _ of [1, 2]) {
      socket.send(create);
      expect(await socket.until(isEnd)).toMatchObject({
        type: "error",
        status: 429,
        error: { code: "limit_reached", message: expect.stringContaining("spoken has 0 of 1 requests") },
      });
    }
    socket.socket.close();
  });

  test("has a place for one turn after the other over a socket, which takes none itself", async () => {
    const socket = await openSocket(`${one.baseUrl}/responses`, { token: await keyOf("one-turn") });
    for (const word of ["first", "second", "third"]) {
      socket.send({ type: "response.create", model, input: `echo: ${word}` });
      const end = await socket.until(({ type }) => /^response\.completed$|^error$/.test(type));
      expect(end).toMatchObject({ type: "response.completed" });
    }
    socket.socket.close();
  });

  test("is warned of a soft limit, which the record has too", async () => {
    const client = toTarget(one.baseUrl, await keyOf("warned", "warned-one")).client();
    const ask = async () =>
      (await client.responses.create({ model, input: "echo: warned" }).withResponse()).response.headers;
    expect((await ask()).get("x-tollgate-limits-over")).toBeNull();
    expect((await ask()).get("x-tollgate-limits-over")).toBe("warned");
    const { rows } = await listExchanges(
      database.db,
      { rule: "quotas", subject: "warned-one" },
      { limit: 10 },
    );
    expect(rows).toMatchObject([{ effect: "allow", codes: ["quotas"] }]);
  });

  test("is refused a body for which there is no room, and never one that could not fit at all", async () => {
    const client = toTarget(one.baseUrl, await keyOf("small")).client();
    const ask = (letters: number) =>
      client.responses.create({ model, input: `echo: ${"x".repeat(letters)}` });
    expect((await refusalOf(ask(600))).message).toContain("It can never fit.");
    await ask(300);
    expect((await refusalOf(ask(300))).message).toMatch(
      /has \d+ of 500 bytes of requests per .* asks for \d+/,
    );
    await ask(1);
  });
});

test("500 calls at once over two gateways never come to more than a quota for 10", async () => {
  const key = await keyOf("ten");
  const ask = async (index: number): Promise<number> => {
    const gateway = index % 2 === 0 ? one : other;
    const answer = await fetch(`${gateway.baseUrl}/responses`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, input: "echo: budgeted" }),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  const statuses = await Promise.all(Array.from({ length: 500 }, (_, index) => ask(index)));
  const given = statuses.filter((status) => status === 200).length;
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(countArrived("echo: budgeted")).toBe(given);
  // Where calls at once were the limit there is room left, for so many and no more.
  for (let index = given; index < 10; index += 1) expect(await ask(index)).toBe(200);
  expect(await ask(0)).toBe(429);
  expect(countArrived("echo: budgeted")).toBe(10);
  expect(await list("ten")).toMatchObject([{ key: "group ten", used: 10, reserved: 0 }]);
  expect(await list("five")).toMatchObject([{ used: 0, reserved: 0 }]);
});

// The last one: it ends a gateway.
test("what a killed gateway held is free again once it is known to be dead", async () => {
  const key = await keyOf("left");
  const abandoned = toTarget(other.baseUrl, key)
    .client()
    .responses.create({ model, input: "stall", stream: true });
  const stream = await abandoned;
  const ask = () => toTarget(one.baseUrl, key).client().responses.create({ model, input: "echo: after" });
  expect((await refusalOf(ask())).code).toBe("limit_reached");
  await other.stop("SIGKILL");
  stream.controller.abort();
  // A gateway that looks more often than one does in earnest.
  const watching = createQuotas({
    db: database.db,
    log: createSilentLog(),
    onOutcome: () => undefined,
    onFreed: () => undefined,
    beatMs: 200,
    deadMs: 12_000,
  });
  try {
    await vi.waitFor(ask, { timeout: 60_000, interval: 250 });
  } finally {
    await watching.close();
  }
  expect(await list("left")).toMatchObject([{ used: 0, reserved: 0 }]);
}, 90_000);
