// A batch's output: each line is judged as the answer that stands in it, whatever pieces it comes in.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFake } from "../../test/fixtures/fake-context.ts";
import type { Fake, FakeOptions } from "../../test/fixtures/fake-context.ts";
import { createDetectors } from "../detect/detector.ts";
import type { JsonObject, Segment } from "../exchange.ts";
import { createFileReader } from "./file-reader.ts";

const HEAD = {
  status: 200,
  headers: { "content-type": "application/octet-stream", "content-length": "9", etag: "e" },
  isCalledText: false,
  isUnread: false,
  objects: [],
};

const chat = (name: string, args = "{}"): JsonObject => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  choices: [
    {
      index: 0,
      finish_reason: "tool_calls",
      message: {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "call_1", type: "function", function: { name, arguments: args } }],
      },
    },
  ],
});
const response = (name: string): JsonObject => ({
  id: "resp_1",
  object: "response",
  output: [{ type: "function_call", id: "fc_1", call_id: "call_1", name, arguments: "{}" }],
});
const line = (body: JsonObject): string =>
  JSON.stringify({ id: "batch_req_1", custom_id: "1", response: { status_code: 200, body }, error: null });

async function read(
  file: string | Buffer,
  more: { options?: FakeOptions; sizes?: readonly number[]; isOutput?: boolean; status?: number } = {},
): Promise<Fake> {
  const fake = createFake({ operation: "files.content", ...more.options });
  const head = { ...HEAD, status: more.status ?? 200 };
  const reader = createFileReader(fake.context, head, more.isOutput ?? false);
  const bytes = Buffer.from(file);
  const sizes = more.sizes ?? [1 << 20];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  reader.end();
  await fake.ended;
  return fake;
}

const mail = ["ada", "example.com"].join("@");
const masking: FakeOptions = {
  scanner: createDetectors()({}),
  mask: [{ code: "m", class: "email" }],
};

describe("a batch's output", () => {
  test("is masked beside the answers too, but for the names of its lines", async () => {
    const errors = { error: { code: "x", message: `no such user: ${mail}` } };
    const lines = [{ custom_id: "1", response: null, ...errors }, JSON.parse(line({ ok: "yes" }))];
    const file = `${lines.map((one) => JSON.stringify({ ...one, ...errors })).join("\n")}\n`;
    const kept: Segment[] = [];
    const options = { ...masking, kept };
    expect((await read(file, { options })).text()).toBe(file.replaceAll(mail, "[REDACTED:email]"));
    expect(kept.map(({ text }) => text)).toContain("no such user: [REDACTED:email]");
    expect(JSON.stringify(kept)).not.toContain(mail);
    const named = await read(line({}).replace('"1"', JSON.stringify(mail)), { options });
    expect(named.text()).not.toContain(mail);
    expect(named.ends[0]?.outcome).not.toBe("completed");
  });

  test("passes as it is where nothing is denied, and each call is written down", async () => {
    const file = `${line(chat("look_up"))}\n${line(response("look_up"))}\r\n\n${line({ object: "list", data: [] })}`;
    const fake = await read(file);
    expect(fake.text()).toBe(file);
    expect(fake.log.filter((entry) => entry === "decided allow look_up")).toHaveLength(2);
    expect(fake.owned).toContainEqual({ kind: "response", id: "resp_1" });
    expect(fake.headers()).toEqual({ "content-type": "application/octet-stream" });
  });

  test("has a message of ours in the place of each denied call, however it is cut", async () => {
    const file = [chat("look_up"), chat("drop"), response("drop"), response("look_up")].map(line).join("\n");
    const whole = (await read(file)).text();
    const [first, second = "", third = "", fourth] = whole.split("\n");
    expect([first, fourth]).toEqual([line(chat("look_up")), line(response("look_up"))]);
    for (const changed of [second, third]) {
      expect(changed).toContain("no_drop");
      expect(changed).not.toContain('"drop"');
      expect(JSON.parse(changed)).toMatchObject({ custom_id: "1", response: { status_code: 200 } });
    }
    expect(JSON.parse(second)).toMatchObject({
      response: { body: { choices: [{ finish_reason: "stop" }] } },
    });
    const cut = async (sizes: number[]): Promise<void> => {
      expect((await read(file, { sizes })).text()).toBe(whole);
    };
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), cut), {
      numRuns: 30,
    });
  });

  test.each([
    ["a call in an answer of another kind", line({ step: chat("drop") })],
    ["a call beside the answer", line({ object: "list" }).replace("null}", `{"x":${line(chat("drop"))}}}`)],
    ["a member that stands twice", line(chat("look_up")).replace('"name":', '"name":"drop","name":')],
    ["what is no JSON", `${line(chat("look_up"))}\n{"custom_id"`],
    ["what is no object", `${line(chat("look_up"))}\n[1]`],
  ])("is cut off where a line holds %s", async (_, file) => {
    const fake = await read(file, { isOutput: true });
    expect(fake.text()).not.toContain('"name":"drop"');
    expect(fake.ends[0]?.outcome).not.toBe("completed");
  });

  test("is refused where a line is too long, where it is a part, and where a rule refuses an answer", async () => {
    const long = await read(line(chat("x".repeat(2 << 20))), { isOutput: true });
    expect(long.text()).toContain("answer_unreadable");
    const part = await read(line(chat("look_up")), { isOutput: true, status: 206 });
    expect(part.text()).toContain("answer_unreadable");
    const deny = (): readonly { code: string }[] => [{ code: "no_drop" }];
    const refused = await read(line(chat("look_up")), { options: { deny } });
    expect(refused.text()).not.toContain("look_up");
  });

  test("is told by its first line where nobody knows it; any other file passes unread", async () => {
    const known = await read(line(chat("drop")));
    expect(known.text()).toContain("no_drop");
    for (const file of [`{"a":1}\n${line(chat("drop"))}`, `x${line(chat("drop"))}`, "", "{", "{\n"]) {
      const fake = await read(file);
      expect(fake.text()).toBe(file);
      expect(fake.log).not.toContain("ask whole");
    }
    const sure = await read(`{"a":1}\n${line(chat("drop"))}`, { isOutput: true });
    expect(sure.text()).toContain("no_drop");
  });
});
