// What the record tells of values that were masked: where each stood and what became of it, never the value.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { runCommandLine } from "../gateway/cli/program.ts";
import { openBox, openOriginals } from "../gateway/record/keys.ts";
import { toOriginalPlace } from "../gateway/record/originals.ts";
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
/** Whose texts are recorded. */
let watched: OpenAI;
const encryptionKey = randomBytes(32);
const originalsKey = randomBytes(32);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-masked-values-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks, record_texts_of_groups: ["watched"] } }));
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    env: {
      TOLLGATE_POLICY_OPERATOR: operator,
      TEST_ENCRYPTION_KEY: encryptionKey.toString("base64"),
      TOLLGATE_ORIGINALS_KEY: "env:TEST_ORIGINALS_KEY",
      TEST_ORIGINALS_KEY: originalsKey.toString("base64"),
    },
  });
  client = toTarget(gateway.baseUrl, await gateway.createKey()).client();
  const key = await gateway.createKey({ groups: ["developers", "watched"] });
  watched = toTarget(gateway.baseUrl, key).client();
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

const original = z.object({
  exchange_id: z.string(),
  seq: z.number(),
  sealed: z.instanceof(Buffer),
  key_id: z.string(),
  direction: z.enum(["request", "answer"]),
  class: z.string(),
  place: z.string().nullable(),
});

async function listOriginals(exchangeId: string): Promise<z.output<typeof original>[]> {
  const rows = await database.db
    .sql`select o.exchange_id, o.seq, o.sealed, o.key_id, v.direction, v.class, v.place
    from originals o join masked_values v using (exchange_id, seq) where o.exchange_id = ${exchangeId} order by o.seq`;
  return z.array(original).parse([...rows]);
}

function open(
  row: z.output<typeof original>,
  keys: readonly Buffer[] = [originalsKey],
  changes: Partial<z.output<typeof original>> = {},
): string {
  const { sealed, key_id: keyId, exchange_id: exchangeId, ...line } = { ...row, ...changes };
  return openOriginals(encryptionKey, keys).open({ sealed, keyId }, toOriginalPlace({ exchangeId, ...line }));
}

describe("originals", () => {
  test("are kept of personal data alone, sealed under their own key and bound to their place", async () => {
    const input = `${secret} ${card} ada@example.com and bob@example.com; Authorization: Bearer ${secret}@example.com`;
    const { response } = await client.responses.create({ model, input }).withResponse();
    const rows = await listOriginals(toExchange(response));
    expect(rows.map((row) => row.class)).not.toContain("secret");
    const request = rows.filter(({ direction }) => direction === "request");
    expect(request.map((row) => open(row))).toEqual(["ada@example.com", "bob@example.com"]);
    const [first, second] = request;
    if (first === undefined || second === undefined) throw new Error("Two were kept.");
    expect(() => open({ ...first, sealed: second.sealed })).toThrow();
    expect(() => open(first, [originalsKey], { place: "/instructions" })).toThrow();
    expect(() => open(first, [])).toThrow(/is not configured/);
    expect(open(first, [randomBytes(32), originalsKey])).toBe("ada@example.com");
  });

  test("go with their exchange", async () => {
    const { response } = await client.responses.create({ model, input: "ada@example.com" }).withResponse();
    const id = toExchange(response);
    expect(await listOriginals(id)).not.toEqual([]);
    await database.db.sql`delete from exchanges where id = ${id}`;
    expect(await listOriginals(id)).toEqual([]);
    const left = await database.db.sql`select 1 from masked_values where exchange_id = ${id}`;
    expect(left).toHaveLength(0);
  });
});

