// Files in which thousands of values are masked, on their way to the target and back, in constant memory.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { Readable } from "node:stream";
import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readMemory } from "../../bench/process-usage.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";

const MIB = 1024 * 1024;
const FILE_MIB = 100;
/** What the gateway may grow by while a file passes: a few of its chunks, and what is young. */
const GROWTH_MIB = 192;
const key = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
const filler = "Summarise the notes of the meeting, and list who promised what. ";
/** A stretch of the file, with one value in it, of a length that no buffer has. */
const stretch = Buffer.from(`${filler.repeat(400)}the key is ${key}\n`);
const masked = Buffer.from(stretch.toString().replace(key, "[REDACTED:secret]"));
const count = Math.ceil((FILE_MIB * MIB) / stretch.length);
const hashOf = (piece: Buffer): string => {
  const hash = createHash("sha256");
  for (let i = 0; i < count; i += 1) hash.update(piece);
  return hash.digest("hex");
};

let target: Server;
let gateway: RunningGateway;
let headers: Record<string, string>;
let arrived = "";
beforeAll(async () => {
  target = createServer((asked, answer) => {
    if (asked.url?.endsWith("/content") === true) {
      answer.writeHead(200, { "content-type": "text/plain" });
      void (async () => {
        for (let i = 0; i < count; i += 1) if (!answer.write(stretch)) await once(answer, "drain");
        answer.end();
      })();
      return;
    }
    const boundary = /boundary=(\S+)/.exec(asked.headers["content-type"] ?? "")?.[1] ?? "";
    const end = Buffer.from(`\r\n--${boundary}--\r\n`);
    const hash = createHash("sha256");
    let held = Buffer.alloc(0);
    let isBegun = false;
    asked.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      // The file is the form's last part.
      const at = isBegun ? 0 : held.indexOf('name="file"');
      const from = at === -1 ? -1 : isBegun ? 0 : held.indexOf("\r\n\r\n", at);
      if (from === -1) return;
      if (!isBegun) held = held.subarray(from + 4);
      isBegun = true;
      const until = Math.max(0, held.length - end.length);
      hash.update(held.subarray(0, until));
      held = held.subarray(until);
    });
    asked.on("end", () => {
      arrived = held.equals(end) ? hash.digest("hex") : "not a form";
      answer.writeHead(200, { "content-type": "application/json" });
      answer.end(JSON.stringify({ id: "file-large", object: "file", purpose: "user_data" }));
    });
  });
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  const address = target.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  gateway = await startGateway({ target: { url: `http://127.0.0.1:${port}/v1`, credential: "target" } });
  headers = { authorization: `Bearer ${await gateway.createKey()}` };
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  target?.closeAllConnections();
  target?.close();
});

/** Gives how many MiB the gateway grew by while something ran. */
async function watchGrowth(run: () => Promise<void>): Promise<number> {
  const before = readMemory(gateway.pid).resident;
  let most = before;
  const watching = setInterval(() => {
    most = Math.max(most, readMemory(gateway.pid).resident);
  }, 50);
  await run().finally(() => clearInterval(watching));
  return most - before;
}

test(`a file of ${FILE_MIB} MiB is masked in constant memory, on its way there and back`, async () => {
  const there = await watchGrowth(async () => {
    async function* write(): AsyncGenerator<Buffer> {
      yield Buffer.from('--X\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n');
      yield Buffer.from('--X\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n');
      for (let i = 0; i < count; i += 1) yield stretch;
      yield Buffer.from("\r\n--X--\r\n");
    }
    const answer = await request(`${gateway.baseUrl}/files`, {
      method: "POST",
      headers: { ...headers, "content-type": "multipart/form-data; boundary=X" },
      body: Readable.from(write()),
    });
    expect(await answer.body.json()).toMatchObject({ id: "file-large" });
  });
  expect(arrived).toBe(hashOf(masked));
  const hash = createHash("sha256");
  const back = await watchGrowth(async () => {
    const answer = await request(`${gateway.baseUrl}/files/file-large/content`, { headers });
    for await (const chunk of answer.body) hash.update(Buffer.from(chunk));
  });
  expect(hash.digest("hex")).toBe(hashOf(masked));
  expect(there).toBeLessThan(GROWTH_MIB);
  expect(back).toBeLessThan(GROWTH_MIB);
});
