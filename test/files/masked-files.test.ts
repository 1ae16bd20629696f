// Values that policy masks stand in no form, file or line that reaches the target, and in no file that a program fetches.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createNoise } from "../fixtures/noise.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";

const key = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
const mail = ["ada", "example.com"].join("@");
const masks = [
  { class: "secret", with: "redact", direction: "request", groups: ["admins"] },
  { class: "secret", with: "redact", direction: "answer" },
  { class: "email", with: "fixed", kinds: ["message"], direction: "request" },
];

let folder = "";
let gateway: RunningGateway;
let client: OpenAI;
/** Whose uploads go to the target as they are, so that its files hold the values. */
let trusted: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-masked-files-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks, unseen_media_groups: ["admins"] } }));
  gateway = await startGateway({ env: { TOLLGATE_POLICY_OPERATOR: operator } });
  const apiKey = await gateway.createKey({ groups: ["admins"] });
  client = new OpenAI({ baseURL: gateway.baseUrl, apiKey, maxRetries: 0 });
  trusted = new OpenAI({ baseURL: gateway.baseUrl, apiKey: await gateway.createKey(), maxRetries: 0 });
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
      .catch(() => undefined);
    expect(sent("/audio")).toContain("whisper-1");
    expect(sent("/audio")).toContain("by ********");
    expect(sent("/audio")).not.toContain(mail);
  });

  test("leaves in no line of a file of requests", async () => {
    const file = await toFile(Buffer.from(`${line("Hi")}\n${line(`mail ${mail}`)}\n`), "a.jsonl");
    await client.files.create({ file, purpose: "batch" });
    expect(sent("/files")).toContain("mail ********");
    expect(sent("/files")).not.toContain(mail);
  });
});

/** The last form that reached the target by a path. */
async function lastForm(path: string): Promise<FormData> {
  const seen = gateway.upstream.requests().findLast(({ url }) => url.startsWith(`/v1${path}`));
  expect(seen?.headers["content-length"]).toBe(String(seen?.body.length));
  const headers = { "content-type": String(seen?.headers["content-type"]) };
  return new Response(new Uint8Array(seen?.body ?? []), { headers }).formData();
}

async function bytesOf(value: File | string | null): Promise<Buffer> {
  return value instanceof File ? Buffer.from(await value.arrayBuffer()) : Buffer.alloc(0);
}

