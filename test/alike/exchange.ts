// The exchange that each operation is asked in when nothing about it is odd, made of the published API's own fields.
import type { JsonObject, RouteSpec } from "../../gateway/exchange.ts";
import { listRoutes } from "../../gateway/routes.ts";
import type { Request } from "./ask.ts";
import { pointersOf, toBody } from "./fields.ts";
import { BOUNDARY, toForm, toParts } from "./form.ts";
import type { Part } from "./form.ts";
import type { Answer } from "./provider.ts";
import { REQUEST } from "./refused.ts";
import type { Refusal } from "./refused.ts";

/** What is asked and answered, and what the gateway does about it on purpose. */
export type Exchange = {
  readonly name: string;
  readonly spec: RouteSpec;
  readonly request: Request;
  readonly answer: Answer;
  readonly refusal?: Refusal;
};

/** What is refused whatever it says: files whose lines nobody has read. */
const UNREAD: ReadonlySet<string> = new Set([
  "batches.create",
  "fine_tuning.jobs.create",
  "uploads.complete",
]);

/** Gives the exchange; what an operation is always refused for comes first. */
export function toExchange(
  spec: RouteSpec,
  name: string,
  request: Request,
  answer: Answer,
  refusal: Refusal | null = null,
): Exchange {
  const unread = UNREAD.has(spec.operation) ? REQUEST.unreadFile : refusal;
  const refused = spec.isSecret ? REQUEST.withheld : unread;
  return { name, spec, request, answer, ...(refused !== null && { refusal: refused }) };
}

const JSON_TYPE = ["content-type", "application/json"] as const;

/** Members without which, or with whose other forms, a request of the API makes no sense. */
const NEEDED: Readonly<Record<string, JsonObject>> = {
  "responses.create": { model: "gpt-5", input: "hi" },
  "responses.compact": { model: "gpt-5", input: "hi" },
  "responses.input_tokens": { model: "gpt-5", input: "hi" },
  "conversations.create": { items: [{ type: "message", role: "user", content: "hi" }] },
  "conversations.items.create": { items: [{ type: "message", role: "user", content: "hi" }] },
  "chat.completions.create": { model: "gpt-5", messages: [{ role: "user", content: "hi" }], store: true },
};

/** The operations that a provider has: what only the gateway has is like nothing. */
export const OPERATIONS: readonly RouteSpec[] = listRoutes().filter(
  ({ method, isLocal }) => method !== "WS" && !isLocal,
);

/** Gives the path, with ids that the provider may have given long ago. */
function toPath({ template }: RouteSpec): string {
  return template.replaceAll(/\{[^}]*\}/g, "id_1");
}

/** Gives the members of a request's body. */
export function toRequestBody(spec: RouteSpec): JsonObject {
  const { tools: _, stream: _stream, ...body } = toBody(pointersOf(spec, "request", "application/json"));
  return NEEDED[spec.operation] ?? { ...body, note: "of no field that is known" };
}

/** Gives the usual request of an operation; `wish` are members by which it asks for a stream. */
export function toRequest(spec: RouteSpec, wish: JsonObject = {}): Request {
  const { method } = spec;
  const path = toPath(spec);
  if (spec.body === "form" || spec.body === "form_or_sdp") {
    const wishes = Object.entries(wish).map(([name, value]): Part => [
      [`Content-Disposition: form-data; name="${name}"`],
      JSON.stringify(value).replaceAll('"', ""),
    ]);
    const sdp: Part = [
      ['Content-Disposition: form-data; name="sdp"', "Content-Type: application/sdp"],
      "v=0\r\n",
    ];
    const parts = spec.body === "form" ? toParts(spec) : [sdp];
    const type = `multipart/form-data; boundary=${BOUNDARY}`;
    return { method, path, headers: [["content-type", type]], body: [toForm([...wishes, ...parts])] };
  }
  if (spec.body === "none" || method === "DELETE") return { method, path, headers: [] };
  return { method, path, headers: [JSON_TYPE], body: [JSON.stringify({ ...toRequestBody(spec), ...wish })] };
}
