// What the simulated API makes: pictures, speech, films, archives, tuned models, turns of assistants and agents.
import { inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../exchange.ts";
import { isObject, objectsAt, parseText, stringAt } from "../read-json.ts";
import { createSimulator } from "../server.ts";

const simulator = createSimulator();
let base = "";
beforeAll(async () => {
  base = (await simulator.listen(0, "127.0.0.1")).url;
});
afterAll(() => simulator.close());

type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly body: JsonObject;
};

async function ask(method: string, path: string, body?: Json | FormData): Promise<Answer> {
  const response = await fetch(base + path, {
    method,
    headers: { authorization: "Bearer any" },
    ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const parsed = parseText(bytes.toString("utf8"));
  return { status: response.status, headers: response.headers, bytes, body: isObject(parsed) ? parsed : {} };
}

function form(
  fields: Readonly<Record<string, string>>,
  name: string,
  content: string,
  file: string,
): FormData {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.append(key, value);
  form.append(name, new Blob([content]), file);
  return form;
}

/** Gives the names of a stream's events in their order. */
function eventsOf(answer: Answer): readonly string[] {
  return [...answer.bytes.toString("utf8").matchAll(/^event: (.+)$/gm)].map((match) => match[1] ?? "");
}

function idOf(answer: Answer): string {
  return stringAt(answer.body, "id") ?? "";
}

describe("a picture", () => {
  test("is a PNG that depends on its prompt", async () => {
    const draw = async (prompt: string): Promise<string> => {
      const { body } = await ask("POST", "/images/generations", { prompt });
      return stringAt(objectsAt(body, "data")[0], "b64_json") ?? "";
    };
    const bytes = Buffer.from(await draw("a boat"), "base64");
    expect(bytes.subarray(1, 4).toString()).toBe("PNG");
    const data = bytes.subarray(bytes.indexOf("IDAT") + 4, bytes.indexOf("IEND") - 8);
    expect(inflateSync(data)).toHaveLength(16 * (1 + 16 * 3));
    expect(await draw("a boat")).toBe(await draw("a boat"));
    expect(await draw("a boat")).not.toBe(await draw("a house"));
  });

  test("is streamed after as many partial ones as were asked for", async () => {
    const body = { prompt: "a boat", stream: true, partial_images: 2 };
    const partial = "image_generation.partial_image";
    expect(eventsOf(await ask("POST", "/images/generations", body))).toEqual([
      partial,
      partial,
      "image_generation.completed",
    ]);
  });

  test("obeys the script in its prompt, and wants an image to edit", async () => {
    expect((await ask("POST", "/images/generations", { prompt: "fail 429" })).status).toBe(429);
    expect((await ask("POST", "/images/edits", form({ prompt: "x" }, "other", "x", "a.png"))).status).toBe(
      400,
    );
  });
});

describe("speech and transcripts", () => {
  test("speech is of the type that was asked for, or a stream of pieces", async () => {
    const about = { model: "gpt-4o-mini-tts", voice: "alloy", input: "Hello there, how are you?" };
    const wav = await ask("POST", "/audio/speech", { ...about, response_format: "wav" });
    expect([wav.headers.get("content-type"), wav.bytes.length]).toEqual([
      "audio/wav",
      400 * about.input.length,
    ]);
    const events = eventsOf(await ask("POST", "/audio/speech", { ...about, stream_format: "sse" }));
    expect([events.at(0), events.at(-1)]).toEqual(["speech.audio.delta", "speech.audio.done"]);
    expect((await ask("POST", "/audio/speech", { ...about, input: null })).status).toBe(400);
  });

  test("a recording that is text says that text, in each format", async () => {
    const transcribe = (fields: Readonly<Record<string, string>>) =>
      ask(
        "POST",
        "/audio/transcriptions",
        form({ model: "whisper-1", ...fields }, "file", "Call me.", "a.wav"),
      );
    expect((await transcribe({})).body["text"]).toBe("Call me.");
    expect((await transcribe({ response_format: "text" })).bytes.toString()).toBe("Call me.\n");
    expect((await transcribe({ response_format: "vtt" })).bytes.toString()).toMatch(
      /^WEBVTT\n\n.*\nCall me\./,
    );
    expect(eventsOf(await transcribe({ stream: "true" })).at(-1)).toBe("transcript.text.done");
    const noise = form({ model: "whisper-1" }, "file", "\0\0\0", "noise.wav");
    expect((await ask("POST", "/audio/transcriptions", noise)).body["text"]).toContain("noise.wav, 3 bytes");
  });
});

describe("what takes a while", () => {
  test("a film is ready after two polls, and not before", async () => {
    const made = await ask("POST", "/videos", form({ prompt: "at sea" }, "input_reference", "x", "a.png"));
    const path = `/videos/${idOf(made)}`;
    expect(made.headers.get("openai-poll-after-ms")).toBe("20");
    expect((await ask("GET", `${path}/content`)).status).toBe(404);
    const states = [made, await ask("GET", path), await ask("GET", path)].map(({ body }) => body["status"]);
    expect(states).toEqual(["queued", "in_progress", "completed"]);
    const film = await ask("GET", `${path}/content`);
    expect([film.headers.get("content-type"), film.bytes.length]).toEqual(["video/mp4", 65_536]);
  });

  test("a tuned model exists once its job is done", async () => {
    const line = `${JSON.stringify({ messages: [] })}\n`;
    const file = await ask("POST", "/files", form({ purpose: "fine-tune" }, "file", line, "t.jsonl"));
    const body = { model: "gpt-4o-mini", training_file: idOf(file), suffix: "mine" };
    const path = `/fine_tuning/jobs/${idOf(await ask("POST", "/fine_tuning/jobs", body))}`;
    const states: (Json | undefined)[] = [];
    let job: JsonObject = {};
    while (job["status"] !== "succeeded") {
      job = (await ask("GET", path)).body;
      states.push(job["status"]);
    }
    expect(states).toEqual(["queued", "running", "succeeded"]);
    const model = stringAt(job, "fine_tuned_model") ?? "";
    expect(model).toMatch(/^ft:gpt-4o-mini:simulated:mine:/);
    expect((await ask("GET", `/models/${model}`)).status).toBe(200);
    expect(objectsAt((await ask("GET", `${path}/events`)).body, "data")).toHaveLength(4);
    expect((await ask("POST", `${path}/cancel`)).status).toBe(400);
    expect((await ask("POST", "/fine_tuning/jobs", { ...body, training_file: "file-none" })).status).toBe(
      404,
    );
  });
});

describe("an assistant", () => {
  const weather = { type: "function", function: { name: "get_weather", parameters: { type: "object" } } };

  async function begin(content: string, more: JsonObject = {}): Promise<Answer> {
    const assistant = await ask("POST", "/assistants", { model: "gpt-4.1", tools: [weather] });
    const thread = { messages: [{ role: "user", content }] };
    return ask("POST", "/threads/runs", { assistant_id: idOf(assistant), thread, ...more });
  }

  test("waits for the outputs of its tools and goes on with them", async () => {
    const begun = await begin('call get_weather {"city":"Oslo"}\nthen echo: It is sunny.');
    expect(begun.body["status"]).toBe("queued");
    const path = `/threads/${stringAt(begun.body, "thread_id")}/runs/${idOf(begun)}`;
    const waiting = (await ask("GET", path)).body;
    expect(waiting["status"]).toBe("requires_action");
    const action = waiting["required_action"];
    const [call] = objectsAt(isObject(action) ? action["submit_tool_outputs"] : null, "tool_calls");
    const outputs = { tool_outputs: [{ tool_call_id: stringAt(call, "id"), output: "Sunny" }], stream: true };
    const events = eventsOf(await ask("POST", `${path}/submit_tool_outputs`, outputs));
    expect(events).toContain("thread.message.delta");
    expect(events.slice(-2)).toEqual(["thread.run.completed", "done"]);
    const messages = await ask("GET", `/threads/${stringAt(begun.body, "thread_id")}/messages`);
    expect(JSON.stringify(objectsAt(messages.body, "data")[0])).toContain("It is sunny.");
    expect((await ask("POST", `${path}/submit_tool_outputs`, outputs)).status).toBe(400);
  });

  test("streams its run from the thread to the end, and must exist", async () => {
    const events = eventsOf(await begin("echo: hi", { stream: true }));
    expect(events.slice(0, 2)).toEqual(["thread.created", "thread.run.created"]);
    expect(events.at(-1)).toBe("done");
    expect((await ask("POST", "/threads/runs", { assistant_id: "asst_none" })).status).toBe(404);
  });
});

test("a hosted agent's session answers each message with a turn", async () => {
  const body = { agent: { model: "gpt-4.1" }, environment: { type: "none" }, input: "echo: hi" };
  const session = await ask("POST", "/agents/sessions", body);
  const path = `/agents/sessions/${idOf(session)}`;
  expect(eventsOf(await ask("GET", `${path}/events`)).at(-1)).toBe("agent.session.idle");
  const more = { events: [{ type: "agent.session.input.message", content: "echo: again" }] };
  expect((await ask("POST", `${path}/events`, more)).status).toBe(202);
  expect(objectsAt((await ask("GET", `${path}/turns`)).body, "data")).toHaveLength(2);
  const items = objectsAt((await ask("GET", `${path}/items?order=asc`)).body, "data");
  expect(items.map((item) => item["role"])).toEqual(["user", "assistant", "user", "assistant"]);
});

test("a skill comes back as an archive of its files", async () => {
  const about = "---\nname: greeter\ndescription: Greets.\n---\n";
  const skill = await ask("POST", "/skills", form({}, "files[]", about, "SKILL.md"));
  expect(skill.body).toMatchObject({ name: "greeter", description: "Greets.", latest_version: "1" });
  const { bytes } = await ask("GET", `/skills/${idOf(skill)}/content`);
  expect(bytes.subarray(0, 4).toString("latin1")).toBe("PK\u0003\u0004");
  expect(bytes.includes(about)).toBe(true);
  // The directory at the end is where the last record says.
  expect(bytes.readUInt32LE(bytes.length - 6)).toBe(bytes.indexOf("PK\u0001\u0002"));
});

test("a realtime call is set up by its session description, and is then there", async () => {
  const sdp = "v=0\r\nm=audio 9 RTP/SAVPF 111\r\n";
  const response = await fetch(`${base}/realtime/calls`, {
    method: "POST",
    headers: { authorization: "Bearer any", "content-type": "application/sdp" },
    body: sdp,
  });
  expect([response.status, response.headers.get("content-type")]).toEqual([201, "application/sdp"]);
  expect(await response.text()).toContain("m=audio 9 RTP/SAVPF 111\r\na=inactive\r\n");
  const id = response.headers.get("location")?.split("/").at(-1);
  expect((await ask("POST", `/realtime/calls/${id}/hangup`)).status).toBe(200);
  expect((await ask("POST", `/realtime/calls/${id}/hangup`)).status).toBe(404);
});

test("embeddings of texts that share words lie close, in both encodings", async () => {
  const embed = async (input: Json, more: JsonObject = {}): Promise<readonly Json[]> => {
    const { body } = await ask("POST", "/embeddings", { model: "text-embedding-3-small", input, ...more });
    return objectsAt(body, "data").map((one) => one["embedding"] ?? null);
  };
  const numbers = (value: Json | undefined): number[] =>
    Array.isArray(value) ? value.flatMap((one) => (typeof one === "number" ? [one] : [])) : [];
  const product = (left: Json | undefined, right: Json | undefined): number => {
    const other = numbers(right);
    return numbers(left).reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
  };
  const [dogs, puppies, taxes] = await embed([
    "the big dog barks",
    "a big dog sleeps",
    "income tax return form",
  ]);
  expect(product(dogs, dogs)).toBeCloseTo(1);
  expect(product(dogs, puppies)).toBeGreaterThan(product(dogs, taxes));
  const [packed] = await embed("the big dog barks", { encoding_format: "base64" });
  const bytes = Buffer.from(typeof packed === "string" ? packed : "", "base64");
  const unpacked = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
  expect(product(unpacked, dogs)).toBeCloseTo(1);
  expect(numbers((await embed([[1, 2, 3]], { dimensions: 8 }))[0])).toHaveLength(8);
});

test("compaction keeps what the user said and seals the rest", async () => {
  const first = await ask("POST", "/responses", { model: "gpt-4.1", input: "echo: a secret plan" });
  const { body } = await ask("POST", "/responses/compact", {
    model: "gpt-4.1",
    previous_response_id: idOf(first),
  });
  expect(objectsAt(body, "output").map((item) => item["type"])).toEqual(["message", "compaction"]);
  const next = await ask("POST", "/responses", { model: "gpt-4.1", input: body["output"] ?? [] });
  expect(next.status).toBe(200);
});
