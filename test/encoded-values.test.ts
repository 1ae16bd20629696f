// What stands in base64 or hexadecimal is masked where the configuration gives a budget for it: in requests and answers.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway, type RunningGateway } from "./gateway.ts";

const model = "gpt-4.1";
const key = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
const runs = [
  Buffer.from(`the key is ${key}`).toString("base64"),
  Buffer.from(`the key is ${key}`).toString("hex"),
];
const harmless = Buffer.from("nothing at all is in here").toString("base64");
const masks = [
  { class: "secret", with: "redact", direction: "answer" },
  { class: "secret", with: "redact", direction: "request", groups: ["developers"] },
];

let folder = "";
let gateway: RunningGateway;
let client: OpenAI;
/** Whose requests go to the target as they are, so that its answers hold the values. */
let trusted: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-encoded-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks } }));
  gateway = await startGateway({
    env: { TOLLGATE_POLICY_OPERATOR: operator },
    config: (url) =>
      JSON.stringify({
        detect: { encoded_bytes: 65_536 },
        connections: [{ name: "openai", base_url: url, credential: "env:OPENAI_API_KEY", default: true }],
      }),
  });
  client = toTarget(gateway.baseUrl, await gateway.createKey()).client();
  trusted = toTarget(gateway.baseUrl, await gateway.createKey({ groups: ["admins"] })).client();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe("an encoded value", () => {
  test("does not reach the target, and what else is encoded does", async () => {
    for (const run of runs) {
      await client.responses.create({ model, input: `read ${run} and ${harmless}` });
      const sent = gateway.upstream.requests().at(-1)?.body.toString() ?? "";
      expect(JSON.parse(sent)).toMatchObject({ input: `read [REDACTED:secret] and ${harmless}` });
    }
  });

  test("does not reach the program, whole or streamed, in text or in a tool call", async () => {
    for (const run of runs) {
      const input = `call note ${JSON.stringify({ text: `it is ${run} there` })}`;
      const tools = [
        { type: "function", name: "note", strict: false, parameters: { type: "object" } } as const,
      ];
      const whole = await trusted.responses.create({ model, input, tools });
      const streamed = await trusted.responses.create({ model, input, tools, stream: true }).asResponse();
      for (const text of [JSON.stringify(whole), await streamed.text()]) {
        expect(text).toContain("[REDACTED:secret]");
        for (let i = 0; i + 16 <= run.length; i += 8) expect(text).not.toContain(run.slice(i, i + 16));
      }
    }
  });
});