describe("a form", () => {
  test("has its fields and the names of its files masked, and keeps all else", async () => {
    const picture = createNoise(3000);
    const image = await toFile(picture, `von "${key}".png`, { type: "image/png" });
    const { response } = await client.images
      .edit({ model: "gpt-image-1", prompt: `für ${mail}: ${key}`, image: [image, image], n: 2 })
      .withResponse();
    expect(response.headers.get("x-tollgate-effects")).toBe("masked;email=1;secret=3");
    const form = await lastForm("/images/edits");
    expect(Object.fromEntries([...form].filter(([, value]) => typeof value === "string"))).toEqual({
      model: "gpt-image-1",
      prompt: "für ********: [REDACTED:secret]",
      n: "2",
    });
    const images = form.getAll("image[]");
    expect(images.map((one) => (one instanceof File ? [one.name, one.type] : []))).toEqual([
      ['von "[REDACTED:secret]".png', "image/png"],
      ['von "[REDACTED:secret]".png', "image/png"],
    ]);
    for (const one of images) expect((await bytesOf(one)).equals(picture)).toBe(true);
  });

  test("is refused where a value stands in the name of a field", async () => {
    const before = sent("/files");
    const file = await toFile(Buffer.from("a"), "a.txt");
    const form = new FormData();
    form.append("purpose", "assistants");
    form.append(`extra[${key}]`, "1");
    form.append("file", file);
    const headers = { authorization: `Bearer ${client.apiKey}` };
    const refused = await fetch(`${gateway.baseUrl}/files`, { method: "POST", headers, body: form });
    expect(refused.status).toBe(403);
    expect(await refused.text()).not.toContain(key.slice(0, 12));
    expect(sent("/files")).toBe(before);
  });

  test("has the session of a call masked as JSON", async () => {
    const session = { type: "realtime", model: "gpt-realtime", instructions: `Never tell ${key}` };
    const form = new FormData();
    form.append("sdp", new Blob(["v=0\r\n"], { type: "application/sdp" }));
    form.append("session", new Blob([JSON.stringify(session)], { type: "application/json" }));
    const headers = { authorization: `Bearer ${client.apiKey}` };
    await fetch(`${gateway.baseUrl}/realtime/calls`, { method: "POST", headers, body: form });
    const seen = (await lastForm("/realtime/calls")).get("session");
    const text = typeof seen === "string" ? seen : (await bytesOf(seen)).toString();
    expect(JSON.parse(text)).toMatchObject({ ...session, instructions: "Never tell [REDACTED:secret]" });
  });

  test.each(["alone", "in a form"])(
    "is refused where a value stands in the description of a call: %s",
    async (how) => {
      const sdp = new Blob([`v=0\r\ns=${key}\r\n`], { type: "application/sdp" });
      const form = new FormData();
      form.append("sdp", sdp);
      const refused = await fetch(`${gateway.baseUrl}/realtime/calls?model=gpt-realtime`, {
        method: "POST",
        headers: { authorization: `Bearer ${client.apiKey}` },
        body: how === "alone" ? sdp : form,
      });
      expect(refused.status).toBe(403);
      expect(await refused.text()).toContain("values_masked");
      expect(sent("/realtime/calls")).not.toContain(key.slice(0, 12));
    },
  );
});

describe("a text file", () => {
  const upload = async (bytes: Buffer, name: string): Promise<Buffer> => {
    await client.files.create({ file: await toFile(bytes, name), purpose: "assistants" });
    return bytesOf((await lastForm("/files")).get("file"));
  };

  test.each([
    ["notes.txt", `\uFEFFGrüße\r\nthe key is ${key}\r\n漢字 😀`],
    ["a.csv", `name,key\n"Ada, L.","${key}"\nBob,${key}\n`],
    ["a.json", JSON.stringify({ key, more: ["x", { api_key: key }] })],
    ["a.md", `# Keys\n\n\`${key}\` and [a link](https://example.com/?key=${key})`],
    ["a.py", `client = Client(api_key="${key}")  # ${key}`],
  ])("arrives masked, and nothing else changed: %s", async (name, text) => {
    const arrived = (await upload(Buffer.from(text), name)).toString();
    expect(arrived).toBe(text.replaceAll(key, "[REDACTED:secret]"));
    if (name.endsWith(".json")) expect(JSON.parse(arrived)).toHaveProperty("key", "[REDACTED:secret]");
  });

  test("arrives masked where it is larger than what is kept in memory, and its value lies across blocks", async () => {
    const before = "lorem ipsum ".repeat(200_000);
    for (const at of [1, key.length - 1]) {
      const start = 65_536 * 20 - at;
      const text = `${before.slice(0, start - 1)} ${key} ${before}`;
      const arrived = await upload(Buffer.from(text), "large.txt");
      expect(arrived.equals(Buffer.from(text.replace(key, "[REDACTED:secret]")))).toBe(true);
    }
  });

  test("arrives masked in UTF-16 too, in its own order of bytes", async () => {
    const text = `\uFEFF{"Schlüssel 😀": "${key}"}\n`;
    const masked = Buffer.from(text.replace(key, "[REDACTED:secret]"), "utf16le");
    const little = await upload(Buffer.from(text, "utf16le"), "a.txt");
    expect(little.equals(masked)).toBe(true);
    const big = await upload(Buffer.from(text, "utf16le").swap16(), "b.txt");
    expect(big.equals(masked.swap16())).toBe(true);
  });

  test("is refused where it is no text, and a value lies bare in it", async () => {
    const around = createNoise(500).fill(0xf7, 0, 20).fill(0xf7, 480);
    const before = sent("/files");
    for (const value of [Buffer.from(key), Buffer.from(key, "utf16le")]) {
      const refused = await upload(Buffer.concat([around, value, around]), "a.db").catch(
        (error: unknown) => error,
      );
      expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
      expect(String(refused)).toContain("values_masked");
    }
    expect(sent("/files")).toBe(before);
    expect((await upload(around, "a.db")).equals(around)).toBe(true);
  });

  test("is refused where a value stands in it and it is Latin-1", async () => {
    const bytes = Buffer.concat([Buffer.from("caf\u00e9 ", "latin1"), Buffer.from(`key: ${key}\n`)]);
    const before = sent("/files");
    const refused = await upload(bytes, "a.txt").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(String(refused)).toContain("values_masked");
    expect(sent("/files")).toBe(before);
  });

  test("arrives as it is where nothing stands in it, whatever it is", async () => {
    for (const bytes of [Buffer.from("caf\u00e9", "latin1"), createNoise(70_000)])
      expect((await upload(bytes, "a.txt")).equals(bytes)).toBe(true);
  });
});

