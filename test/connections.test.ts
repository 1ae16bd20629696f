// Connections in the database, with two gateways on it, one of which has two workers: what an operator changes holds at
// every process, and programs go on.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createSimulator } from "../gateway/simulator/server.ts";
import type { Simulator } from "../gateway/simulator/server.ts";
import { runInProcess } from "./command.ts";
import { startGateway } from "./gateway.ts";
import type { CommandResult, RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";
import { openSocket } from "./websocket/client.ts";

const model = "gpt-4.1";
const WAIT = { timeout: 20_000, interval: 50 };

let folder = "";
let database: TestDatabase;
let target: Simulator;
let targetUrl = "";
let one: RunningGateway;
let other: RunningGateway;
let token = "";
const env: Record<string, string> = {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-connections-"));
  await writeFile(join(folder, "filed"), "key-in-a-file-0");
  database = await createTestDatabase();
  // Takes any key, and remembers it.
  target = createSimulator({ inspect: true });
  ({ url: targetUrl } = await target.listen(0, "127.0.0.1"));
  env["TEST_ENCRYPTION_KEY"] = randomBytes(32).toString("base64");
  const shared = { databaseUrl: database.url };
  [one, other] = await Promise.all([
    startGateway({
      ...shared,
      env,
      config: () =>
        JSON.stringify({
          connections: [{ name: "filed", base_url: targetUrl, credential: `file:${join(folder, "filed")}` }],
        }),
    }),
    startGateway({
      ...shared,
      env: { ...env, TOLLGATE_CONNECTION_SOURCE: "database" },
      args: ["--workers", "2"],
    }),
  ]);
  token = await one.createKey();
});
afterAll(async () => {
  await Promise.all([one?.[Symbol.asyncDispose](), other?.[Symbol.asyncDispose]()]);
  await target?.close();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `tollgate connections …` as an operator would. */
async function operate(args: readonly string[], stdin = ""): Promise<CommandResult> {
  return runInProcess(["connections", ...args], {
    env: {
      ...env,
      DATABASE_URL: database.url,
      TOLLGATE_ENCRYPTION_KEY: "env:TEST_ENCRYPTION_KEY",
      TOLLGATE_CONNECTION_SOURCE: "database",
      TOLLGATE_STATE_DIR: folder,
    },
    cwd: folder,
    stdin,
  });
}

/** Does it, and fails with what was printed where it did not work. */
async function succeed(args: readonly string[], stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await operate(args, stdin);
  expect(stderr.split("\n").filter((line) => line.startsWith("tollgate:"))).toEqual([]);
  expect(code).toBe(0);
  return stdout;
}

/** Asks on a connection of its own, so that any worker may take it. */
async function ask(gateway: RunningGateway, path = "/v1"): Promise<string> {
  const { statusCode, body } = await request(`${gateway.origin}${path}/responses`, {
    method: "POST",
    reset: true,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model, input: "echo: hello" }),
  });
  const answer = z.object({ error: z.object({ code: z.string() }).nullable() }).parse(await body.json());
  return answer.error?.code ?? String(statusCode);
}

/** Waits until every process says so: each gateway several times in a row. */
async function untilAll(said: string, path?: string): Promise<void> {
  await expect
    .poll(async () => {
      const answers = [one, other].flatMap((gateway) => Array.from({ length: 4 }, () => ask(gateway, path)));
      return [...new Set(await Promise.all(answers))];
    }, WAIT)
    .toEqual([said]);
}

function usedKeys(): (string | undefined)[] {
  return target.requests().map(({ headers }) => headers.authorization?.replace("Bearer ", ""));
}

/** Waits until the target has seen nothing but this key for a while. */
async function untilUsed(key: string, path?: string): Promise<void> {
  await expect
    .poll(async () => {
      const before = target.requests().length;
      await Promise.all([one, other].flatMap((gateway) => [ask(gateway, path), ask(gateway, path)]));
      return [...new Set(usedKeys().slice(before))];
    }, WAIT)
    .toEqual([key]);
}

