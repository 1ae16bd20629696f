// Fine-tuned models: whose job made one, that one's it is, in the list, by its name, and wherever a request names it.
import type OpenAI from "openai";
import { toFile } from "openai";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { toTarget, useGateway } from "../clients/js/targets.ts";
import { askRefused } from "../websocket/client.ts";

const gateway = useGateway({
  config: (url) => `
connections:
  - {name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY", default: true}
  - {name: lenient, base_url: "${url}", credential: "env:OPENAI_API_KEY", unknown_ids: allow}
`,
});
const unknown = { status: 404, code: "model_not_found" };

let apiKey: string;
let owner: OpenAI;
let stranger: OpenAI;
let model: string;

async function enter(prefix = "/v1"): Promise<{ client: OpenAI; key: string }> {
  const key = await gateway().createKey({ groups: ["admins"] });
  return { client: toTarget(`${gateway().origin}${prefix}`, key).client(), key };
}

/** Runs a job to its end, and gives the model that it made. */
async function tune(client: OpenAI): Promise<{ job: string; made: string }> {
  const line = '{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}\n';
  const file = await toFile(Buffer.from(line.repeat(10)), "training.jsonl");
  const training = await client.files.create({ file, purpose: "fine-tune" });
  const { id } = await client.fineTuning.jobs.create({ model: "gpt-4o-mini", training_file: training.id });
  // Each look takes the job a step on.
  for (let looks = 0; looks < 10; looks += 1) {
    const { fine_tuned_model: made } = await client.fineTuning.jobs.retrieve(id);
    if (made !== null) return { job: id, made };
  }
  throw new Error("The job does not end.");
}

async function namesOf(client: OpenAI): Promise<string[]> {
  return (await client.models.list()).data.map(({ id }) => id);
}

beforeAll(async () => {
  const [one, other] = await Promise.all([enter(), enter()]);
  owner = one.client;
  stranger = other.client;
  apiKey = other.key;
  model = (await tune(owner)).made;
});

describe("the list of models", () => {
  test("holds one's own beside those that everybody knows, and nobody else's", async () => {
    const [own, theirs] = await Promise.all([namesOf(owner), namesOf(stranger)]);
    expect(own).toContain(model);
    expect(theirs).not.toContain(model);
    expect(theirs).toContain("gpt-4.1");
    expect(own.filter((id) => id !== model)).toEqual(theirs);
  });

  test("holds what nobody owns where the connection allows that", async () => {
    const { client } = await enter("/c/lenient/v1");
    expect(await namesOf(client)).toContain(model);
  });
});

describe("another's model", () => {
  test("can't be looked at or deleted", async () => {
    await expect(stranger.models.retrieve(model)).rejects.toMatchObject({ status: 404 });
    await expect(stranger.models.delete(model)).rejects.toMatchObject({ status: 404 });
    expect((await owner.models.retrieve(model)).id).toBe(model);
  });

  test.each<[string, (name: string) => PromiseLike<unknown>]>([
    ["a response", (name) => stranger.responses.create({ model: name, input: "hi" })],
    [
      "a response of a checkpoint",
      (name) => stranger.responses.create({ model: `${name}:ckpt-step-1`, input: "hi" }),
    ],
    [
      "a chat",
      (name) =>
        stranger.chat.completions.create({ model: name, messages: [{ role: "user", content: "hi" }] }),
    ],
    [
      "a job that goes on from it",
      (name) => stranger.fineTuning.jobs.create({ model: name, training_file: "file-1" }),
    ],
    [
      "a grader",
      (name) =>
        stranger.post("/fine_tuning/alpha/graders/run", {
          body: { grader: { type: "score_model", model: name }, model_sample: "yes" },
        }),
    ],
  ])("is unknown to %s, as one that does not exist", async (_, ask) => {
    await expect(ask(model)).rejects.toMatchObject(unknown);
    await expect(ask("ft:gpt-4o-mini:nobody::0")).rejects.toMatchObject(unknown);
  });

  test("is unknown to a socket", async () => {
    const url = `${gateway().baseUrl}/realtime?model=${encodeURIComponent(model)}`;
    const refusal = await askRefused(url, { token: apiKey });
    expect(refusal).toMatchObject({ status: 404, body: { error: { code: "model_not_found" } } });
  });

  test("never reaches the target", () => {
    const body = z.looseObject({ model: z.string().optional() });
    const sent = gateway()
      .upstream.requests()
      .filter(({ method, url }) => method === "POST" && url.endsWith("/responses"))
      .map((request) => body.parse(JSON.parse(request.body.toString("utf8"))).model ?? "");
    expect(sent.filter((name) => name.startsWith("ft:"))).toEqual([]);
  });
});

describe("one's own model", () => {
  test("answers, and its checkpoints do", async () => {
    const { job, made } = await tune(owner);
    const checkpoints = await owner.fineTuning.jobs.checkpoints.list(job);
    expect(checkpoints.data.length).toBeGreaterThan(0);
    const answer = await owner.responses.create({ model: made, input: "echo: mine" });
    expect(answer.output_text).toBe("mine");
    expect((await owner.models.delete(made)).deleted).toBe(true);
  });

  test("is known from the list of jobs alone", async () => {
    const { client } = await enter();
    const { made } = await tune(client);
    await client.fineTuning.jobs.list();
    expect(await namesOf(client)).toContain(made);
  });
});
