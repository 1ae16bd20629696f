// Answers that take longer than clients wait in silence, and files larger than memory should be.
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMemory } from "../../bench/process-usage.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";

const MIB = 1024 * 1024;
const FILE_MIB = 1_024;
/** So long the target says nothing, while the client gives up after a third of it. */
const HOLD_MS = 60_000;
const PATIENCE_MS = 20_000;
/** What the gateway may grow by while a file passes: a few of its chunks, and what is young. */
const GROWTH_MIB = 192;
const model = "gpt-5.4";
const call = {
  type: "function_call",
  id: "fc_1",
  call_id: "call_1",
  name: "look_up",
  arguments: "{}",
  status: "completed",
};
const response = { id: "resp_slow", object: "response", status: "in_progress", model, output: [] };

let target: Server;
let gateway: RunningGateway;
let headers: Record<string, string>;
const patient = new Agent({ headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS });

beforeAll(async () => {
  const piece = Buffer.alloc(MIB, "Summarise the notes of the meeting, and list who promised what. ");
  target = createServer((asked, answer) => {
    asked.resume();
    const json = (value: object): void =>
      void answer.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
    const url = asked.url ?? "";
    if (url.endsWith("/content")) {
      answer.writeHead(200, {
        "content-type": "application/octet-stream",
        "content-length": String(FILE_MIB * MIB),
      });
      void (async () => {
        for (let sent = 0; sent < FILE_MIB; sent += 1) if (!answer.write(piece)) await once(answer, "drain");
        answer.end();
      })();
      return;
    }
    if (url.endsWith("/files")) return json({ id: "file-large", object: "file", purpose: "user_data" });
    if (url.endsWith("/chat/completions"))
      return void sleep(HOLD_MS).then(() =>
        json({
          id: "chatcmpl-1",
          object: "chat.completion",
          model,
          choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "at last" } }],
        }),
      );
    const say = (event: object): void => void answer.write(`data: ${JSON.stringify(event)}\n\n`);
    answer.writeHead(200, { "content-type": "text/event-stream" });
    say({ type: "response.created", sequence_number: 0, response });
    // A call is held from its first part on, so nothing of the answer goes out meanwhile.
    say({
      type: "response.output_item.added",
      sequence_number: 1,
      output_index: 0,
      item: { ...call, arguments: "", status: "in_progress" },
    });
    void sleep(HOLD_MS).then(() => {
      say({ type: "response.output_item.done", sequence_number: 2, output_index: 0, item: call });
      say({
        type: "response.completed",
        sequence_number: 3,
        response: { ...response, status: "completed", output: [call] },
      });
      answer.end();
    });
  });
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  const address = target.address();
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  gateway = await startGateway({
    target: { url: `http://127.0.0.1:${address.port}/v1`, credential: "a-credential" },
  });
  headers = { authorization: `Bearer ${await gateway.createKey({ groups: ["admins"] })}` };
});
afterAll(async () => {
  await patient.close();
  await gateway?.[Symbol.asyncDispose]();
  target?.closeAllConnections();
  target?.close();
});

async function ask(path: string, body: object): Promise<string> {
  const answer = await request(`${gateway.baseUrl}${path}`, {
    method: "POST",
    dispatcher: patient,
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.statusCode).toBe(200);
  return answer.body.text();
}

describe(`a client that gives up after ${PATIENCE_MS / 1000} s of silence`, () => {
  test.concurrent("gets an answer that takes longer", async () => {
    const messages = [{ role: "user", content: "hello" }];
    expect(await ask("/chat/completions", { model, messages })).toContain("at last");
  });

  test.concurrent("gets a stream whose tool call is held for longer", async () => {
    const text = await ask("/responses", { model, input: "hello", stream: true });
    expect(text).toContain('"call_id":"call_1"');
    expect(text).toContain('"type":"response.completed"');
  });
});

test(`a file of ${FILE_MIB} MiB comes through in constant memory`, async () => {
  const form = new FormData();
  form.set("purpose", "user_data");
  form.set("file", new Blob(["small"]), "small.bin");
  const made = await fetch(`${gateway.baseUrl}/files`, { method: "POST", headers, body: form });
  expect(await made.json()).toMatchObject({ id: "file-large" });
  const before = readMemory(gateway.pid).resident;
  let most = before;
  const watching = setInterval(() => {
    most = Math.max(most, readMemory(gateway.pid).resident);
  }, 50);
  const answer = await request(`${gateway.baseUrl}/files/file-large/content`, { headers });
  let length = 0;
  for await (const chunk of answer.body) length += Buffer.from(chunk).length;
  clearInterval(watching);
  expect(length).toBe(FILE_MIB * MIB);
  expect(most - before).toBeLessThan(GROWTH_MIB);
});
