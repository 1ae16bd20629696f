// Two gateways on one database are one: keys, revocations, stored objects and denied calls hold at both.
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type OpenAI from "openai";
import { APIError } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { revokeServiceAccount } from "../db/queries/service-accounts.ts";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { askRefused, openSocket } from "./websocket/client.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";

const model = "gpt-4.1";
const ROUNDS = 20;
const sql: OpenAI.Responses.FunctionTool = {
  type: "function",
  name: "run_sql",
  strict: false,
  parameters: { type: "object", properties: { query: { type: "string" } } },
};
const drop = 'reason\ncall run_sql {"query":"DROP DATABASE production"}';
const sentInput = z.object({ input: z.array(z.object({ type: z.string().optional() })) });

let database: TestDatabase;
let one: RunningGateway;
let other: RunningGateway;
beforeAll(async () => {
  database = await createTestDatabase();
  const env = { TEST_ENCRYPTION_KEY: randomBytes(32).toString("base64") };
  one = await startGateway({ databaseUrl: database.url, env });
  const target = { url: one.targetUrl, credential: one.credential };
  other = await startGateway({ databaseUrl: database.url, env, target });
});
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await one?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

async function send(gateway: RunningGateway, key: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${gateway.baseUrl}/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, input: "echo: hello" }),
  });
  return { status: answer.status, text: await answer.text() };
}

test("a key that is made by the command line at one works at the other at once, and is revoked at both", async () => {
  const made = await one.cli("service-accounts", "create", "both", "-g", "developers", "--json");
  const { key } = z.object({ key: z.string() }).parse(JSON.parse(made.stdout));
  expect((await send(other, key)).status).toBe(200);
  expect((await send(one, key)).status).toBe(200);
  expect((await one.cli("service-accounts", "revoke", "both")).code).toBe(0);
  for (const gateway of [one, other]) {
    await expect.poll(async () => (await send(gateway, key)).status, { timeout: 5_000 }).toBe(401);
    expect((await send(gateway, key)).text).toContain("token_revoked");
  }
});

test("a key that is revoked is refused everywhere within a second", async () => {
  const delays: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const name = `revoked-${round}`;
    const key = await one.createKey({ name });
    // Both know the key, so that neither has to ask.
    for (const gateway of [one, other]) expect((await send(gateway, key)).status).toBe(200);
    await revokeServiceAccount(database.db, name);
    const since = performance.now();
    const refused = async (gateway: RunningGateway): Promise<number> => {
      while ((await send(gateway, key)).status !== 401) await sleep(5);
      return performance.now() - since;
    };
    delays.push(...(await Promise.all([refused(one), refused(other)])));
  }
  // A second is what it takes; the rest is what a busy machine may be late by.
  expect(Math.max(...delays)).toBeLessThan(5_000);
});

