// What the record tells of values that were masked: where each stood and what became of it, never the value.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { personalData } from "../gateway/simulator/samples.ts";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";

const model = "gpt-4.1";
const card = ["4111", "1111", "1111", "1111"].join(" ");
const iban = ["DE89", "3704", "0044", "0532", "0130", "00"].join(" ");
const secret = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");
const tool = {
  type: "function",
  name: "pay",
  strict: false,
  parameters: { type: "object", properties: { to: { type: "string" } } },
} as const;
const masks = [
  { class: "secret", with: "redact" },
  { class: "credit_card", with: "last4" },
  { class: "email", with: "token" },
  { class: "phone", with: "detect" },
  { class: "bank_account", with: "block", direction: "request" },
];

let folder = "";
let database: TestDatabase;
let gateway: RunningGateway;
let client: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-masked-values-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks } }));
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    env: { TOLLGATE_POLICY_OPERATOR: operator },
  });
  client = toTarget(gateway.baseUrl, await gateway.createKey()).client();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const line = z.object({
  direction: z.string(),
  outcome: z.string(),
  class: z.string(),
  detector: z.string().nullable(),
  operator: z.string(),
  code: z.string(),
  kind: z.string().nullable(),
  place: z.string().nullable(),
  count: z.number(),
});
const shown = z.object({ exchange: z.object({ id: z.string() }), masked: z.array(line) });

async function show(id: string): Promise<z.output<typeof line>[]> {
  const { stdout, stderr } = await gateway.cli("exchanges", "show", id, "--json");
  expect(stderr).toBe("");
  expectNothing(stdout);
  return shown.parse(JSON.parse(stdout)).masked;
}

function expectNothing(text: string): void {
  for (const value of [card, card.replaceAll(" ", ""), iban, secret, "ada@example.com", secret.slice(8, 16)])
    expect(text).not.toContain(value);
}

function toExchange({ headers }: Response): string {
  return headers.get("x-tollgate-exchange-id") ?? "";
}

/** Gives the exchange that a refusal names. */
async function refusedBy(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof OpenAI.APIError)) throw new Error("It was not refused.", { cause: error });
  expectNothing(JSON.stringify([error.message, error.error]));
  return error.headers?.get("x-tollgate-exchange-id") ?? "";
}

const code = "values_masked";

describe("the account of an exchange", () => {
  test("tells of a request what was masked where, and what was only found", async () => {
    const { response } = await client.responses
      .create({
        model,
        instructions: `Use ${secret}, and ${secret} again.`,
        input: [
          { role: "user", content: `Charge ${card} for ada@example.com, phone +1 415-555-2671` },
          { role: "user", content: "Thanks" },
        ],
        metadata: { note: "mail ada@example.com" },
      })
      .withResponse();
    const id = toExchange(response);
    const lines = (await show(id)).filter(({ direction }) => direction === "request");
    const told = lines.map(
      (each) => `${each.class} ${each.operator} ${each.kind} ${each.place} ${each.count}`,
    );
    expect(told.toSorted()).toEqual([
      "credit_card last4 message /input/0/content 1",
      "email token message /input/0/content 1",
      "email token metadata /metadata/note 1",
      "phone detect message /input/0/content 1",
      "secret redact instructions /instructions 2",
    ]);
    for (const each of lines) {
      expect(each.code).toBe(code);
      expect(each.detector).not.toBeNull();
      expect(each.outcome).toBe(each.class === "phone" ? "detected" : "masked");
    }
    const { stdout } = await gateway.cli("exchanges", "show", id);
    expectNothing(stdout);
    expect(stdout).toMatch(/secret +2 +masked \(redact\) +request +instructions \/instructions/);
    expect(stdout).toMatch(/phone +1 +detected only +request/);
  });

  test("tells the same of an answer, whole and streamed, and of a tool call's arguments", async () => {
    const { data, response } = await client.responses
      .create({ model, input: "personal data" })
      .withResponse();
    const whole = await show(toExchange(response));
    expect(data.output_text).not.toContain(/Email: (.+)/.exec(personalData())?.[1]);
    expect(whole).toContainEqual({
      class: "email",
      direction: "answer",
      outcome: "masked",
      detector: "email",
      operator: "token",
      code,
      kind: "message",
      place: "/output/0/content/0/text",
      count: 1,
    });
    const stream = await client.responses
      .create({ model, input: "personal data", stream: true })
      .withResponse();
    for await (const _ of stream.data);
    expect(await show(toExchange(stream.response))).toEqual(whole);
    const pay = { model, input: 'call pay {"to":"bob@example.com"}', tools: [tool] };
    const calling = await client.responses.create(pay).withResponse();
    expect(await show(toExchange(calling.response))).toMatchObject([
      { direction: "request", class: "email", place: "/input" },
    ]);
  });

  test("tells what an exchange was refused for", async () => {
    const blocked = await show(await refusedBy(client.responses.create({ model, input: `to ${iban}` })));
    expect(blocked).toMatchObject([{ class: "bank_account", outcome: "blocked", place: "/input", count: 1 }]);
    const named = client.responses.create({ model, input: "hi", metadata: { [secret]: "x" } });
    expect(await show(await refusedBy(named))).toMatchObject([
      { class: "secret", outcome: "unmaskable", place: "/metadata/*" },
    ]);
  });
});
