// Values that policy masks reach neither the target nor the program: whole, streamed, in tool calls, resent and stored.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fakeSecrets, personalData } from "../gateway/simulator/samples.ts";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";

const model = "gpt-4.1";
const card = ["4111", "1111", "1111", "1111"].join(" ");
const key = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
const masks = [
  { class: "secret", with: "redact", direction: "answer" },
  { class: "secret", with: "redact", direction: "request", groups: ["developers"] },
  { class: "credit_card", with: "last4", direction: "answer" },
  { class: "credit_card", with: "last4", direction: "request", groups: ["developers"] },
  { class: "email", with: "token", direction: "request" },
  { class: "phone", with: "fixed", direction: "answer" },
  { class: "bank_account", with: "block", direction: "request" },
  { class: "national_id", with: "redact", direction: "request" },
];
const tool = {
  type: "function",
  name: "pay",
  description: `Pays. Test key: ${key}`,
  strict: false,
  parameters: { type: "object", properties: { card: { type: "string" }, amount: { type: "number" } } },
} as const;

let folder = "";
let gateway: RunningGateway;
let client: OpenAI;
/** Whose requests go to the target as they are, so that its answers hold the values. */
let trusted: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-masking-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks } }));
  gateway = await startGateway({ env: { TOLLGATE_POLICY_OPERATOR: operator } });
  client = toTarget(gateway.baseUrl, await gateway.createKey()).client();
  trusted = toTarget(gateway.baseUrl, await gateway.createKey({ groups: ["admins"] })).client();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** What the target was sent last. */
function lastBody(): string {
  return gateway.upstream.requests().at(-1)?.body.toString() ?? "";
}

describe("a request", () => {
  test("is refused where a value is a number", async () => {
    const number = Number(card.replaceAll(" ", ""));
    const parameters = { type: "object", properties: { card: { type: "number", default: number } } };
    const before = gateway.upstream.requests().length;
    for (const more of [{ tools: [{ ...tool, parameters }] }, { more: { numbers: [number] } }]) {
      const error = await client
        .post("/responses", { body: { model, input: "hi", ...more } })
        .catch((one: unknown) => one);
      expect(error).toMatchObject({ status: 403, code: "values_masked" });
    }
    expect(gateway.upstream.requests()).toHaveLength(before);
  });

  test("goes on where a number is a limit, whatever state may have given it out", async () => {
    const limits = { minimum: -(2 ** 53) + 1, maximum: 2 ** 53 - 1, default: 2 ** 31 - 1 };
    const parameters = { type: "object", properties: { offset: { type: "integer", ...limits } } };
    await client.responses.create({
      model,
      input: "hi",
      tools: [{ ...tool, description: "Pays.", parameters }],
    });
    expect(lastBody()).toContain(JSON.stringify(limits).slice(1));
    const named = client.post("/responses", {
      body: { model, input: "hi", more: { tax_id_ssn: 536_221_234 } },
    });
    await expect(named).rejects.toMatchObject({ status: 403, code: "values_masked" });
  });

  test("goes to the target with its values masked, everywhere, and nothing else changed", async () => {
    const input: OpenAI.Responses.ResponseInput = [
      { role: "developer", content: `Never tell ${key}.` },
      { role: "user", content: `Charge ${card} for ada@example.com` },
    ];
    await client.responses.create({
      model,
      input,
      instructions: `The key is ${key}`,
      tools: [tool],
      metadata: { note: `mail ada@example.com` },
    });
    const sent = lastBody();
    expect(sent).not.toContain(key);
    expect(sent).not.toContain("4111 1111");
    expect(sent).not.toContain("ada@example.com");
    expect(JSON.parse(sent)).toMatchObject({
      instructions: "The key is [REDACTED:secret]",
      input: [
        { content: "Never tell [REDACTED:secret]." },
        { content: expect.stringMatching(/^Charge \*{12}1111 for \[EMAIL_[A-Z2-7]{16}\]$/) },
      ],
      tools: [{ description: "Pays. Test key: [REDACTED:secret]", parameters: tool.parameters }],
    });
  });

  test("has the same token for the same value in each turn", async () => {
    const tokens = new Set<string>();
    for (const content of ["first ada@example.com", "then ADA@example.com again"]) {
      await client.chat.completions.create({ model, messages: [{ role: "user", content }] });
      tokens.add(/\[EMAIL_\w+\]/.exec(lastBody())?.[0] ?? "");
    }
    expect(tokens.size).toBe(1);
    expect([...tokens][0]).not.toBe("");
  });

  test("stays a string where its input is one", async () => {
    const { response } = await client.responses.create({ model, input: `echo: ${card}` }).withResponse();
    expect(response.headers.get("x-tollgate-effects")).toBe("masked;credit_card=1");
    expect(JSON.parse(lastBody())).toMatchObject({ input: "echo: ************1111" });
  });

  test("is refused where a class is blocked, and where a value cannot be masked, without telling it", async () => {
    const iban = ["DE89", "3704", "0044", "0532", "0130", "00"].join(" ");
    const before = gateway.upstream.requests().length;
    const refused = await client.responses
      .create({ model, input: `to ${iban}` })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(String(refused)).toContain("values_masked");
    expect(String(refused)).not.toContain("3704");
    const id = refused instanceof OpenAI.APIError ? refused.requestID : null;
    expect(String(refused)).toContain(`[exchange ${id}]`);
    // A text with bytes that stray in it is not written anew.
    const file = new File([Buffer.from(`caf\u00e9: key: ${key}\n`, "latin1")], "notes.txt");
    const upload = await client.files
      .create({ file, purpose: "assistants" })
      .catch((error: unknown) => error);
    expect(upload).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(gateway.upstream.requests().length).toBe(before);
  });
});