describe("a file of requests", () => {
  const upload = async (text: string, purpose: OpenAI.FilePurpose): Promise<string> => {
    await client.files.create({ file: await toFile(Buffer.from(text), "lines.jsonl"), purpose });
    return (await bytesOf((await lastForm("/files")).get("file"))).toString();
  };

  test("has lines masked as the requests that they are, and the others as they came", async () => {
    const plain = `{ "custom_id":"p", "method":"POST","url":"/v1/responses", "body":{"model": "gpt-5", "input":"Gr\\u00fc\u00dfe", "temperature":1.0}}`;
    const made = line(`mail ${mail}`).replace('"model":', '  "model" : ');
    const lines = [plain, "", made, `${plain}\r`, line(`the key is ${key}`), ""];
    const arrived = await upload(lines.join("\n"), "batch");
    expect(arrived).toBe(lines.join("\n").replace(mail, "********").replace(key, "[REDACTED:secret]"));
  });

  test("has examples masked", async () => {
    const example = (content: string): string =>
      JSON.stringify({
        messages: [
          { role: "user", content: "Hi" },
          { role: "assistant", content },
        ],
      });
    const text = `${example("Hello")}\n${example(`It is ${key}`)}\n${example("Bye")}`;
    expect(await upload(text, "fine-tune")).toBe(text.replace(key, "[REDACTED:secret]"));
  });

  test("is refused where a value stands in a line's name", async () => {
    const before = sent("/files");
    const refused = await upload(line("Hi").replace('"1"', JSON.stringify(key)), "batch").catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(String(refused)).toContain("Line 1 of the file");
    expect(sent("/files")).toBe(before);
  });

  test("of thousands of lines arrives masked", async () => {
    const lines = Array.from({ length: 3000 }, (_, n) => line(n % 7 === 3 ? `${n}: ${key}` : `${n} is it`));
    const arrived = await upload(lines.join("\n"), "batch");
    expect(arrived === lines.join("\n").replaceAll(key, "[REDACTED:secret]")).toBe(true);
  });
});

