// The Responses API's stream: items that may execute wait until they are whole and decided, the end until it is durable.
import { toMessageEvents } from "../apply/responses-denial.ts";
import { toSseFrame } from "../apply/stream-error.ts";
import { GatewayError } from "../errors.ts";
import type { Json, JsonObject, ToolCall } from "../exchange.ts";
import { parseAnswer, toCall } from "../parse/answer.ts";
import type { ParsedAnswer } from "../parse/answer.ts";
import { isList, isObject } from "../parse/pointer.ts";
import type { SseFrame } from "../parse/sse.ts";
import { readResponseEvent } from "../parse/stream-event.ts";
import { estimateUsage } from "./context.ts";
import type { ReplacedCall } from "./context.ts";
import type { Entry } from "./gate.ts";
import { judgeCall } from "./judge-call.ts";
import type { Judgement } from "./judge-call.ts";
import { replaceInResponse, toMessageId } from "./replace.ts";
import type { DeniedCall } from "./replace.ts";
import type { Dialect, StreamTools } from "./stream.ts";
import { toTargetError } from "./target-error.ts";

const NOTHING = Buffer.alloc(0);
const COMMENT = Buffer.from(": keep-alive\n\n");

/** An item that may execute: its events wait from the first on. */
type Held = { readonly entries: Entry[]; isWhole: boolean };

/** Opens the dialect for one stream. */
export function createResponsesDialect(tools: StreamTools): Dialect {
  const { context, gate, scan } = tools;
  const { operation } = context.request.route;
  const held = new Map<number, Held>();
  /** By place in `output`: what was decided of the call that stood there, and its arguments as decided. */
  const judged = new Map<number, Promise<Judgement>>();
  let sequenceNumber = 0;
  let responseId: string | null = null;
  let isTerminated = false;

  function read(response: Json): ParsedAnswer {
    return parseAnswer(operation, response);
  }

  function settle(place: number, judgement: Judgement): void {
    const entries = held.get(place)?.entries ?? [];
    held.delete(place);
    const [first] = entries;
    if (judgement.denial !== null && first !== undefined) {
      const replacement = { id: toMessageId(responseId, judgement.call.id), text: judgement.denial.text };
      for (const entry of entries) entry.bytes = NOTHING;
      first.bytes = Buffer.concat(
        toMessageEvents(replacement, place, sequenceNumber).map((event) => toSseFrame(event, true)),
      );
    }
    for (const entry of entries) gate.release(entry);
  }

  function judge(place: number, call: ToolCall): Promise<Judgement> {
    const judgement = judgeCall(context, call);
    judged.set(place, judgement);
    return judgement;
  }

  /** Judges what of a response's output was not judged as it stands there, and gives the response with denials in place. */
  async function vet(
    response: JsonObject,
    answer: ParsedAnswer,
  ): Promise<{ body: Json; calls: ReplacedCall[] }> {
    const denied: DeniedCall[] = [];
    for (const call of answer.calls) {
      const place = Number(call.pointer.split("/")[2] ?? -1);
      const known = await judged.get(place);
      const same =
        known !== undefined && known.call.id === call.id && known.call.arguments === call.arguments;
      const { denial } =
        same && known.call.type === call.type && known.call.name === call.name
          ? known
          : await judge(place, call);
      if (denial !== null) denied.push({ call, ...denial });
    }
    return replaceInResponse(response, answer, denied);
  }

  async function terminate(entry: Entry, response: JsonObject, event: JsonObject): Promise<void> {
    const answer = read(response);
    const vetted = await vet(response, answer);
    if (vetted.calls.length > 0) {
      entry.bytes = toSseFrame({ ...event, response: vetted.body }, true);
      await context.replaced(vetted.calls);
    }
    // An item that never became whole never goes out.
    for (const { entries, isWhole } of held.values()) {
      if (!isWhole) for (const left of entries) left.bytes = NOTHING;
      for (const left of entries) gate.release(left);
    }
    held.clear();
    for (const { pointer, kind, text } of answer.segments) scan.whole(pointer, kind, text);
    scan.end();
    context.own(answer.objectIds);
    gate.release(entry);
    const end = {
      model: answer.model,
      usage: answer.usage ?? estimateUsage(context.request.facts.chars, scan.chars),
      calls: [],
      responseId: answer.id,
      outcome: event["type"] === "response.failed" ? "failed" : "completed",
    } as const;
    await tools.finish(end, { body: () => vetted.body, texts: () => answer.segments, bytes: scan.chars });
  }

  function noteLifecycle(response: Json): void {
    if (!isObject(response)) return;
    const id = response["id"];
    if (typeof id !== "string" || responseId !== null) return;
    responseId = id;
    context.own(read({ ...response, output: [] }).objectIds);
  }

  return {
    isChat: false,
    get sequenceNumber() {
      return sequenceNumber;
    },
    event(frame: SseFrame, value) {
      if (isTerminated) return;
      if (!isObject(value))
        throw new GatewayError("answer_unreadable", "An event of the target's stream is not an object.");
      const reading = readResponseEvent(value);
      const number = value["sequence_number"];
      if (typeof number === "number") sequenceNumber = number;
      if (reading.type === "keepalive") {
        gate.push(COMMENT);
        return;
      }
      if (reading.type === "error" || isObject(value["error"])) {
        throw toTargetError(isObject(value["error"]) ? value["error"] : value);
      }
      const { response, item } = reading;
      if (response !== undefined) {
        noteLifecycle(response);
        if (reading.isTerminal) {
          isTerminated = true;
          tools.during(terminate(gate.push(toBytes(frame), 1), response, value));
          return;
        }
        const calls = isList(response["output"]) && response["output"].length > 0 ? read(response).calls : [];
        if (calls.length > 0) {
          const entry = gate.push(toBytes(frame), 1);
          tools.during(
            vet(response, read(response)).then((vetted) => {
              if (vetted.calls.length > 0)
                entry.bytes = toSseFrame({ ...value, response: vetted.body }, true);
              gate.release(entry);
            }),
          );
          return;
        }
      }
      const place = reading.outputIndex ?? -1;
      const call = item === undefined ? null : toCall(item, `/output/${place}`);
      if (call !== null && !held.has(place)) held.set(place, { entries: [], isWhole: false });
      const waiting = held.get(place);
      const entry = gate.push(toBytes(frame), waiting === undefined ? 0 : 1);
      waiting?.entries.push(entry);
      if (call !== null && waiting !== undefined && reading.type.endsWith("output_item.done")) {
        waiting.isWhole = true;
        tools.during(judge(place, call).then((judgement) => settle(place, judgement)));
      } else if (waiting === undefined) {
        for (const { channel, kind, text, whole } of reading.texts) {
          if (whole) scan.whole(channel, kind, text);
          else scan.push(channel, kind, text, entry);
        }
      }
    },
    // The Responses API ends with its terminal event; what comes behind it is of no use to anybody.
    done: () => undefined,
    end() {
      if (!isTerminated)
        throw new GatewayError("target_broke_off", "The target's answer ended before it was whole.");
    },
  };
}

/** Gives a frame as it came, or written anew where it holds fields that the SDKs trip over. */
function toBytes(frame: SseFrame): Buffer {
  if (frame.plain || frame.data === null) return frame.bytes;
  const name = frame.event === null ? "" : `event: ${frame.event}\n`;
  const data = frame.data
    .split("\n")
    .map((line) => `data: ${line}\n`)
    .join("");
  return Buffer.from(`${name}${data}\n`);
}
