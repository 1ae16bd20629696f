// What the gateway writes down by itself, in its log, its database, its metrics and its errors, holds no masked value
// of a text.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";

const model = "gpt-4.1";
const secret = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");
const email = "marker.person@example.com";
const masks = [
  { class: "secret", with: "redact" },
  { class: "email", with: "token" },
];

let folder = "";
let database: TestDatabase;
let gateway: RunningGateway;
let client: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-clear-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks, record_texts_of_groups: ["developers"] } }));
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    env: { TOLLGATE_POLICY_OPERATOR: operator, TOLLGATE_LOG_LEVEL: "debug" },
  });
  client = toTarget(gateway.baseUrl, await gateway.createKey()).client();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Gives every row of every table as text. */
async function dump(): Promise<ReadonlyMap<string, string>> {
  const tables = await database.db.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public'`;
  const dumped = new Map<string, string>();
  for (const { name } of tables) {
    const rows = await database.db.sql<
      { row: string }[]
    >`select t::text as row from ${database.db.sql(name)} t`;
    dumped.set(name, rows.map(({ row }) => row).join("\n"));
  }
  return dumped;
}

const pieces = [secret, secret.slice(4, 14), secret.slice(-10), email, "marker.person"];

function findIn(text: string): string[] {
  return pieces.filter((piece) => text.includes(piece) || text.includes(Buffer.from(piece).toString("hex")));
}

/** Calls with the values, and gives the body of an error where it fails. */
async function attempt(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "";
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return JSON.stringify([error.message, error.error, [...(error.headers ?? [])]]);
  }
}

const both = `${secret} of ${email}`;
const tool = {
  type: "function",
  name: "pay",
  description: both,
  strict: false,
  parameters: { type: "object", properties: { to: { type: "string", description: both } } },
} as const;

const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  "a prompt": () =>
    client.responses.create({ model, input: both, instructions: both, metadata: { note: both } }),
  "a tool": () => client.responses.create({ model, input: `call pay {"to":"${both}"}`, tools: [tool] }),
  "a tool's output": () =>
    client.chat.completions.create({
      model,
      messages: [
        { role: "user", content: "go" },
        {
          role: "assistant",
          tool_calls: [
            {
              id: "call_1",
              type: "function",
              function: { name: "pay", arguments: JSON.stringify({ to: both }) },
            },
          ],
        },
        { role: "tool", tool_call_id: "call_1", content: both },
      ],
    }),
  "a stream": async () => {
    for await (const _ of await client.responses.create({ model, input: `echo: ${both}`, stream: true }));
  },
  "a name of a member": () => client.responses.create({ model, input: "hi", metadata: { [secret]: "x" } }),
};

test.each(Object.keys(WAYS))("no value is written down that comes in %s", async (way) => {
  const call = WAYS[way];
  if (call === undefined) throw new Error("There is no such way.");
  const error = await attempt(call);
  expect(findIn(error)).toEqual([]);
  for (const [table, text] of await dump()) expect([table, findIn(text)]).toEqual([table, []]);
  expect(findIn(gateway.log())).toEqual([]);
  const metrics = await fetch(`${gateway.adminOrigin}/metrics`);
  expect(findIn(await metrics.text())).toEqual([]);
});
