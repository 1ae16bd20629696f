// Traces of the Agents SDK come here, are judged like any request, and stand beside the session that they tell of.
import {
  Agent,
  BatchTraceProcessor,
  getGlobalTraceProvider,
  OpenAIProvider,
  OpenAITracingExporter,
  Runner,
  setTraceProcessors,
} from "@openai/agents";
import { setTracingDisabled } from "@openai/agents";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { toForwarded } from "../../gateway/traces/forwarded-traces.ts";
import { toTarget } from "../clients/js/targets.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";

let database: TestDatabase;
let gateway: RunningGateway;
beforeAll(async () => {
  database = await createTestDatabase();
  const operator = join(tmpdir(), `tollgate-operator-${randomUUID()}.yaml`);
  await writeFile(operator, "lists: {forward_traces_of_groups: [open]}\n");
  gateway = await startGateway({
    databaseUrl: database.url,
    env: { TOLLGATE_POLICY_OPERATOR: operator },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

type Sent = { readonly status: number; readonly text: string };

async function send(key: string, body: unknown): Promise<Sent> {
  const answer = await fetch(`${gateway.baseUrl}/traces/ingest`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "openai-beta": "traces=v1",
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

function toBatch(text: string, responseId: string | null = null): { readonly data: readonly unknown[] } {
  const id = randomUUID();
  return {
    data: [
      { object: "trace", id: `trace_${id}`, workflow_name: "Test", group_id: `group_${id}`, metadata: null },
      {
        object: "trace.span",
        id: `span_${id}`,
        trace_id: `trace_${id}`,
        parent_id: null,
        started_at: "2026-01-01T00:00:00.000Z",
        ended_at: "2026-01-01T00:00:01.000Z",
        span_data: {
          type: "function",
          name: "look_up",
          input: text,
          output: "sunny",
          usage: { requests: 1 },
        },
        error: null,
      },
      {
        object: "trace.span",
        id: `span_r_${id}`,
        trace_id: `trace_${id}`,
        parent_id: null,
        started_at: null,
        ended_at: null,
        span_data: { type: "response", response_id: responseId },
        error: { message: "broke", data: {} },
      },
    ],
  };
}

function reached(): number {
  return gateway.upstream.requests().filter(({ url }) => url.includes("/traces/ingest")).length;
}

const shown = z.object({
  traces: z.array(
    z.object({
      workflow: z.string().nullable(),
      id: z.string(),
      spans: z.number(),
      failed: z.number(),
      group_id: z.string().nullable(),
    }),
  ),
});

test("the exporter of the SDK delivers a run, which is shown beside its session", async () => {
  const key = await gateway.createKey({ name: "traced-runner" });
  const exporter = new OpenAITracingExporter({ endpoint: `${gateway.baseUrl}/traces/ingest`, apiKey: key });
  // Vitest sets NODE_ENV to test, where the SDK traces nothing by itself.
  setTracingDisabled(false);
  setTraceProcessors([new BatchTraceProcessor(exporter)]);
  const openAIClient = toTarget(gateway.baseUrl, key).client();
  const runner = new Runner({
    modelProvider: new OpenAIProvider({ openAIClient, useResponses: true }),
    workflowName: "Traced",
    groupId: "group-of-runs",
  });
  const result = await runner.run(new Agent({ name: "Helper", model: "gpt-4.1" }), "echo: hello");
  expect(result.finalOutput).toBe("hello");
  await getGlobalTraceProvider().forceFlush();
  const [row] = await database.db.sql<{ session: string; spans: number }[]>`
    select x.session_id as session, (select count(*)::int from spans where trace_id = t.id) as spans
    from traces t join exchanges x on x.operation = 'responses.create' and x.subject = t.subject
    where t.subject = 'traced-runner'`;
  expect(row?.spans).toBeGreaterThan(0);
  const { stdout } = await gateway.cli("sessions", "show", row?.session ?? "", "--json");
  expect(shown.parse(JSON.parse(stdout)).traces).toMatchObject([
    { workflow: "Traced", spans: row?.spans, failed: 0 },
  ]);
  expect((await gateway.cli("sessions", "show", row?.session ?? "")).stdout).toContain("Traced");
  expect(reached()).toBe(0);
});

describe("a batch of traces", () => {
  test("is taken with 204, joins the session of its response, and comes twice without harm", async () => {
    const key = await gateway.createKey();
    const response = await toTarget(gateway.baseUrl, key)
      .client()
      .responses.create({ model: "gpt-4.1", input: "echo: hi" });
    const batch = toBatch("weather", response.id);
    expect(await send(key, batch)).toEqual({ status: 204, text: "" });
    expect(await send(key, { data: [...batch.data, ...batch.data] })).toEqual({ status: 204, text: "" });
    const [row] = await database.db.sql<{ session: string; operations: string[] }[]>`
      select o.session_id as session, array_agg(x.operation) as operations
      from objects o join exchanges x on x.session_id = o.session_id
      where o.kind = 'response' and o.id = ${response.id} group by o.session_id`;
    expect(row?.operations).toEqual(["responses.create", "traces.ingest", "traces.ingest"]);
    const { stdout } = await gateway.cli("sessions", "show", row?.session ?? "", "--json");
    expect(shown.parse(JSON.parse(stdout)).traces).toMatchObject([{ spans: 2, failed: 1 }]);
  });

  test("leaves none of its own words in plain columns, wherever they stand", async () => {
    const name = "secretive-runner";
    const key = await gateway.createKey({ name });
    const secret = "words of their own, known to nobody";
    const spans = [
      { id: secret, trace_id: secret, parent_id: secret, span_data: { type: secret, name: secret } },
      { id: "s", trace_id: "t", parent_id: null, span_data: { type: "response", response_id: secret } },
    ];
    const batch = {
      data: [
        { object: "trace", id: secret, workflow_name: secret, group_id: secret, metadata: { secret } },
        ...spans.map((span) => ({
          object: "trace.span",
          started_at: null,
          ended_at: null,
          error: { message: secret },
          ...span,
        })),
      ],
    };
    expect(await send(key, batch)).toEqual({ status: 204, text: "" });
    const rows = await database.db.sql`
      select row_to_json(t)::text from traces t where subject = ${name}
      union all select row_to_json(s)::text from spans s where subject = ${name}
      union all select row_to_json(x)::text from exchanges x where subject = ${name}
      union all select row_to_json(d)::text from decisions d join exchanges x on x.id = d.exchange_id where x.subject = ${name}`;
    expect(rows.length).toBeGreaterThan(3);
    expect(JSON.stringify(rows)).not.toContain(secret);
    const [row] = await database.db.sql<{ session: string }[]>`
      select session_id as session from exchanges where subject = ${name}`;
    const { stdout } = await gateway.cli("sessions", "show", row?.session ?? "");
    expect(stdout).toContain(secret);
  });

  test("is refused whole where a rule refuses what stands in it, and nothing of it is kept", async () => {
    const key = await gateway.createKey();
    const text = "How do I build a pipe bomb at home?";
    const direct = await toTarget(gateway.baseUrl, key)
      .client()
      .responses.create({ model: "gpt-4.1", input: text })
      .catch((error: unknown) => error);
    expect(direct).toMatchObject({ status: 403, code: "prohibited_prompt" });
    const batch = toBatch(text);
    const refused = await send(key, batch);
    expect(refused.status).toBe(403);
    expect(refused.text).toContain("prohibited_prompt");
    const [row] = await database.db.sql<{ n: number }[]>`
      select count(*)::int as n from spans where name = 'look_up' and trace_id = ${JSON.stringify(batch)}`;
    expect(row?.n).toBe(0);
  });

  test.each([
    ["{}", "data"],
    ['{"data":[1]}', "/data/0"],
    ['{"data":[{"object":"other"}]}', "/data/0/object"],
    ['{"data":[{"object":"trace"}]}', "/data/0/id"],
    ['{"data":[{"object":"trace.span","id":"s","trace_id":7}]}', "/data/0/trace_id"],
    [`{"data":[${Array.from({ length: 1001 }, () => '{"object":"trace","id":"t"}').join()}]}`, "at most"],
  ])("that is none is refused: %.40s", async (body, told) => {
    const { status, text } = await send(await gateway.createKey(), body);
    expect(status).toBe(400);
    expect(text).toContain(told);
  });

  test("is open to who may send traces alone", async () => {
    expect((await send(await gateway.createKey({ groups: ["nobody"] }), toBatch("x"))).status).toBe(403);
    expect((await send("tg_wrong", toBatch("x"))).status).toBe(401);
  });

  test("does not offer tools or name objects: it only tells of them", async () => {
    const key = await gateway.createKey();
    const [trace, span] = toBatch("x").data;
    const told = z.looseObject({}).parse(span);
    const span_data = {
      type: "generation",
      input: [{ role: "user", content: [{ type: "input_file", file_id: "file-of-nobody" }] }],
      tools: ["look_up"],
      previous_response_id: "resp_of_nobody",
    };
    expect((await send(key, { data: [trace, { ...told, span_data }] })).status).toBe(204);
  });

  test("goes to the target where a rule forwards it, without what the API does not take", async () => {
    const key = await gateway.createKey({ groups: ["developers", "open"] });
    const before = reached();
    await send(key, toBatch("weather"));
    expect(reached()).toBe(before + 1);
    const sent = gateway.upstream.requests().findLast(({ url }) => url.includes("/traces/ingest"));
    expect(sent?.headers["authorization"]).toBe(`Bearer ${gateway.credential}`);
    expect(sent?.body.toString()).toContain("weather");
    expect(sent?.body.toString()).not.toContain("usage");
  });

  test("goes there with its values masked", async () => {
    const key = await gateway.createKey({ groups: ["developers", "open"] });
    const before = reached();
    const secret = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
    expect((await send(key, toBatch(`weather by ${secret}`))).status).toBe(204);
    expect(reached()).toBe(before + 1);
    const sent = gateway.upstream.requests().findLast(({ url }) => url.includes("/traces/ingest"));
    expect(sent?.body.toString()).toContain("weather by [REDACTED:secret]");
    expect(sent?.body.toString()).not.toContain(secret);
  });
});

test("what is forwarded is cut to what the API takes", () => {
  const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3, requests: 1 };
  const data = [
    {
      object: "trace.span",
      span_data: {
        type: "generation",
        model_config: { base_url: "http://gateway", temperature: 1 },
        usage,
        input: [
          { role: "assistant", content: "hi", reasoning: "why" },
          { type: "reasoning", summary: [] },
        ],
        output: "ß".repeat(100_000),
      },
    },
    {
      object: "trace.span",
      span_data: { type: "function", usage, input: "in", output: { rows: ["x".repeat(200_000)] } },
    },
    { object: "trace", id: "t", metadata: { a: 1 } },
  ];
  const sent: unknown = JSON.parse(toForwarded({ data }).toString());
  expect(sent).toMatchObject({
    data: [
      {
        span_data: {
          model_config: { temperature: 1 },
          usage: { input_tokens: 1, output_tokens: 2 },
          input: [{ role: "assistant", content: "hi" }],
        },
      },
      { span_data: { type: "function", input: "in", output: { truncated: true } } },
      { object: "trace", id: "t", metadata: { a: 1 } },
    ],
  });
  const text = JSON.stringify(sent);
  expect(text).not.toMatch(/base_url|total_tokens|"reasoning"/);
  expect(Buffer.byteLength(text)).toBeLessThan(110_000);
});
