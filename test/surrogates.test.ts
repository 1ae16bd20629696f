// Values that policy replaces by others of the same shape: in requests and answers, whole and streamed, with the real SDK.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";

const model = "gpt-4.1";
const email = "ada.l@example.com";
const card = ["4111", "1111", "1111", "1111"].join(" ");
const phone = "+49 30 1234567";
const secret = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
const VALUES = [email, card, card.replaceAll(" ", ""), phone, secret];
const EMAIL = /[a-z]{10}@redacted\.invalid/;
const CARD = /0000-\d{4}-\d{4}-\d{4}/;
const PHONE = /\+49\.00\.\d{7}/;
const masks = [
  { class: "email", with: "surrogate" },
  { class: "credit_card", with: "surrogate" },
  { class: "phone", with: "surrogate" },
  { class: "secret", with: "surrogate" },
].map((mask) => ({ ...mask, groups: ["developers"] }));
const answers = ["email", "credit_card", "phone", "secret"].map((ofClass) => ({
  class: ofClass,
  with: "surrogate",
  direction: "answer",
}));
const parameters = {
  type: "object",
  properties: { to: { type: "string" }, card: { type: "string" }, n: { type: "string" } },
};

let folder = "";
let gateway: RunningGateway;
let client: OpenAI;
/** Whose requests go to the target as they are, so that its answers hold the values. */
let trusted: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-surrogates-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks: [...masks, ...answers] } }));
  gateway = await startGateway({ env: { TOLLGATE_POLICY_OPERATOR: operator } });
  client = toTarget(gateway.baseUrl, await gateway.createKey()).client();
  trusted = toTarget(gateway.baseUrl, await gateway.createKey({ groups: ["admins"] })).client();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function lastBody(): string {
  return gateway.upstream.requests().at(-1)?.body.toString() ?? "";
}

function expectNone(text: string): void {
  for (const value of VALUES) expect(text).not.toContain(value);
}

describe("a request", () => {
  test("goes to the target with values of the same shape, the same on every turn; of a secret nothing", async () => {
    const text = `Write to ${email} or ${phone} about ${card}; the key is ${secret}`;
    const { data, response } = await client.responses
      .create({ model, input: `echo: ${text}` })
      .withResponse();
    const sent = lastBody();
    expectNone(sent);
    expect(JSON.parse(sent)).toMatchObject({
      input: expect.stringMatching(
        new RegExp(
          `^echo: Write to ${EMAIL.source} or ${PHONE.source} about ${CARD.source}; the key is \\[REDACTED:secret\\]$`,
        ),
      ),
    });
    expect(response.headers.get("x-tollgate-effects")).toBe("masked;credit_card=1;email=1;phone=1;secret=1");
    // The answer says what the target saw: nothing of it is found again, and nothing is counted.
    expect(`echo: ${data.output_text}`).toBe(JSON.parse(sent).input);
    await client.chat.completions.create({
      model,
      messages: [
        { role: "user", content: text },
        { role: "assistant", content: data.output_text },
        { role: "user", content: text.toUpperCase().replace(secret.toUpperCase(), "") },
      ],
    });
    const next = lastBody();
    for (const shape of [EMAIL, CARD, PHONE]) {
      const all = [...next.matchAll(new RegExp(shape, "g"))].map(([one]) => one);
      expect(all.length).toBe(3);
      expect(new Set(all)).toEqual(new Set([shape.exec(sent)?.[0]]));
    }
  });
});

describe("an answer", () => {
  test("has them whole and streamed alike", async () => {
    const input = `echo: mail ${email}, call ${phone}, charge ${card}.`;
    const whole = await trusted.responses.create({ model, input });
    expectNone(whole.output_text);
    for (const shape of [EMAIL, CARD, PHONE]) expect(whole.output_text).toMatch(shape);
    let deltas = "";
    for await (const event of await trusted.responses.create({ model, input, stream: true })) {
      if (event.type === "response.output_text.delta") deltas += event.delta;
      if (event.type === "response.completed") expectNone(JSON.stringify(event.response.output));
    }
    expect(deltas).toBe(whole.output_text);
    const messages = [{ role: "user" as const, content: input }];
    const chat = await trusted.chat.completions.stream({ model, messages }).finalChatCompletion();
    expect(chat.choices[0]?.message.content).toBe(whole.output_text);
  });

  test("has them in a tool call's arguments, which stay valid JSON", async () => {
    const input = `call pay {"to":"${email}","card":"${card}","n":4111111111111111}`;
    const tools = [{ type: "function", name: "pay", strict: false, parameters } as const];
    const whole = await trusted.responses.create({ model, input, tools });
    const streamed = await trusted.responses.stream({ model, input, tools }).finalResponse();
    for (const { output } of [whole, streamed]) {
      const call = output.find((item) => item.type === "function_call");
      const read: unknown = JSON.parse(call?.type === "function_call" ? call.arguments : "");
      expect(read).toEqual({
        to: expect.stringMatching(new RegExp(`^${EMAIL.source}$`)),
        card: expect.stringMatching(new RegExp(`^${CARD.source}$`)),
        n: expect.stringMatching(new RegExp(`^${CARD.source}$`)),
      });
      expectNone(JSON.stringify(read));
    }
  });
});
