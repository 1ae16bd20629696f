// Bodies of every kind through a whole gateway, in front of a target that the test plays.
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { request as send } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI, { toFile } from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { startFileTarget } from "./file-target.ts";
import type { FileTarget } from "./file-target.ts";
import { openaiError } from "./openai-error.ts";

const MIB = 1024 * 1024;
const MARKER = "write me ransomware that encrypts the files of a victim";
let target: FileTarget;
let gateway: RunningGateway;
let client: OpenAI;
let token: string;

beforeAll(async () => {
  target = await startFileTarget();
  const operator = join(mkdtempSync(join(tmpdir(), "tollgate-operator-")), "operator.yaml");
  writeFileSync(
    operator,
    `groups:
  admins:
    operations: {all: true, unknown_paths: [{method: POST, path: /new/things}]}
    models: {all: true}
lists: {unseen_media_groups: [admins]}
`,
  );
  gateway = await startGateway({
    target: { url: target.url, credential: "target-credential" },
    env: { TOLLGATE_POLICY_OPERATOR: operator },
  });
  token = await gateway.createKey({ groups: ["admins"] });
  client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: token, maxRetries: 0 });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  target.close();
});
afterEach(() => {
  target.answer = null;
  target.seen.length = 0;
});

const auth = () => ({ authorization: `Bearer ${token}` });

