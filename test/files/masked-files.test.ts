// Values that policy masks stand in no form, file or line that reaches the target, and in no file that a program fetches.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";

const key = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
const mail = ["ada", "example.com"].join("@");
const masks = [
  { class: "secret", with: "redact" },
  { class: "email", with: "fixed", kinds: ["message"], direction: "request" },
];

let folder = "";
let gateway: RunningGateway;
let client: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-masked-files-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks, unseen_media_groups: ["admins"] } }));
  gateway = await startGateway({ env: { TOLLGATE_POLICY_OPERATOR: operator } });
  const apiKey = await gateway.createKey({ groups: ["admins"] });
  client = new OpenAI({ baseURL: gateway.baseUrl, apiKey, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** All that reached the target by a path, as Latin-1. */
function sent(path: string): string {
  return gateway.upstream
    .requests()
    .filter(({ url }) => url.startsWith(`/v1${path}`))
    .map(({ body }) => body.toString("latin1"))
    .join("\n");
}

const line = (content: string): string =>
  JSON.stringify({
    custom_id: "1",
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "gpt-5", messages: [{ role: "user", content }] },
  });

describe("what is masked in one kind of text alone", () => {
  test("leaves in no field of a form", async () => {
    const file = await toFile(Buffer.from("RIFF"), "a.wav", { type: "audio/wav" });
    await client.audio.transcriptions
      .create({ file, model: "whisper-1", prompt: `by ${mail}` })
      .catch((error: unknown) => expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError));
    expect(sent("/audio")).not.toContain(mail);
  });

  test("leaves in no line of a file of requests", async () => {
    const file = await toFile(Buffer.from(`${line("Hi")}\n${line(`mail ${mail}`)}\n`), "a.jsonl");
    await client.files
      .create({ file, purpose: "batch" })
      .catch((error: unknown) => expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError));
    expect(sent("/files")).not.toContain(mail);
  });
});

describe("an upload in parts", () => {
  test("is not put together where a value stands in two of them", async () => {
    const pieces = [`the key is ${key.slice(0, 9)}`, `${key.slice(9)} and no other`];
    const upload = await client.uploads.create({
      bytes: pieces.join("").length,
      filename: "a.txt",
      mime_type: "text/plain",
      purpose: "assistants",
    });
    const part_ids: string[] = [];
    for (const piece of pieces) {
      const data = await toFile(Buffer.from(piece), "part");
      part_ids.push((await client.uploads.parts.create(upload.id, { data })).id);
    }
    const refused = await client.uploads.complete(upload.id, { part_ids }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(String(refused)).toContain("values_masked");
  });
});