test("a stream and a socket at one end when the command line withdraws what they run by at the other", async () => {
  for (const [name, ...command] of [
    ["by-account", "service-accounts", "revoke", "by-account"],
    ["by-subject", "tokens", "revoke", "--subject", "by-subject"],
  ]) {
    const key = await one.createKey({ name: name ?? "" });
    const form = { grant_type: "client_credentials", client_id: name ?? "", client_secret: key };
    const granted = await fetch(`${one.origin}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    const { access_token: token } = z.object({ access_token: z.string() }).parse(await granted.json());
    const socket = await openSocket(`${other.baseUrl}/responses`, { token });
    const stream = await toTarget(other.baseUrl, token)
      .client()
      .responses.create({ model, input: "stall", stream: true });
    const ended = (async () => {
      for await (const event of stream) if (event.type === "error") return event.code;
      return "nothing";
    })().catch((error: unknown) => (error instanceof APIError ? error.code : String(error)));
    expect((await one.cli(...command)).code).toBe(0);
    expect(await ended).toBe("token_revoked");
    expect(await socket.closed).toEqual({ code: 1008, reason: "token_revoked" });
  }
});

test("a client secret that one gave opens a socket at the other, until its caller's key is revoked", async () => {
  const name = "secretive";
  const key = await one.createKey({ name, groups: ["admins"] });
  const { realtime } = toTarget(one.baseUrl, key).client();
  const session = { type: "realtime" as const, model: "gpt-realtime", instructions: "Be kind." };
  const { value } = await realtime.clientSecrets.create({ session });
  const url = `${other.baseUrl}/realtime?model=gpt-realtime`;
  const socket = await openSocket(url, { token: value });
  const updated = await socket.until(({ type }) => type === "session.updated");
  expect(updated).toMatchObject({ session: { instructions: "Be kind." } });
  await revokeServiceAccount(database.db, name);
  expect(await socket.closed).toEqual({ code: 1008, reason: "token_revoked" });
  expect(await askRefused(url, { token: value })).toMatchObject({ status: 401 });
});

test("a response that came through one is continued, read and deleted through the other", async () => {
  const key = await one.createKey();
  const [here, there] = [toTarget(one.baseUrl, key).client(), toTarget(other.baseUrl, key).client()];
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = await here.responses.create({ model, input: "echo: first" });
    const next = await there.responses.create({
      model,
      input: "echo: second",
      previous_response_id: first.id,
    });
    expect(next.output_text).toBe("second");
    expect((await here.responses.retrieve(next.id)).output_text).toBe("second");
    await there.responses.delete(first.id);
  }
  // To a stranger it exists at neither.
  const owned = await here.responses.create({ model, input: "echo: mine" });
  const stranger = await other.createKey();
  for (const { baseUrl } of [one, other]) {
    await expect(toTarget(baseUrl, stranger).client().responses.retrieve(owned.id)).rejects.toMatchObject({
      status: 404,
      code: "not_found",
    });
  }
});

test("a denied call at one does not hold up the conversation at the other", async () => {
  const key = await one.createKey();
  const [here, there] = [toTarget(one.baseUrl, key).client(), toTarget(other.baseUrl, key).client()];
  for (const stream of [false, true]) {
    const body = { model, input: drop, tools: [sql] };
    const denied = stream
      ? await here.responses.stream(body).finalResponse()
      : await here.responses.create(body);
    expect(denied.output_text).toContain("sql_destructive");
    // Kept at the target: it gets an output for the call that the program never saw.
    const kept = await there.responses.create({
      model,
      input: "echo: go on",
      previous_response_id: denied.id,
      tools: [sql],
    });
    expect(kept.output_text).toBe("go on");
    const sent = sentInput.parse(JSON.parse(one.upstream.requests().at(-1)?.body.toString() ?? ""));
    expect(sent.input[0]?.type).toBe("function_call_output");
    // Resent: the reasoning that is tied to the call goes, and so does our message's id.
    const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: "Drop it." }];
    for (const item of denied.output) {
      if (item.type === "reasoning" || item.type === "message") input.push(item);
    }
    input.push({ role: "user", content: "echo: still on" });
    const resent = await there.responses.create({ model, input, store: false });
    expect(resent.output_text).toBe("still on");
  }
});

test("an upload whose parts came to either is put together at the other, unless something hides where they meet", async () => {
  const key = await one.createKey();
  const [first, second] = [toTarget(one.baseUrl, key).client(), toTarget(other.baseUrl, key).client()];
  const put = async (...texts: readonly [string, string]): Promise<string> => {
    const bytes = texts.join("").length;
    const about = { filename: "a.txt", purpose: "user_data", mime_type: "text/plain", bytes } as const;
    const { id } = await first.uploads.create(about);
    const parts = [
      await first.uploads.parts.create(id, { data: new File([texts[0]], "part") }),
      await second.uploads.parts.create(id, { data: new File([texts[1]], "part") }),
    ];
    const done = await second.uploads.complete(id, { part_ids: parts.map((part) => part.id) });
    return (await second.files.content(done.file?.id ?? "")).text();
  };
  expect(await put("hello ", "world")).toBe("hello world");
  await expect(put("pay 4111 1111", " 1111 1111 now")).rejects.toMatchObject({ status: 403 });
});