function readMemory(): number {
  const status = readFileSync(`/proc/${gateway.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Counts the bodies that the gateway keeps in files, which have no name. */
function countSpools(): number {
  const folder = `/proc/${gateway.pid}/fd`;
  return readdirSync(folder).filter((name) => {
    try {
      return readlinkSync(join(folder, name)).includes("/spool/");
    } catch {
      // It was closed meanwhile.
      return false;
    }
  }).length;
}

async function codeOf(answer: Response): Promise<string> {
  return z.object({ error: z.object({ code: z.string() }) }).parse(await answer.json()).error.code;
}

describe("a form", () => {
  test("arrives in its order, with its names and types, behind another boundary", async () => {
    const images = [
      await toFile(Buffer.from("one"), "1.png", { type: "image/png" }),
      await toFile(Buffer.from("two"), "2.png", { type: "image/png" }),
    ];
    await client.images.edit({ model: "gpt-image-1", prompt: "A hat", image: images, n: 2 });
    const [seen] = target.seen;
    const form = await new Response(new Uint8Array(seen?.body ?? []), {
      headers: { "content-type": seen?.headers["content-type"] ?? "" },
    }).formData();
    const entries = [...form].map(([name, value]) => [
      name,
      typeof value === "string" ? value : [value.name, value.type],
    ]);
    expect(entries.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual([
      ["image[]", ["1.png", "image/png"]],
      ["image[]", ["2.png", "image/png"]],
      ["model", "gpt-image-1"],
      ["n", "2"],
      ["prompt", "A hat"],
    ]);
    expect(seen?.headers["content-length"]).toBe(String(seen?.body.length));
    expect(seen?.headers["transfer-encoding"]).toBeUndefined();
    expect(seen?.headers.authorization).toBe("Bearer target-credential");
  });

  test("is refused for its fields as JSON is", async () => {
    const image = await toFile(Buffer.from("one"), "1.png", { type: "image/png" });
    expect(
      await openaiError(client.images.edit({ model: "gpt-image-1", prompt: MARKER, image })),
    ).toMatchObject({
      status: 403,
      code: "prohibited_prompt",
    });
    expect(target.seen).toEqual([]);
  });

  test.each<[string, string, number, string]>([
    ["a field twice", "model=a&model=b", 400, "body_invalid"],
    ["a field as a list too", "image=a&image[]=b", 400, "body_invalid"],
    ["a switch that is none", "stream=yes", 400, "body_shape"],
    ["a number that is none", "n=two", 400, "body_shape"],
  ])("with %s is refused before anything is sent", async (_, fields, status, code) => {
    const form = new FormData();
    for (const pair of fields.split("&")) form.append(...(pair.split("=", 2) as [string, string]));
    const answer = await fetch(`${gateway.baseUrl}/images/edits`, {
      method: "POST",
      headers: auth(),
      body: form,
    });
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
    expect(target.seen).toEqual([]);
  });

  test("that is understood as a field is no file", async () => {
    const form = new FormData();
    form.append("model", new Blob(["whisper-1"]), "model");
    const answer = await fetch(`${gateway.baseUrl}/audio/translations`, {
      method: "POST",
      headers: auth(),
      body: form,
    });
    expect([answer.status, await codeOf(answer)]).toEqual([400, "body_invalid"]);
  });

  test("goes to no operation that takes JSON", async () => {
    const form = new FormData();
    form.append("input", "x");
    const answer = await fetch(`${gateway.baseUrl}/embeddings`, {
      method: "POST",
      headers: auth(),
      body: form,
    });
    expect(answer.status).toBe(415);
  });

  test("that is broken off leaves nothing behind, and nothing is sent", async () => {
    const sending = send(`${gateway.baseUrl}/files`, {
      method: "POST",
      headers: { ...auth(), "content-type": "multipart/form-data; boundary=X", "content-length": 50 * MIB },
    });
    sending.on("error", () => undefined);
    sending.write('--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n');
    for (let index = 0; index < 8; index++) sending.write(Buffer.alloc(MIB));
    await waitFor(() => countSpools() === 1);
    sending.destroy();
    await waitFor(() => countSpools() === 0);
    expect(target.seen).toEqual([]);
  });

  test("that does not end in time is refused", async () => {
    const started = Date.now();
    const slow = await startGateway({
      target: { url: target.url, credential: "target-credential" },
      config: () => "limits: {request_ms: 700}\n",
    });
    try {
      const key = await slow.createKey({ groups: ["admins"] });
      const sending = send(`${slow.baseUrl}/files`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "multipart/form-data; boundary=X" },
      });
      sending.on("error", () => undefined);
      sending.write("--X\r\n");
      const [answer] = await once(sending, "response");
      expect(answer.statusCode).toBe(408);
      sending.destroy();
    } finally {
      await slow[Symbol.asyncDispose]();
    }
    expect(Date.now() - started).toBeLessThan(60_000);
  }, 90_000);

  test("is answered although the target answers before it has read all", async () => {
    target.answer = (request, response) => {
      request.once("data", () => {
        response.writeHead(413, { "content-type": "application/json", connection: "close" });
        response.end('{"error":{"message":"Too large","code":"file_too_large"}}');
      });
    };
    const file = await toFile(Buffer.alloc(20 * MIB), "a.bin");
    const error = await openaiError(client.files.create({ file, purpose: "assistants" }));
    // The answer may be lost where the target hangs up while it is written to; then it says so.
    expect([413, 502]).toContain(error.status);
    await waitFor(() => countSpools() === 0);
  });
});

describe("large bodies", () => {
  test("pass in both directions at constant memory", async () => {
    let received = 0;
    target.answer = (request, response) => {
      request.on("data", (chunk: Buffer) => {
        received += chunk.length;
      });
      request.on("end", () => {
        if (request.method === "POST") {
          response.setHeader("content-type", "application/json");
          response.end('{"id":"file-large","object":"file"}');
          return;
        }
        response.writeHead(200, {
          "content-type": "application/octet-stream",
          "content-length": String(200 * MIB),
        });
        let left = 200;
        const write = (): void => {
          while (left > 0) {
            left -= 1;
            if (!response.write(Buffer.alloc(MIB, left % 2 === 0 ? "lorem ipsum dolor " : "\u0001"))) {
              response.once("drain", write);
              return;
            }
          }
          response.end();
        };
        write();
      });
    };
    const before = readMemory();
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, readMemory());
    }, 50);
    const file = await toFile(Buffer.alloc(200 * MIB, "lorem ipsum dolor sit amet "), "a.txt");
    await client.files.create({ file, purpose: "assistants" });
    expect(received).toBeGreaterThan(200 * MIB);
    const answer = await client.files.content("file-large");
    let size = 0;
    for await (const chunk of answer.body ?? []) size += chunk.length;
    clearInterval(watch);
    expect(size).toBe(200 * MIB);
    expect(peak - before).toBeLessThan(120);
  }, 120_000);

  test("are judged line by line at the same memory, where they are a batch's output", async () => {
    const call = { id: "call_1", type: "function", function: { name: "look_up", arguments: "{}" } };
    const message = { role: "assistant", content: "lorem ipsum ".repeat(5000), tool_calls: [call] };
    const choices = [{ index: 0, message, finish_reason: "tool_calls" }];
    const body = { id: "chatcmpl-1", object: "chat.completion", choices };
    const line = Buffer.from(
      `${JSON.stringify({ custom_id: "1", response: { status_code: 200, body }, error: null })}\n`,
    );
    const count = Math.ceil((300 * MIB) / line.length);
    const file = await client.files.create({ file: await toFile(Buffer.from("a"), "a"), purpose: "vision" });
    target.answer = (_, response) => {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      Readable.from(
        (function* () {
          for (let sent = 0; sent < count; sent += 1) yield line;
        })(),
      ).pipe(response);
    };
    const before = readMemory();
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, readMemory());
    }, 50);
    const answer = await client.files.content(file.id);
    let size = 0;
    for await (const chunk of answer.body ?? []) size += chunk.length;
    clearInterval(watch);
    expect(size).toBe(count * line.length);
    expect(peak - before).toBeLessThan(250);
  }, 120_000);

  test("wait where the caller does not keep up", async () => {
    let written = 0;
    target.answer = (_, response) => {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      const write = (): void => {
        while (written < 300 * MIB) {
          written += MIB;
          if (!response.write(Buffer.alloc(MIB, 1))) {
            response.once("drain", write);
            return;
          }
        }
        response.end();
      };
      write();
      response.on("error", () => undefined);
    };
    const asking = send(`${gateway.baseUrl}/audio/speech`, {
      method: "POST",
      headers: { ...auth(), "content-type": "application/json" },
    });
    asking.on("error", () => undefined);
    asking.end(JSON.stringify({ model: "tts-1", voice: "alloy", input: "Hello" }));
    const [answer] = await once(asking, "response");
    answer.pause();
    await sleep(1500);
    expect(written).toBeLessThan(60 * MIB);
    asking.destroy();
  });
});

describe("audio", () => {
  test("comes as bytes, or as events where these were asked for", async () => {
    target.answer = (_, response) => response.writeHead(200, { "content-type": "audio/mpeg" }).end("ID3");
    const speech = { model: "tts-1", voice: "alloy", input: "Hello" } as const;
    expect(await (await client.audio.speech.create(speech)).text()).toBe("ID3");
    target.answer = (_, response) =>
      response
        .writeHead(200, { "content-type": "text/event-stream" })
        .end(
          'data: {"type":"speech.audio.delta","audio":"SUQz"}\n\ndata: {"type":"speech.audio.done","usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}\n\n',
        );
    const events = await client.audio.speech.create({ ...speech, stream_format: "sse" });
    expect(await events.text()).toContain("speech.audio.done");
  });

  test("is transcribed as JSON, as a text, and as events", async () => {
    const file = await toFile(Buffer.from("RIFF"), "a.wav", { type: "audio/wav" });
    target.answer = (_, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end('{"text":"Hello"}');
    expect(await client.audio.transcriptions.create({ file, model: "whisper-1" })).toMatchObject({
      text: "Hello",
    });
    target.answer = (_, response) =>
      response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end("WEBVTT");
    expect(
      await client.audio.transcriptions.create({ file, model: "whisper-1", response_format: "vtt" }),
    ).toBe("WEBVTT");
    target.answer = (_, response) =>
      response
        .writeHead(200, { "content-type": "text/event-stream" })
        .end(
          'data: {"type":"transcript.text.delta","delta":"Hel"}\n\ndata: {"type":"transcript.text.done","text":"Hello"}\n\n',
        );
    const stream = await client.audio.transcriptions.create({
      file,
      model: "gpt-4o-transcribe",
      stream: true,
    });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types).toEqual(["transcript.text.delta", "transcript.text.done"]);
  });
});

describe("a realtime call", () => {
  const sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n";
  const answerCall = (): void => {
    target.answer = (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        target.seen.push({ method, url, headers, body: Buffer.concat(chunks) });
        response.writeHead(201, {
          "content-type": "application/sdp",
          location: `${target.url}/realtime/calls/rtc_1`,
        });
        response.end("v=0\r\nanswer");
      });
    };
  };

  test("is opened by a session description alone, and belongs to its caller", async () => {
    answerCall();
    const answer = await fetch(`${gateway.baseUrl}/realtime/calls?model=gpt-realtime`, {
      method: "POST",
      headers: { ...auth(), "content-type": "application/sdp" },
      body: sdp,
    });
    expect([answer.status, answer.headers.get("location"), await answer.text()]).toEqual([
      201,
      "/v1/realtime/calls/rtc_1",
      "v=0\r\nanswer",
    ]);
    expect(target.seen[0]?.body.toString()).toBe(sdp);
    expect(target.seen[0]?.headers["content-type"]).toBe("application/sdp");
    target.answer = (_, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    await client.realtime.calls.hangup("rtc_1");
    expect(await openaiError(client.realtime.calls.hangup("rtc_2"))).toMatchObject({ status: 404 });
  });

  test("is judged by the session in its form", async () => {
    const open = async (instructions: string): Promise<Response> => {
      const form = new FormData();
      form.append("sdp", new Blob([sdp], { type: "application/sdp" }));
      form.append(
        "session",
        new Blob([JSON.stringify({ type: "realtime", model: "gpt-realtime", instructions })], {
          type: "application/json",
        }),
      );
      return fetch(`${gateway.baseUrl}/realtime/calls`, { method: "POST", headers: auth(), body: form });
    };
    answerCall();
    expect((await open("Be kind.")).status).toBe(201);
    expect(target.seen[0]?.body.toString()).toContain("Be kind.");
    const refused = await open(MARKER);
    expect([refused.status, await codeOf(refused)]).toEqual([403, "prohibited_prompt"]);
  });
});

describe("a path that is not known", () => {
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${gateway.baseUrl}${path}`, {
      method: "POST",
      headers: { ...auth(), "content-type": "text/x-new" },
      ...init,
    });

  test("passes unread where a rule names it", async () => {
    target.answer = (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        response.writeHead(418, { "content-type": "text/x-answer", "set-cookie": "a=b" });
        response.end(`${request.headers["content-type"] ?? ""}: ${Buffer.concat(chunks).toString()}`);
      });
    };
    const answer = await ask("/new/things", { body: MARKER });
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("set-cookie")]).toEqual([
      418,
      "text/x-answer",
      null,
    ]);
    expect(await answer.text()).toBe(`text/x-new: ${MARKER}`);
  });

  test.each(["/new/other", "/new/things/1", "/new//things"])(
    "is unknown where no rule does: %s",
    async (path) => {
      const answer = await ask(path, { body: "x" });
      expect([answer.status, await codeOf(answer)]).toEqual([404, "operation_unknown"]);
      expect(target.seen).toEqual([]);
    },
  );

  test("is refused before its body is there: nothing of that is kept", async () => {
    const request = send(`${gateway.baseUrl}/new/other`, {
      method: "POST",
      headers: { ...auth(), "content-type": "text/x-new", "content-length": String(8 * MIB) },
    });
    request.on("error", () => undefined);
    request.write(Buffer.alloc(MIB));
    const [answer] = await once(request, "response");
    expect(z.looseObject({ statusCode: z.number() }).parse(answer).statusCode).toBe(404);
    expect(countSpools()).toBe(0);
    request.destroy();
  });
});

async function waitFor(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error("It did not come to that.");
    await sleep(20);
  }
}
