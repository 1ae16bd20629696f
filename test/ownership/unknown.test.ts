// What was made past the gateway, on a connection that opens it: who continues a turn that nobody can look up, has it.
import { describe, expect, test } from "vitest";
import OpenAI from "openai";
import { useGateway } from "../clients/js/targets.ts";

const model = "gpt-4.1";
const gateway = useGateway({
  config: (url) => `
connections:
  - {name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY", default: true, unknown_ids: allow}
`,
});

const toClient = (baseURL: string, apiKey: string): OpenAI => new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const past = (): OpenAI => toClient(gateway().targetUrl, gateway().credential);
async function enter(): Promise<OpenAI> {
  return toClient(gateway().baseUrl, await gateway().createKey({ groups: ["admins"] }));
}

describe("on a connection that opens what nobody owns", () => {
  test("a response is its first user's", async () => {
    const made = await past().responses.create({ model, input: "echo: before" });
    const [one, two] = [await enter(), await enter()];
    const wrong = one.responses.create({ model: "no-such-model", input: "x", previous_response_id: made.id });
    await expect(wrong).rejects.toMatchObject({ status: 404 });
    const next = await two.responses.create({
      model,
      input: "echo: after",
      previous_response_id: made.id,
      stream: true,
    });
    for await (const _ of next);
    expect((await two.responses.retrieve(made.id)).id).toBe(made.id);
    await expect(one.responses.retrieve(made.id)).rejects.toMatchObject({ status: 404, code: "not_found" });
  });

  test("a conversation is its first user's, and a file stays everybody's", async () => {
    const made = await past().conversations.create({});
    const file = await past().files.create({
      file: new File(["hello"], "a.txt"),
      purpose: "assistants",
    });
    const [one, two] = [await enter(), await enter()];
    expect((await one.conversations.retrieve(made.id)).id).toBe(made.id);
    await expect(two.conversations.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
    for (const client of [one, two]) expect((await client.files.retrieve(file.id)).id).toBe(file.id);
  });
});
