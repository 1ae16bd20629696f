// A denied call in a conversation that lies with the target: the target gets an output for it once it takes one.
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";

let database: TestDatabase;
let target: Server;
let gateway: RunningGateway;
let key = "";
/** What the target answers next, and the calls whose outputs each request to it carried. */
let next: { readonly status: number; readonly body: unknown } = { status: 200, body: {} };
const carried: string[][] = [];

const sentBody = z.object({
  input: z.union([
    z.string(),
    z.array(z.object({ type: z.string().optional(), call_id: z.string().optional() })),
  ]),
});

beforeAll(async () => {
  target = createServer((incoming, outgoing) => {
    void text(incoming).then((body) => {
      const { input } = sentBody.parse(JSON.parse(body));
      const items = typeof input === "string" ? [] : input;
      carried.push(
        items.flatMap((item) => (item.type === "function_call_output" ? (item.call_id ?? []) : [])),
      );
      outgoing.writeHead(next.status, { "content-type": "application/json" }).end(JSON.stringify(next.body));
    });
  });
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  const address = target.address();
  const port = typeof address === "object" ? address?.port : 0;
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    target: { url: `http://127.0.0.1:${port}/v1`, credential: "target-key" },
  });
  key = await gateway.createKey();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  target?.close();
  await database?.[Symbol.asyncDispose]();
});

function toResponse(id: string, output: readonly unknown[]): unknown {
  const conversation = { id: "conv_1" };
  return { id, object: "response", model: "gpt-5", status: "completed", conversation, output, usage: null };
}

async function send(more: Record<string, string>): Promise<number> {
  const { status } = await fetch(`${gateway.baseUrl}/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-5", input: "Go on.", ...more }),
  });
  return status;
}

test("an output goes to the target with each turn until one of them is taken", async () => {
  const drop = { sql: "DROP DATABASE prod" };
  const call = { id: "fc_1", type: "function_call", status: "completed", call_id: "call_1", name: "sql" };
  next = { status: 200, body: toResponse("resp_1", [{ ...call, arguments: JSON.stringify(drop) }]) };
  expect(await send({})).toBe(200);

  const refusal = { error: { message: "no", type: "invalid_request_error", code: null, param: null } };
  for (const status of [429, 500]) {
    next = { status, body: refusal };
    expect(await send({ conversation: "conv_1" })).toBe(status);
  }
  next = { status: 200, body: toResponse("resp_2", []) };
  // Policy refuses this one, so nothing of it reaches the target.
  expect(await send({ conversation: "conv_1", model: "no-such-model" })).toBe(403);
  expect(await send({ conversation: "conv_1" })).toBe(200);
  expect(await send({ conversation: "conv_1" })).toBe(200);
  expect(carried).toEqual([[], ["call_1"], ["call_1"], ["call_1"], []]);
});
