// What a batch has put out, and parts of files, as a program fetches them through a whole gateway.
import OpenAI, { toFile } from "openai";
import { beforeAll, describe, expect, test } from "vitest";
import { useGateway } from "../clients/js/targets.ts";

const gateway = useGateway({ env: { TOLLGATE_CONFIG: undefined } });
const DROP = 'call run_sql {"query":"DROP DATABASE production"}';
const SELECT = 'call run_sql {"query":"SELECT 1"}';
const parameters = { type: "object", properties: { query: { type: "string" } } };

let admin: OpenAI;
beforeAll(async () => {
  const apiKey = await gateway().createKey({ groups: ["admins"] });
  admin = new OpenAI({ baseURL: gateway().baseUrl, apiKey, maxRetries: 0 });
});

async function run(endpoint: "/v1/chat/completions" | "/v1/responses", bodies: readonly object[]) {
  const lines = bodies.map((body, index) =>
    JSON.stringify({ custom_id: `${index}`, method: "POST", url: endpoint, body }),
  );
  const file = await admin.files.create({
    file: await toFile(Buffer.from(lines.join("\n")), "lines.jsonl"),
    purpose: "batch",
  });
  const made = await admin.batches.create({ input_file_id: file.id, endpoint, completion_window: "24h" });
  let batch = made;
  await expect
    .poll(async () => (batch = await admin.batches.retrieve(made.id)).status, { timeout: 30_000 })
    .toBe("completed");
  return batch.output_file_id ?? "";
}

describe("the output of a batch", () => {
  test.each([
    {
      endpoint: "/v1/chat/completions",
      toBody: (content: string) => ({
        model: "gpt-4.1",
        messages: [{ role: "user", content }],
        tools: [{ type: "function", function: { name: "run_sql", parameters } }],
      }),
    },
    {
      endpoint: "/v1/responses",
      toBody: (input: string) => ({
        model: "gpt-4.1",
        input,
        tools: [{ type: "function", name: "run_sql", strict: false, parameters }],
      }),
    },
  ] as const)("of $endpoint holds no call that policy denies", async ({ endpoint, toBody }) => {
    const id = await run(endpoint, [toBody(SELECT), toBody(DROP), toBody("echo: hi")]);
    const lines = (await (await admin.files.content(id)).text()).trim().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain("SELECT 1");
    expect(lines[1]).toContain("sql_destructive");
    expect(lines.join("\n")).not.toContain("DROP DATABASE");
    // A part of it is answered by the whole.
    for (const range of ["bytes=1-", "bytes=-200"]) {
      const answer = await admin.files.content(id, { headers: { range } });
      expect(answer.status).toBe(200);
      const text = await answer.text();
      expect(text).toContain("SELECT 1");
      expect(text).not.toContain("DROP DATABASE");
    }
  });
});