describe("texts of a request that are recorded", () => {
  async function readTexts(exchangeId: string): Promise<string[]> {
    const rows = await database.db.sql<{ tenant: string; hash: string; sealed: Buffer; key_id: string }[]>`
      select t.* from exchange_texts e, json_array_elements(e.segments) s
      join texts t on t.hash = s->>'hash' where e.exchange_id = ${exchangeId} and e.direction = 'request'`;
    const box = openBox(encryptionKey);
    return rows.map(({ tenant, hash, sealed, key_id: keyId }) =>
      box.open({ sealed, keyId }, `${tenant}\0${hash}`),
    );
  }

  test("are masked as the target gets them, those of a refused request too", async () => {
    const { response } = await watched.responses.create({ model, input: `key ${secret}` }).withResponse();
    expect(await readTexts(toExchange(response))).toEqual(["key [REDACTED:secret]"]);
    const refused = await refusedBy(watched.responses.create({ model, input: `${iban} and ${secret}` }));
    expect(await readTexts(refused)).toEqual(["[REDACTED:bank_account] and [REDACTED:secret]"]);
  });
});

describe("find", () => {
  const found = z.object({
    passages: z.array(
      z.object({
        exchange_id: z.string(),
        subject: z.string(),
        direction: z.string(),
        class: z.string(),
        outcome: z.string(),
        place: z.string().nullable(),
      }),
    ),
    unnamed: z.number(),
  });

  async function run(
    value: string,
    ...args: readonly string[]
  ): Promise<{ code: number; out: string; err: string }> {
    let out = "";
    let err = "";
    const code = await runCommandLine(["exchanges", "find", ...args], {
      stdout: { write: (text) => (out += text) },
      stderr: { write: (text) => (err += text) },
      stdin: Readable.from([Buffer.from(value)]),
      env: {
        DATABASE_URL: database.url,
        TOLLGATE_ENCRYPTION_KEY: "env:KEY",
        KEY: encryptionKey.toString("base64"),
      },
      cwd: folder,
      signal: new AbortController().signal,
    });
    for (const text of [out, err]) expectNothing(text);
    return { code, out, err };
  }

  async function find(value: string): Promise<z.output<typeof found>["passages"]> {
    const { out, err, code } = await run(value, "--value", "-", "--json");
    expect([code, err]).toEqual([0, ""]);
    return found.parse(JSON.parse(out)).passages;
  }

  test("tells where a value passed, however it is written, and of no other", async () => {
    const pem = [
      "-----BEGIN PRIVATE KEY-----",
      ...Array.from({ length: 12 }, () => "Ab3dE9".repeat(10)),
      "-----END PRIVATE KEY-----",
    ].join("\n");
    const phone = "+1 (415) 555-2688";
    const { response } = await client.responses
      .create({ model, instructions: pem, input: `Charge 5500-0000-0000-0004, call ${phone}` })
      .withResponse();
    const id = toExchange(response);
    const passage = { exchange_id: id, direction: "request" };
    expect(await find(`${pem}\n`)).toMatchObject([{ ...passage, class: "secret", place: "/instructions" }]);
    expect(await find(pem.replaceAll("\n", "\\n"))).toMatchObject([{ ...passage, class: "secret" }]);
    const seen = { ...passage, class: "credit_card", outcome: "masked" };
    expect(await find("5500 0000 0000 0004")).toContainEqual(expect.objectContaining(seen));
    expect(await find("the card was 5500000000000004")).toContainEqual(expect.objectContaining(seen));
    expect(await find("+14155552688")).toContainEqual(
      expect.objectContaining({ ...passage, class: "phone", outcome: "detected" }),
    );
    expect(await find("+14155552699")).toEqual([]);
    const { out } = await run("5500 0000 0000 0004", "--value", "-");
    expect(out).toContain(id);
  });

  test("finds what was streamed in pieces and what was refused", async () => {
    const email = /Email: (.+)/.exec(personalData())?.[1] ?? "";
    const stream = await client.responses
      .create({ model, input: "personal data", stream: true })
      .withResponse();
    for await (const _ of stream.data);
    expect(await find(email)).toContainEqual(
      expect.objectContaining({ exchange_id: toExchange(stream.response), direction: "answer" }),
    );
    const refused = await refusedBy(client.responses.create({ model, input: `to ${iban}` }));
    expect(await find(iban)).toContainEqual(
      expect.objectContaining({ exchange_id: refused, outcome: "blocked" }),
    );
  });

  test("takes no value on the command line", async () => {
    const { code, err } = await run("", "--value", "some-value");
    expect(code).toBe(2);
    expect(err).not.toContain("some-value");
    expect((await run(" \n", "--value", "-")).code).toBe(2);
  });
});
