// Every field of the published API's requests that names a model: policy sees what stands there, and who names it must be allowed to.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Json } from "../../gateway/exchange.ts";
import { createRequestParser } from "../../gateway/parse/request.ts";
import { matchRoute } from "../../gateway/parse/route.ts";

/** As fields.test.ts says. */
const fields = z
  .record(z.string(), z.record(z.string(), z.record(z.string(), z.array(z.string())).optional()))
  .parse(JSON.parse(readFileSync(new URL("fields.json", import.meta.url), "utf8")));

const MODEL = /(?:^|_)model$/;
const MARKER = "a-model-of-nobody";
const parser = createRequestParser({ secret: Buffer.alloc(32), cacheItems: 10, limits: { depth: 64 } });
/** What a body needs to be read at all. */
const NEEDED: Readonly<Record<string, object>> = {
  "chat.completions.create": { messages: [] },
};

function place(tokens: readonly string[]): Json {
  return tokens.reduceRight<Json>((value, token) => (token === "0" ? [value] : { [token]: value }), MARKER);
}

/** Gives the models that rules see in a body. */
function findModels(name: string, body: object): readonly (string | null)[] {
  const [method = "", path = ""] = name.split(" ");
  const { route } = matchRoute(method, `/v1${path.replace(/\?.*$/, "").replaceAll(/\{[^}]*\}/g, "id_1")}`);
  const { facts, tools } = parser.parse({
    route: { ...route, spec: { ...route.spec, body: "json" } },
    query: "",
    contentType: "application/json",
    bytes: Buffer.from(JSON.stringify({ ...NEEDED[route.operation], ...body })),
    tenant: "default",
  });
  return [facts.model, ...facts.models, ...tools.map(({ model }) => model)];
}

describe("a model in a request", () => {
  const cases = Object.entries(fields).flatMap(([name, { request }]) =>
    Object.values(request ?? {})
      .flat()
      .filter((pointer) => MODEL.test(pointer.split("/").at(-1) ?? ""))
      .map((pointer) => ({ name, pointer })),
  );

  it("stands in most operations that run one, often deep", () => {
    expect(cases.length).toBeGreaterThan(50);
    expect(cases.filter(({ pointer }) => pointer !== "/model").length).toBeGreaterThan(20);
  });

  it.each(cases)("is a fact: $name $pointer", ({ name, pointer }) => {
    const body = z.looseObject({}).parse(place(pointer.split("/").slice(1)));
    expect(findModels(name, body)).toContain(MARKER);
  });

  it.each([
    { of: "a list", body: { grader: { model: [MARKER] } } },
    { of: "an object", body: { grader: { model: { id: MARKER } } } },
    { of: "a longer name", body: { grader: { embedding_model: MARKER } } },
  ])("is one also as $of", ({ body }) => {
    expect(findModels("POST /fine_tuning/alpha/graders/run", body)).toContain(MARKER);
  });

  it.each([
    { where: "metadata", name: "POST /evals", body: { metadata: { model: MARKER } } },
    {
      where: "a schema of data",
      name: "POST /evals",
      body: { data_source_config: { item_schema: { properties: { model: { type: MARKER } } } } },
    },
    {
      where: "data that is judged",
      name: "POST /evals/{eval_id}/runs",
      body: { data_source: { source: { content: [{ item: { model: MARKER } }] } } },
    },
    {
      where: "a function's parameters",
      name: "POST /responses",
      body: { tools: [{ type: "function", name: "f", parameters: { model: MARKER } }] },
    },
    {
      where: "a conversation",
      name: "POST /responses",
      body: { input: [{ role: "user", content: "", model: MARKER }] },
    },
  ])("is none in $where", ({ name, body }) => {
    expect(findModels(name, body)).not.toContain(MARKER);
  });

  it.each([
    { of: "completions", source: { type: "completions" }, models: [""] },
    { of: "responses", source: { type: "responses", source: { model: MARKER } }, models: ["", MARKER] },
    { of: "a model that is no name", source: { type: "responses", model: null }, models: [""] },
    { of: "no kind that is known", source: {}, models: [""] },
    { of: "completions with a model", source: { type: "completions", model: MARKER }, models: [MARKER] },
    { of: "rows as they are", source: { type: "jsonl" }, models: [] },
  ])("is an empty name where an eval runs the provider's choice: $of", ({ source, models }) => {
    expect(findModels("POST /evals/{eval_id}/runs", { data_source: source })).toEqual([null, ...models]);
  });

  it("is the transcribing one's where a session does nothing else", () => {
    const audio = { input: { transcription: { model: MARKER } } };
    const [model] = findModels("POST /realtime/client_secrets", {
      session: { type: "transcription", audio },
    });
    expect(model).toBe(MARKER);
  });
});