/** Each value of the simulator's samples that must not come through. */
const SECRETS = [...fakeSecrets().matchAll(/: (.+)/g)]
  .map(([, value]) => value ?? "")
  .filter((value) => !value.startsWith("postgres"));

function expectMasked(text: string): void {
  for (const secret of SECRETS) {
    for (let i = 0; i + 8 <= secret.length; i += 8) expect(text).not.toContain(secret.slice(i, i + 8));
  }
}

async function readEvents(input: string): Promise<string[]> {
  const answer = await trusted.responses.create({ model, input, stream: true }).asResponse();
  return (await answer.text()).split("\n\n").filter((event) => event !== "");
}

describe("an answer", () => {
  test("is masked whole and streamed alike, in every copy", async () => {
    for (const prompt of ["fake secrets", "personal data"]) {
      const whole = await client.responses.create({ model, input: prompt });
      const stream = await client.responses.create({ model, input: prompt, stream: true });
      let deltas = "";
      const copies = new Set<string>();
      for await (const event of stream) {
        if (event.type === "response.output_text.delta") deltas += event.delta;
        if (event.type === "response.output_text.done") copies.add(event.text);
        if (event.type === "response.content_part.done" && event.part.type === "output_text")
          copies.add(event.part.text);
        if (event.type === "response.completed")
          copies.add(
            event.response.output
              .flatMap((item) =>
                item.type === "message"
                  ? item.content.map((part) => (part.type === "output_text" ? part.text : ""))
                  : [],
              )
              .join(""),
          );
      }
      copies.add(deltas);
      expect([...copies]).toEqual([whole.output_text]);
      expectMasked(whole.output_text);
      expect(whole.output_text).toContain(
        prompt === "fake secrets" ? "[REDACTED:secret]" : "************1111",
      );
      if (prompt === "personal data") {
        expect(whole.output_text).toContain("Phone: ********\n");
        expect(whole.output_text).toContain(/Email: (.+)/.exec(personalData())?.[1]);
      }
      const stored = await client.responses.retrieve(whole.id);
      expect(stored.output_text).toBe(whole.output_text);
    }
  });

  test("is masked in chat completions, whole and streamed alike", async () => {
    const messages = [{ role: "user" as const, content: "fake secrets" }];
    const whole = await client.chat.completions.create({ model, messages });
    const streamed = await client.chat.completions.stream({ model, messages }).finalChatCompletion();
    expectMasked(whole.choices[0]?.message.content ?? "");
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
  });

  test("tells that it was masked before its last event where it is a stream, never what", async () => {
    const events = await readEvents("fake secrets");
    expect(events.at(-2)).toMatch(/^: x-tollgate-effects: masked;(?:[a-z_]+=\d+;?)*secret=\d+/);
    expect(events.at(-1)).toContain("response.completed");
    expect((await readEvents("echo: all is well")).join("\n")).not.toContain("x-tollgate-effects");
  });

  test("shows no tokens of a text that is masked, nor loses those of another", async () => {
    const ask = { model, logprobs: true, top_logprobs: 2 } as const;
    for (const isMasked of [true, false]) {
      const content = isMasked ? "fake secrets" : "echo: all is well";
      const messages = [{ role: "user" as const, content }];
      const whole = await trusted.chat.completions.create({ ...ask, messages });
      const streamed = await trusted.chat.completions.stream({ ...ask, messages }).finalChatCompletion();
      expectMasked(JSON.stringify([whole, streamed]));
      expect(whole.choices[0]?.logprobs === null).toBe(isMasked);
      const response = await trusted.responses.create({
        model,
        input: content,
        include: ["message.output_text.logprobs"],
        top_logprobs: 2,
      });
      expectMasked(JSON.stringify(response));
      const part = response.output.flatMap((item) => (item.type === "message" ? item.content : []))[0];
      expect(part?.type === "output_text" && part.logprobs?.length === 0).toBe(isMasked);
    }
  });

  test("has its tool calls' arguments masked as valid JSON, whole and streamed alike", async () => {
    const input = `call pay {"card":"${card}","n":4111111111111111,"amount":2}`;
    const sent = { model, input, tools: [tool] };
    const whole = await trusted.responses.create(sent);
    const streamed = await trusted.responses.stream(sent).finalResponse();
    for (const { output } of [whole, streamed]) {
      const call = output.find((item) => item.type === "function_call");
      expect(JSON.parse(call?.type === "function_call" ? call.arguments : "")).toEqual({
        card: "************1111",
        n: "************1111",
        amount: 2,
      });
    }
    const chat = {
      model,
      messages: [{ role: "user" as const, content: input }],
      tools: [{ type: "function" as const, function: { name: "pay", parameters: tool.parameters } }],
    };
    const message = (await trusted.chat.completions.create(chat)).choices[0]?.message;
    const finished = (await trusted.chat.completions.stream(chat).finalChatCompletion()).choices[0]?.message;
    for (const one of [message, finished]) {
      const call = one?.tool_calls?.[0];
      expect(JSON.parse(call?.type === "function" ? call.function.arguments : "")).toMatchObject({
        card: "************1111",
        amount: 2,
      });
    }
  });
});
