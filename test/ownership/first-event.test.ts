// An id is its caller's before anything that names it goes out, however slow the record is, and at every gateway.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";
import { openSocket } from "../websocket/client.ts";

const model = "gpt-4.1";

let database: TestDatabase;
let one: RunningGateway;
let other: RunningGateway;
beforeAll(async () => {
  database = await createTestDatabase();
  const env = { TEST_ENCRYPTION_KEY: randomBytes(32).toString("base64") };
  const config = (): string => "record: {fail_after_ms: 60000}\n";
  one = await startGateway({ databaseUrl: database.url, env, config });
  const target = { url: one.targetUrl, credential: one.credential };
  other = await startGateway({ databaseUrl: database.url, env, target });
});
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await one?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

/** What a program has received of an answer so far, and how it goes on. */
type Answer = { text(): string; untilId(pattern: RegExp): Promise<string>; end(): Promise<void> };

async function ask(key: string, path: string, body: object): Promise<Answer> {
  let received = "";
  let isOver = false;
  const leave = new AbortController();
  const work = (async (): Promise<void> => {
    const answer = await fetch(`${one.baseUrl}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: leave.signal,
    });
    for await (const chunk of answer.body ?? []) received += Buffer.from(chunk).toString("utf8");
  })().finally(() => {
    isOver = true;
  });
  work.catch(() => undefined);
  return {
    text: () => received,
    async untilId(pattern) {
      for (;;) {
        const id = pattern.exec(received)?.[0];
        if (id !== undefined) return id;
        if (isOver) throw new Error(`The answer ended without an id: ${received}`);
        await sleep(1);
      }
    },
    async end() {
      await work;
    },
  };
}

async function askOverSocket(key: string, body: object): Promise<Answer> {
  const client = await openSocket(`${one.baseUrl}/responses`, { token: key });
  client.send({ ...body, type: "response.create" });
  const read = (): string => client.received.map((message) => JSON.stringify(message)).join("\n");
  return {
    text: read,
    async untilId(pattern) {
      await client.until(({ type }) => type === "response.created");
      return pattern.exec(read())?.[0] ?? "";
    },
    async end() {
      await client.until(({ type }) => type === "response.completed");
      client.socket.close();
      await client.closed;
    },
  };
}

/** Keeps owners from being written until `during` resolves, which is called once one of them waits. */
async function withoutOwners(during: () => Promise<void>, start: () => Promise<void>): Promise<void> {
  await database.db.sql.begin(async (locked) => {
    await locked`lock table objects in share mode`;
    await start();
    for (;;) {
      // A connection of its own: the one of the lock is the transaction's.
      const waiting = await database.db.sql`
        select 1 from pg_locks l join pg_class c on c.oid = l.relation
        where c.relname = 'objects' and not l.granted`;
      if (waiting.length > 0) break;
      await sleep(5);
    }
    await during();
  });
}

const input = "echo: hello";
const response = /resp_[A-Za-z0-9]+/;

test.each([
  {
    what: "a streamed response",
    start: (key: string) => ask(key, "/responses", { model, input, stream: true }),
    id: response,
    path: "/responses/",
  },
  {
    what: "a response in the background",
    start: (key: string) => ask(key, "/responses", { model, input, background: true }),
    id: response,
    path: "/responses/",
  },
  {
    what: "a streamed response in the background",
    start: (key: string) => ask(key, "/responses", { model, input, background: true, stream: true }),
    id: response,
    path: "/responses/",
  },
  {
    what: "a response over a socket",
    start: (key: string) => askOverSocket(key, { model, input }),
    id: response,
    path: "/responses/",
  },
  {
    what: "a streamed completion that is stored",
    start: (key: string) =>
      ask(key, "/chat/completions", {
        model,
        messages: [{ role: "user", content: input }],
        stream: true,
        store: true,
      }),
    id: /chatcmpl-[A-Za-z0-9]+/,
    path: "/chat/completions/",
    isKnownAtEnd: true,
  },
  {
    what: "a conversation",
    start: (key: string) => ask(key, "/conversations", { items: [] }),
    id: /conv_[A-Za-z0-9]+/,
    path: "/conversations/",
  },
])("the id of $what can be used at once, at any gateway", async ({ start, id, path, isKnownAtEnd }) => {
  const key = await one.createKey({ groups: ["admins"] });
  let answer: Answer | undefined;
  await withoutOwners(
    async () => {
      expect(answer?.text()).not.toMatch(id);
    },
    async () => {
      answer = await start(key);
    },
  );
  const found = (await answer?.untilId(id)) ?? "";
  if (isKnownAtEnd === true) await answer?.end();
  const read = await fetch(`${other.baseUrl}${path}${found}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(await read.text()).toContain(found);
  expect(read.status).toBe(200);
  await answer?.end();
});

test("an answer under another's id is refused, and the id stays the other's", async () => {
  const made = { id: "resp_same", object: "response", status: "completed", model, output: [] };
  const fixed = createServer((asked, answer) => {
    void text(asked).then((body) => {
      const isStream = body.includes('"stream":true');
      answer.setHeader("content-type", isStream ? "text/event-stream" : "application/json");
      const events = ["response.created", "response.completed"].map(
        (type) => `event: ${type}\ndata: ${JSON.stringify({ type, response: made })}\n\n`,
      );
      answer.end(isStream ? events.join("") : JSON.stringify(made));
    });
  });
  fixed.listen(0, "127.0.0.1");
  await once(fixed, "listening");
  const { port } = z.object({ port: z.number() }).parse(fixed.address());
  const env = { TEST_ENCRYPTION_KEY: randomBytes(32).toString("base64") };
  await using store = await createTestDatabase();
  await using gateway = await startGateway({
    databaseUrl: store.url,
    env,
    target: { url: `http://127.0.0.1:${port}/v1`, credential: "simulated" },
  });
  const [first, second] = [await gateway.createKey(), await gateway.createKey()];
  const send = async (key: string, stream: boolean): Promise<string> => {
    const answer = await fetch(`${gateway.baseUrl}/responses`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, input, stream }),
    });
    return answer.text();
  };
  expect(await send(first, false)).toContain("resp_same");
  for (const stream of [true, false]) {
    const refused = await send(second, stream);
    expect(refused).toContain("answer_unreadable");
    expect(refused).not.toContain("resp_same");
    // To its owner it may come as often as it is asked for.
    expect(await send(first, stream)).toContain("resp_same");
  }
  const rows = await store.db.sql`select count(distinct subject)::int as owners from objects`;
  expect(rows).toEqual([{ owners: 1 }]);
  fixed.closeAllConnections();
  fixed.close();
});
