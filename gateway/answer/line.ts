// Judges one line of a batch's output as the answer that stands in it, and writes it anew where a call was denied.
import { isUtf8 } from "node:buffer";
import { GatewayError } from "../errors.ts";
import type { Json, RouteSpec } from "../exchange.ts";
import { parseAnswer } from "../parse/answer.ts";
import { parseAnswerJson } from "../parse/answer-json.ts";
import { isObject, setAt } from "../parse/pointer.ts";
import { readAnswerSaid } from "../parse/said.ts";
import { getRoute } from "../routes.ts";
import { isText } from "../parse/apart.ts";
import type { AnswerContext } from "./context.ts";
import { requireUnmasked } from "../mask/masks.ts";
import { judgeAnswer, replaceDenied } from "./judge-answer.ts";
import { askAhead, findAll, maskAnswer } from "./mask-answer.ts";

/** Where the answer stands in its line. */
const BODY = "/response/body";
/** By its name a program knows which request a line answers. */
const NAME = "/custom_id";

/** Operations whose answers a batch holds, by what their answers call themselves; any other is read by its strings. */
const OPERATIONS: ReadonlyMap<Json | undefined, string> = new Map([
  ["chat.completion", "chat.completions.create"],
  ["response", "responses.create"],
]);
const OTHER = "batches.retrieve";

/** Tells a line of a batch's output by its members. */
export function isOutputLine(value: Json): boolean {
  return isObject(value) && typeof value["custom_id"] === "string" && "response" in value;
}

/** Judges a line; gives what goes out in its place, once that is durable. Rejects where the file must not go on. */
export async function judgeLine(context: AnswerContext, line: Buffer): Promise<Buffer> {
  if (!isUtf8(line)) throw new GatewayError("answer_unreadable", "A line of the file is not valid UTF-8.");
  const text = line.toString("utf8");
  if (text.trim() === "") return line;
  const value = parseAnswerJson(text, "A line of the file");
  if (!isObject(value)) throw new GatewayError("answer_unreadable", "A line of the file is no object.");
  const response = value["response"];
  const body = isObject(response) ? (response["body"] ?? null) : null;
  const spec = toSpec(body);
  const answer = parseAnswer(spec, body);
  // Beside the answer a line has its name and an error: a call there could not be replaced.
  const around = setAt(value, BODY, null) ?? value;
  const rest = parseAnswer(getRoute(OTHER), around);
  if (rest.calls.length > 0)
    throw new GatewayError("answer_unreadable", "A line of the file holds a call where none may stand.");
  const segments = [...answer.segments, ...rest.segments];
  await askAhead(context, segments);
  const found = await findAll(context, answer.segments);
  const beside = await findAll(context, rest.segments);
  const whole = {
    spec,
    body,
    answer: { ...answer, segments },
    found: [...found, ...beside],
    status: readStatus(response ?? null),
    bytes: line.length,
  };
  const denied = await judgeAnswer(context, whole);
  let out = body;
  if (denied.length > 0) {
    const replaced = replaceDenied(whole, denied);
    out = replaced.body;
    await context.replaced(replaced.calls);
  }
  const masked = maskAnswer(context, found, out, answer.segments);
  for (const { findings, segment } of beside)
    if (segment.pointer === NAME) requireUnmasked(context.masks, findings, segment.kind);
  const named = beside.filter(({ segment }) => segment.pointer !== NAME);
  const maskedRest = maskAnswer(context, named, around, rest.segments);
  context.shown(readAnswerSaid(masked.body));
  await context.own(answer.objectIds);
  if (context.keepsTexts)
    await context.keepTexts([...masked.segments, ...maskedRest.segments].filter(isText));
  if (masked.body === body && maskedRest.body === around) return line;
  return write(maskedRest.body, masked.body, text.endsWith("\n") ? "\n" : "");
}

function toSpec(body: Json): RouteSpec {
  const name = isObject(body) ? OPERATIONS.get(body["object"]) : undefined;
  return getRoute(name ?? OTHER);
}

function readStatus(response: Json): number {
  const status = isObject(response) ? response["status_code"] : undefined;
  return typeof status === "number" && Number.isInteger(status) ? status : 200;
}

function write(line: Json, body: Json, end: string): Buffer {
  return Buffer.from(JSON.stringify(setAt(line, BODY, body) ?? line) + end);
}