describe("a file that is fetched", () => {
  const fetchBack = async (
    bytes: Buffer,
    headers: Record<string, string> = {},
    name = "a.txt",
  ): Promise<Response> => {
    const file = await trusted.files.create({ file: await toFile(bytes, name), purpose: "user_data" });
    return trusted.files.content(file.id, { headers });
  };

  test("is masked, tells so, and has no tag and no length of other bytes", async () => {
    const answer = await fetchBack(Buffer.from(`Grüße\r\nkey: ${key}\r\n`));
    expect(answer.headers.get("x-tollgate-effects")).toBe("masked;secret=1");
    const text = await answer.text();
    expect(text).toBe("Grüße\r\nkey: [REDACTED:secret]\r\n");
    expect(answer.headers.get("content-length")).toBe(String(Buffer.byteLength(text)));
    const large = `${"lorem ipsum ".repeat(300_000)}${key}\n`;
    const streamed = await fetchBack(Buffer.from(large));
    expect(streamed.headers.get("content-length")).toBe(null);
    expect((await streamed.text()) === large.replace(key, "[REDACTED:secret]")).toBe(true);
  });

  test("is the masked whole where a part was asked for that cuts a value", async () => {
    const answer = await fetchBack(Buffer.from(`key: ${key}\n`), { range: "bytes=10-30" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-range")).toBe(null);
    expect(await answer.text()).toBe("key: [REDACTED:secret]\n");
  });

  test("is masked in UTF-16 too", async () => {
    const answer = await fetchBack(Buffer.from(`\uFEFFkey: ${key}\n`, "utf16le"));
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.equals(Buffer.from("\uFEFFkey: [REDACTED:secret]\n", "utf16le"))).toBe(true);
    expect(answer.headers.get("content-length")).toBe(String(bytes.length));
  });

  test("is refused where it is no text in UTF-8 or UTF-16", async () => {
    const refused = await fetchBack(Buffer.from(`caf\u00e9 key: ${key}\n`, "latin1")).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(String(refused)).not.toContain(key.slice(0, 12));
  });

  test("is refused where it is no text, and a value lies bare in it", async () => {
    const around = createNoise(500).fill(0xf7, 0, 20).fill(0xf7, 480);
    for (const value of [Buffer.from(key), Buffer.from(key, "utf16le")]) {
      const refused = await fetchBack(Buffer.concat([around, value, around]), {}, "a.db").catch(
        (error: unknown) => error,
      );
      expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
      expect(String(refused)).toContain("values_masked");
      expect(String(refused)).not.toContain(key.slice(0, 12));
    }
    const answer = await fetchBack(around, {}, "a.db");
    expect(Buffer.from(await answer.arrayBuffer()).equals(around)).toBe(true);
  });
});

describe("an upload in parts", () => {
  async function upload(pieces: readonly Buffer[]): Promise<OpenAI.Upload> {
    const { id } = await client.uploads.create({
      bytes: pieces.reduce((sum, { length }) => sum + length, 0),
      filename: "a.txt",
      mime_type: "text/plain",
      purpose: "assistants",
    });
    const part_ids: string[] = [];
    for (const piece of pieces) {
      const data = await toFile(piece, "part.txt");
      part_ids.push((await client.uploads.parts.create(id, { data })).id);
    }
    return client.uploads.complete(id, { part_ids });
  }

  test("has values covered by as many stars as they have bytes: the upload has said how many it will have", async () => {
    const text = Buffer.from(
      `Grüße, der Schlüssel: {"key": "${key}"} ${"und mehr davon ".repeat(4000)}${key}\n`,
    );
    // The second part begins within a character.
    const at = text.indexOf("ü") + 1;
    const made = await upload([text.subarray(0, at), text.subarray(at)]);
    expect(made.status).toBe("completed");
    const sent = await bytesOf((await lastForm(`/uploads/${made.id}/parts`)).get("data"));
    const masked = text.toString().replaceAll(key, "*".repeat(key.length));
    expect(sent.equals(Buffer.from(masked).subarray(at))).toBe(true);
  });

  test("is refused where a value stands in a part that is no text", async () => {
    const refused = await upload([Buffer.from(`caf\u00e9 ${key}`, "latin1")]).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(sent("/uploads")).not.toContain(key.slice(0, 12));
  });

  test("is not put together where a value stands in two of them", async () => {
    const pieces = [`the key is ${key.slice(0, 9)}`, `${key.slice(9)} and no other`];
    const refused = await upload(pieces.map((piece) => Buffer.from(piece))).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(String(refused)).toContain("values_masked");
  });
});
