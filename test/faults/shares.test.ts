// What one caller may have under way at once: more is refused with 429, others go on, and what ends gives its share back.
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { toFile } from "openai";
import type OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget, useGateway } from "../clients/js/targets.ts";
import { askRefused, openSocket } from "../websocket/client.ts";

/** A target that answers no list until it is told to. */
const waiting: ServerResponse[] = [];
const slow = createServer((_request, response) => void waiting.push(response));
slow.listen(0, "127.0.0.1");
const listening = once(slow, "listening");

function slowUrl(): string {
  const address = slow.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/v1`;
}

beforeAll(() => listening);
afterAll(() => {
  slow.closeAllConnections();
  slow.close();
});

const gateway = useGateway({
  config: (url) => `
connections:
  - {name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY", default: true}
  - {name: slow, base_url: "${slowUrl()}", credential: "env:OPENAI_API_KEY"}
limits:
  per_caller: {sockets: 2, uploads: 4, upload_bytes: 1MiB, lists: 1, batch_lines: 3}
`,
});
const refused = { status: 429, code: "caller_limit" };

async function enter(): Promise<{ client: OpenAI; key: string }> {
  const key = await gateway().createKey({ groups: ["admins"] });
  return { client: toTarget(gateway().baseUrl, key).client(), key };
}

test("sockets: one more is refused before it opens, and opens once another has closed", async () => {
  const [{ key }, other] = [await enter(), await enter()];
  const url = `${gateway().baseUrl}/responses`;
  const sockets = [await openSocket(url, { token: key }), await openSocket(url, { token: key })];
  const refusal = await askRefused(url, { token: key });
  expect(refusal).toMatchObject({ status: 429, body: { error: { code: "caller_limit" } } });
  expect(JSON.stringify(refusal.body)).toContain("limits.per_caller.sockets");
  (await openSocket(url, { token: other.key })).socket.close();
  sockets[0]?.socket.close();
  await sockets[0]?.closed;
  const third = async (): Promise<boolean> => {
    const opened = await openSocket(url, { token: key }).catch(() => null);
    opened?.socket.close();
    return opened !== null;
  };
  await expect.poll(third, { timeout: 20_000 }).toBe(true);
  sockets[1]?.socket.close();
});

test("uploads: what is over a caller's bytes is refused, and gives back what it took", async () => {
  const { client } = await enter();
  const upload = async (bytes: number): Promise<unknown> =>
    client.files.create({ file: await toFile(Buffer.alloc(bytes, "a"), "a.txt"), purpose: "user_data" });
  for (let round = 0; round < 2; round += 1) {
    await expect(upload(1_100_000)).rejects.toMatchObject(refused);
    await upload(600_000);
    await upload(600_000);
  }
});

test("lines of a batch: a file with more of them is refused by the line", async () => {
  const { client } = await enter();
  const send = async (lines: number): Promise<unknown> => {
    const text = Array.from({ length: lines }, (_, index) =>
      JSON.stringify({
        custom_id: `line-${index}`,
        method: "POST",
        url: "/v1/responses",
        body: { model: "gpt-5.4", input: "hi" },
      }),
    ).join("\n");
    return client.files.create({ file: await toFile(Buffer.from(text), "a.jsonl"), purpose: "batch" });
  };
  await send(3);
  await expect(send(4)).rejects.toMatchObject({ ...refused, message: expect.stringContaining("Line 4") });
  await send(3);
});

test("lists: a second one at once is refused, and passes when the first is done", async () => {
  const { key } = await enter();
  const [client] = [toTarget(`${gateway().origin}/c/slow/v1`, key).client()];
  const first = client.files.list();
  const told = first.then(
    ({ data }) => data.length,
    (error: unknown) => error,
  );
  await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(1);
  await expect(client.files.list()).rejects.toMatchObject(refused);
  const page = JSON.stringify({ object: "list", data: [], has_more: false });
  waiting[0]?.writeHead(200, { "content-type": "application/json" }).end(page);
  expect(await told).toBe(0);
  const own = toTarget(gateway().baseUrl, key).client();
  await expect
    .poll(
      () =>
        own.files.list().then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true);
});