/** Calls without a pause and without a retry until it is told to stop; gives what failed. */
function callOn(gateway: RunningGateway): { stop(): Promise<unknown[]> } {
  const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: token, maxRetries: 0 });
  const failures: unknown[] = [];
  const state = { isOver: false };
  const run = async (): Promise<void> => {
    for (let count = 0; !state.isOver; count += 1) {
      try {
        if (count % 2 === 0) await client.responses.create({ model, input: "echo: hello" });
        else {
          const stream = await client.responses.create({ model, input: "stream 5", stream: true });
          for await (const event of stream) if (event.type === "error") throw new Error(event.message);
        }
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const running = run();
  return {
    async stop() {
      state.isOver = true;
      await running;
      return failures;
    },
  };
}

async function readVersions(name: string): Promise<readonly { version: number; bytes: number }[]> {
  return database.db.sql<{ version: number; bytes: number }[]>`
    select version, length(sealed) + length(data_key) as bytes from connection_credentials
    join connections on connections.id = connection_id where name = ${name} order by version`;
}

test("a connection that is added serves at every process, and is the default where it is told to be", async () => {
  expect(await ask(other)).toBe("connection_unknown");
  await succeed(
    ["add", "main", "--base-url", targetUrl, "--label", "production", "--default"],
    "first-key\n",
  );
  await untilAll("200");
  await untilUsed("first-key");
  const listed = await operate(["list", "--json"]);
  expect(JSON.parse(listed.stdout)).toMatchObject([
    { name: "main", source: "database", default: true, keys: [{ version: 1, current: true }], state: "open" },
  ]);
});

test("keys are rotated under running programs without a failed call, and the one before is destroyed", async () => {
  const calls = [one, other, other].map(callOn);
  await succeed(["rotate", "main"], "second-key");
  await untilUsed("second-key");
  // The first key is kept beside it, so that it can be gone back to.
  await succeed(["rotate", "main", "--back"]);
  await untilUsed("first-key");
  await succeed(["rotate", "main", "--overlap", "1s"], "third-key");
  await untilUsed("third-key");
  await expect.poll(async () => (await readVersions("main"))[0], WAIT).toEqual({ version: 1, bytes: 0 });
  await succeed(["rotate", "main", "--overlap", "0"], "fourth-key");
  expect((await readVersions("main"))[2]).toEqual({ version: 3, bytes: 0 });
  await untilUsed("fourth-key");
  for (const call of calls) expect(await call.stop()).toEqual([]);
});

test("a connection that is disabled takes nothing new, and lets what is under way go on", async () => {
  const client = new OpenAI({ baseURL: other.baseUrl, apiKey: token, maxRetries: 0 });
  const stream = await client.responses.create({ model, input: "pace 20ms\nstream 100", stream: true });
  const idle = await openSocket(`${one.baseUrl}/responses`, { token });
  let [disabled, ended]: [Promise<void> | null, string] = [null, ""];
  for await (const event of stream) {
    disabled ??= succeed(["disable", "main"]).then(() => untilAll("connection_disabled"));
    ended = event.type;
  }
  await disabled;
  expect(ended).toBe("response.completed");
  expect((await idle.closed).reason).toBe("connection_disabled");
  await succeed(["enable", "main"]);
  await untilAll("200");
});

test("a connection that is disabled at once cuts streams and sockets off", async () => {
  const client = new OpenAI({ baseURL: other.baseUrl, apiKey: token, maxRetries: 0 });
  const stream = await client.responses.create({ model, input: "pace 50ms\nstream 100000", stream: true });
  const socket = await openSocket(`${other.baseUrl}/responses`, { token });
  socket.send({ type: "response.create", model, input: "pace 50ms\nstream 100000" });
  await socket.until(({ type }) => type === "response.output_text.delta");
  const read = async (): Promise<void> => {
    let disabled: Promise<string> | null = null;
    for await (const event of stream)
      if (event.type === "response.output_text.delta") disabled ??= succeed(["disable", "main", "--now"]);
    await disabled;
  };
  await expect(read()).rejects.toMatchObject({ code: "connection_disabled" });
  expect(await socket.closed).toMatchObject({ reason: "connection_disabled" });
  await untilAll("connection_disabled");
  await succeed(["enable", "main"]);
  await untilAll("200");
});

test("/v1 is led to another connection without a failed call, and back", async () => {
  await succeed(["add", "spare", "--base-url", targetUrl], "spare-key");
  await untilAll("200", "/c/spare/v1");
  const calls = [one, other].map(callOn);
  await succeed(["default", "spare"]);
  await untilUsed("spare-key");
  await succeed(["default", "main"]);
  await untilUsed("fourth-key");
  for (const call of calls) expect(await call.stop()).toEqual([]);
  await succeed(["disable", "spare"]);
  await succeed(["remove", "spare"]);
  await untilAll("connection_unknown", "/c/spare/v1");
  expect(await readVersions("spare")).toEqual([{ version: 1, bytes: 0 }]);
});

test("a key in a file is taken up when the file changes, of the database's and of the configuration's connections", async () => {
  const mounted = join(folder, "mounted");
  await writeFile(mounted, "mounted-key-1");
  await succeed(["add", "mounted", "--base-url", targetUrl, "--credential", `file:${mounted}`]);
  await untilUsed("mounted-key-1", "/c/mounted/v1");
  await writeFile(mounted, "mounted-key-2\n");
  await untilUsed("mounted-key-2", "/c/mounted/v1");
  // What is no key changes nothing.
  await writeFile(mounted, "two keys");
  await expect.poll(() => one.log(), WAIT).toContain("A connection's key can't be read");
  await untilUsed("mounted-key-2", "/c/mounted/v1");

  await writeFile(join(folder, "filed"), "key-in-a-file-1");
  const lastKey = async (): Promise<string | undefined> => {
    await ask(one, "/c/filed/v1");
    return usedKeys().at(-1);
  };
  await expect.poll(lastKey, WAIT).toBe("key-in-a-file-1");
});

test("what was used and how it went is told by list and metrics, and by whom it was changed by history", async () => {
  await expect
    .poll(async () => JSON.parse((await operate(["list", "--json"])).stdout), WAIT)
    .toContainEqual(
      expect.objectContaining({
        name: "main",
        health: expect.objectContaining({ failures: 0, latency_ms: expect.any(Number) }),
      }),
    );
  const metrics = await (await fetch(`${one.adminOrigin}/metrics`)).text();
  expect(metrics).toMatch(/tollgate_target_calls_total\{connection="main",outcome="ok"\} \d+/);
  expect(metrics).toContain('tollgate_connection_failures{connection="main"} 0');
  const history = await succeed(["history", "main"]);
  expect(history).toMatch(/operator:\S+@\S+ {2}connection\.rotate_back/);
  expect(history).not.toContain("-key");
});
