// The facts' schema: what `opa check` reads as rego/schemas/facts.json is generated from it, and it must agree with the type.

import { z } from "zod";
import { INITIATORS, SEGMENT_KINDS } from "../exchange.ts";
import type { Facts, Json, JsonObject } from "../exchange.ts";
import { listOperations } from "../routes.ts";

const count = z.number().int().nonnegative();
const counts = z.record(z.string(), count);
const json = z.custom<Json>();

function list<T extends z.ZodType>(element: T): z.ZodReadonly<z.ZodArray<T>> {
  return z.array(element).readonly();
}

const sql = z.strictObject({
  kinds: list(z.string()),
  tables: list(z.string()),
  where_missing: z.boolean(),
  incomplete: z.boolean(),
});

const shell = z.strictObject({
  programs: list(z.string()),
  dangers: list(z.string()),
  incomplete: z.boolean(),
});

const call = z.strictObject({
  id: z.string(),
  type: z.string(),
  name: z.string().nullable(),
  bytes: count,
  sql: sql.nullable(),
  shell: shell.nullable(),
  patterns: counts,
});

const tool = z.strictObject({
  type: z.string(),
  name: z.string().nullable(),
  server_label: z.string().nullable(),
  server_host: z.string().nullable(),
  connector_id: z.string().nullable(),
  require_approval: z.enum(["always", "never", "mixed"]).nullable(),
  model: z.string().nullable(),
});

const object = z.strictObject({
  kind: z.string(),
  own: z.boolean(),
  known: z.boolean(),
  owner: z.strictObject({ subject: z.string(), groups: list(z.string()) }).nullable(),
});

const earlier = z.strictObject({
  complete: z.boolean(),
  turns: count,
  tokens: count,
  labels: list(z.string()),
  findings: counts,
  tools: list(z.string()),
});

const place = z.strictObject({ score: count, signals: counts }).exactOptional();

const injection = z.strictObject({
  score: count,
  places: z.strictObject({
    tool_output: place,
    file: place,
    message: place,
    tool_definition: place,
    other: place,
  }),
});

const request = z.strictObject({
  model: z.string().nullable(),
  models: list(z.string()),
  stream: z.boolean(),
  store: z.boolean().nullable(),
  background: z.boolean(),
  bytes: count,
  items: count,
  chars: count,
  max_output_tokens: z.number().nullable(),
  n: z.number(),
  temperature: z.number().nullable(),
  tokens: z.strictObject({ count, exact: z.boolean() }),
  roles: counts,
  media: z.strictObject({ images: count, audio: count, files: count }),
  files: list(
    z.strictObject({
      field: z.string(),
      name: z.string().nullable(),
      type: z.string().nullable(),
      bytes: count,
      read: z.boolean(),
    }),
  ),
  token_ids: count,
  server_state: z.boolean(),
  hidden: list(z.strictObject({ kind: z.string(), id: z.string(), version: z.string().nullable() })),
  logprobs: z.boolean(),
  betas: list(z.string()),
  beta: z.boolean(),
  unknown_items: list(z.string()),
  truncated: z.boolean(),
});

const segment = z.strictObject({
  pointer: z.string(),
  kind: z.enum(SEGMENT_KINDS),
  role: z.enum(["system", "developer", "user", "assistant", "tool", "none"]),
  text: z.string(),
  part: z
    .strictObject({ of: z.enum(["name", "file", "json", "json_name"]), at: z.string().exactOptional() })
    .exactOptional(),
});

const usage = z.strictObject({
  input_tokens: count,
  cached_tokens: count,
  output_tokens: count,
  reasoning_tokens: count,
  total_tokens: count,
  estimated: z.boolean(),
});

const schema = z.strictObject({
  v: z.literal(1),
  id: z.string(),
  phase: z.enum(["request", "answer", "finding", "tool_call", "end", "whole"]),
  time: z.strictObject({
    ms: z.number(),
    rfc3339: z.string(),
    weekday: z.string(),
    hour: z.number(),
    zone: z.string(),
  }),
  caller: z.strictObject({
    tenant: z.string(),
    issuer: z.string(),
    subject: z.string(),
    kind: z.enum(["human", "service", "ci", "agent"]),
    groups: list(z.string()),
    scopes: list(z.string()),
    claims: z.custom<JsonObject>(),
    acts_for: z.string().nullable(),
    agent: z
      .strictObject({ name: z.string(), owner: z.string(), purpose: z.string(), tools: list(z.string()) })
      .nullable(),
    initiator: z.enum(INITIATORS),
    certificate: z.string().nullable(),
  }),
  connection: z.strictObject({ name: z.string(), kind: z.string(), labels: list(z.string()) }),
  operation: z.enum([...listOperations(), "unknown"]),
  route: z.strictObject({
    method: z.string(),
    path: z.string(),
    admin: z.boolean(),
    names_model: z.boolean(),
  }),
  session: z.strictObject({ id: z.string(), labels: list(z.string()) }),
  request,
  objects: list(object),
  earlier: earlier.nullable(),
  tools: list(tool),
  injection,
  patterns: counts,
  findings: counts,
  answer: z
    .strictObject({ status: z.number(), stream: z.boolean(), model: z.string().nullable() })
    .exactOptional(),
  calls: list(call).exactOptional(),
  usage: usage.exactOptional(),
  body: json.exactOptional(),
  texts: list(segment).exactOptional(),
});

/** Describes the document that a policy sees as `input`, field for field as `Facts` does. */
export const factsSchema = schema satisfies z.ZodType<Facts>;

/**
 * Is `true` as a type only while every field of `Facts` stands in the schema: the compiler refuses a missing one.
 * @public
 */
export const factsSchemaIsWhole: Facts extends z.output<typeof schema> ? true : false = true;

/** Gives the JSON Schema (draft-07) of the facts: the file that `opa check --schema` reads. */
export function toFactsJsonSchema(): JsonObject {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: "draft-7",
    unrepresentable: "any",
    reused: "inline",
    override: ({ jsonSchema, path }) => {
      // OPA's checker reads none of these; `claims` is any object.
      for (const key of ["propertyNames", "readOnly", "minimum", "maximum"] as const) delete jsonSchema[key];
      if (path.at(-1) === "claims") jsonSchema.type = "object";
      // It looks for no misspelling under `anyOf`, so that an object that may be null is written without one.
      const [first, second, ...others] = jsonSchema.anyOf ?? [];
      if (first?.type === "object" && second?.type === "null" && others.length === 0) {
        delete jsonSchema.anyOf;
        Object.assign(jsonSchema, first, { type: ["object", "null"] });
      }
    },
  });
  const text = JSON.stringify({ $schema, title: "Facts: what a policy sees as input", ...rest });
  return z.custom<JsonObject>().parse(JSON.parse(text));
}
