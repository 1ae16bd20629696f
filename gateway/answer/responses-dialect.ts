// The Responses API's stream: items that may execute wait until they are whole and decided, the end until it is durable.
import { toMessageEvents } from "../apply/responses-denial.ts";
import { GatewayError } from "../errors.ts";
import type { Json, JsonObject, SegmentKind, Text, ToolCall } from "../exchange.ts";
import { parseAnswer } from "../parse/answer.ts";
import type { ParsedAnswer } from "../parse/answer.ts";
import { toCall } from "../parse/calls.ts";
import { getAt, isObject } from "../parse/pointer.ts";
import { readAnswerSaid, readSaid } from "../parse/said.ts";
import type { Said } from "../parse/said.ts";
import type { SseFrame } from "../parse/sse.ts";
import { readResponseEvent } from "../parse/stream-event.ts";
import type { ResponseEvent } from "../parse/stream-event.ts";
import { estimateUsage } from "./context.ts";
import type { ReplacedCall, Shown } from "./context.ts";
import { applyEdits, createShift } from "../mask/edits.ts";
import { shiftAnnotation, writeObjectChanges } from "../mask/write-changes.ts";
import { replaceEntry } from "./gate.ts";
import type { Entry } from "./gate.ts";
import { createHeldItem } from "./held-item.ts";
import type { HeldItem } from "./held-item.ts";
import { judgeCall, MAX_CALLS } from "./judge-call.ts";
import type { Judgement } from "./judge-call.ts";
import { replaceInResponse, toMessageId, toReplacedCall } from "./replace.ts";
import type { DeniedCall } from "./replace.ts";
import type { Dialect, StreamTools } from "./stream.ts";
import { isApart, isText } from "../parse/apart.ts";
import { isPartOfJson } from "../segment.ts";
import { toTargetError } from "./target-error.ts";

const NOTHING = Buffer.alloc(0);
/** Events that tell of a call which runs on the caller's machine. */
export const CALL_EVENT =
  /^response\.(?:function_call|custom_tool_call|shell_call|local_shell_call|apply_patch_call|computer_call)/;

/** Events that end what a WebSocket's client added to a response: no response of its own comes of it. */
const ADDED = /^response\.(?:steer\.(?:failed|pending)|inject\.(?:created|failed))$/;

/** Opens the dialect for one stream. */
export function createResponsesDialect(tools: StreamTools): Dialect {
  const { context, gate, scan } = tools;
  const { framing } = context.sink;
  const { spec } = context.request.route;
  /** Places whose item is not whole yet and may be a call. */
  const held = new Map<number, HeldItem>();
  /** Places whose item is announced as one that runs nothing, by its type. */
  const inert = new Map<number, unknown>();
  /** By place in `output`: the judgement of the call that stands there. */
  const judged = new Map<number, Promise<Judgement>>();
  /** By place: what the program has of the item that stands there, for an answer that is cut off. */
  const shown = new Map<number, { -readonly [key in keyof Said]: Said[key] }>();
  /** Of events that others are like: how they are read. */
  const readings = new Map<JsonObject, ResponseEvent>();
  /** Denied calls that the record knows. */
  const noted = new Set<string>();
  /** Work on what stands in the gate before the terminal event. */
  const pending: Promise<unknown>[] = [];
  let sequenceNumber = 0;
  let responseId: string | null = null;
  let conversation: string | null = null;
  let model: string | null = null;
  let isTerminated = false;

  function read(response: Json): ParsedAnswer {
    return parseAnswer(spec, response);
  }

  function during(work: Promise<void>): void {
    pending.push(work);
    tools.during(work);
  }

  function judge(place: number, call: ToolCall): Promise<Judgement> {
    if (judged.size >= MAX_CALLS) {
      throw new GatewayError("answer_unreadable", "The answer holds more tool calls than can be judged.");
    }
    const judgement = judgeCall(context, call);
    judged.set(place, judgement);
    return judgement;
  }

  /** A stream that is resumed may not tell its id again: it was asked for by it. */
  function toId(): string | null {
    return responseId ?? context.request.route.objects.find(({ kind }) => kind === "response")?.id ?? null;
  }

  /**
   * Notes a denied call before a message takes its place: an answer that is cut off behind it has no end to do it. What
   * stands before the call may not be known where a stream is resumed: it is left to the end then.
   */
  async function note(place: number, item: JsonObject, { call, denial }: Judgement): Promise<void> {
    if (denial === null || (place > 0 && !inert.has(place - 1) && !judged.has(place - 1))) return;
    const reasoningIds: string[] = [];
    for (let before = place - 1; inert.get(before) === "reasoning"; before -= 1) {
      const id = shown.get(before)?.id ?? null;
      if (id !== null) reasoningIds.unshift(id);
    }
    const itemId = typeof item["id"] === "string" ? item["id"] : null;
    const ids = { id: toId(), conversation };
    noted.add(call.id);
    await context.replaced([toReplacedCall(ids, { call, code: denial.code }, itemId, reasoningIds)]);
  }

  function settle(
    { entries, taken }: HeldItem,
    place: number,
    item: JsonObject,
    { call, denial }: Judgement,
  ): void {
    const [first] = entries;
    if (denial !== null && first !== undefined) {
      const replacement = { id: toMessageId(toId(), call.id), text: denial.text };
      for (const entry of entries) replaceEntry(entry, NOTHING);
      first.bytes = framing.write(toMessageEvents(replacement, place, sequenceNumber));
    } else for (const { event, entry } of taken) take(event, entry, (kind) => kind === "tool_arguments");
    for (const entry of entries) gate.release(entry);
    const instead = { id: toMessageId(toId(), call.id), calls: [], text: denial?.text ?? "" };
    shown.set(place, denial === null ? readSaid(item) : instead);
  }

  /** Adds what an event says to what the program has of its item. */
  function show(place: number, { item, texts }: ResponseEvent): void {
    if (item !== undefined) {
      shown.set(place, readSaid(item));
      return;
    }
    const said = shown.get(place);
    if (said === undefined) return;
    for (const { kind, whole, text } of texts) if (kind === "message" && !whole) said.text += text;
  }

  function toShownAll(): Shown {
    const inOrder = [...shown].sort(([one], [other]) => one - other);
    const said = inOrder.map(([place, one]) => ({
      ...one,
      text: applyEdits(one.text, scan.edits(`/output/${place}/content/0/text`)).trim(),
    }));
    const objects = said.flatMap(({ id }) => (id === null ? [] : [{ kind: "item", id }]));
    return { said, objects };
  }

  /** Has the texts of an event scanned that are of a kind. */
  function take(event: ResponseEvent, entry: Entry, isTaken: (kind: SegmentKind) => boolean): void {
    for (const { channel, kind, text, whole, pointer, apart } of event.texts) {
      if (!isTaken(kind)) continue;
      if (apart !== undefined) scan.apart(apart, kind, text, entry, pointer);
      else if (whole) scan.whole(channel, kind, text, entry, pointer);
      else scan.push(channel, kind, text, entry, pointer);
    }
  }

  /** Gives a response as it goes out, masked. */
  function toMasked({ event, changes }: Entry, body: Json): Json {
    return event === null || changes.length === 0
      ? body
      : (writeObjectChanges(event.value, changes)["response"] ?? body);
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
      const { denial } =
        known !== undefined && isSame(known.call, call) ? known : await judgeCall(context, call);
      if (denial !== null) denied.push({ call, ...denial });
    }
    return replaceInResponse(response, answer, denied);
  }

  async function terminate(entry: Entry, response: JsonObject, event: JsonObject): Promise<void> {
    // What is whole goes out as it was decided, and only then does anything behind it.
    await Promise.all(pending);
    const answer = read(response);
    if (answer.calls.length > MAX_CALLS) {
      throw new GatewayError("answer_unreadable", "The answer holds more tool calls than can be judged.");
    }
    const vetted = await vet(response, answer);
    if (vetted.calls.length > 0) {
      setBody(entry, event, vetted.body);
      await context.replaced(vetted.calls.filter(({ call }) => !noted.has(call.id)));
    }
    // An item that never became whole never goes out.
    for (const { entries } of held.values()) {
      for (const left of entries) {
        replaceEntry(left, NOTHING);
        gate.release(left);
      }
    }
    held.clear();
    takeBody(entry, answer, vetted.body);
    scan.end();
    void context.own(answer.objectIds);
    const body = toMasked(entry, vetted.body);
    context.said(readAnswerSaid(body));
    gate.release(entry);
    const end = {
      model: answer.model,
      usage: answer.usage ?? estimateUsage(context.request.facts.chars, scan.chars),
      responseId: answer.id,
      outcome: event["type"] === "response.failed" ? "failed" : "completed",
      isEnded: true,
    } as const;
    const texts = (): Text[] =>
      answer.segments.filter(isText).map((segment) => ({
        ...segment,
        text: applyEdits(segment.text, scan.masked(segment.pointer)),
      }));
    await tools.finish(end, { body: () => body, texts, bytes: scan.chars });
  }

  /** Has the texts of a response scanned; those of a denied call are gone from the body. */
  function takeBody(entry: Entry, { segments }: Pick<ParsedAnswer, "segments">, body: Json): void {
    for (const { pointer, kind, text, part } of segments) {
      if (isApart(part)) scan.apart(part, kind, text, entry, `/response${pointer}`);
      else if (part !== undefined || getAt(body, pointer) === text)
        scan.whole(toChannel(pointer, part), kind, text, entry, toPlace(pointer, part));
    }
  }

  function setBody(entry: Entry, event: JsonObject, body: Json): void {
    const value = { ...event, response: body };
    entry.bytes = framing.write([value]);
    if (entry.event !== null) entry.event.value = value;
  }

  function toEvent(frame: SseFrame, value: JsonObject): Entry["event"] {
    return { value, write: (masked) => framing.rewrite(frame, masked) };
  }

  function takeLifecycle(
    frame: SseFrame,
    reading: ResponseEvent,
    response: JsonObject,
    value: JsonObject,
  ): void {
    const id = response["id"];
    let owning: Promise<void> | null = null;
    if (typeof id === "string" && responseId === null) {
      responseId = id;
      model = typeof response["model"] === "string" ? response["model"] : null;
      const opened = read({ ...response, output: [] });
      ({ conversation } = opened);
      owning = context.own(opened.objectIds);
    }
    const entry = gate.push(framing.pass(frame), owning === null ? 1 : 2, toEvent(frame, value));
    // A program may use the id as soon as it has it.
    if (owning !== null) during(owning.then(() => gate.release(entry)));
    if (reading.isTerminal) {
      isTerminated = true;
      tools.during(terminate(entry, response, value));
      return;
    }
    const answer = read(response);
    // The settings that it repeats too: a stored prompt's are seen here first.
    if (answer.calls.length === 0) {
      takeBody(entry, answer, response);
      gate.release(entry);
      return;
    }
    during(
      vet(response, answer).then((vetted) => {
        if (vetted.calls.length > 0) setBody(entry, value, vetted.body);
        takeBody(entry, answer, vetted.body);
        gate.release(entry);
      }),
    );
  }

  /** Gives the hold of the event's place, begun where the event may be of a call; null where nothing has to wait. */
  function holdFor(reading: ResponseEvent, call: ToolCall | null): HeldItem | null {
    const { type, outputIndex: place, item } = reading;
    const isOfCall = call !== null || CALL_EVENT.test(type);
    if (place === null || !Number.isSafeInteger(place) || place < 0) {
      if (isOfCall || item !== undefined) throw unreadable();
      return null;
    }
    if (judged.has(place)) throw unreadable();
    const waiting = held.get(place);
    if (waiting !== undefined) return waiting;
    if (inert.has(place)) {
      if (isOfCall || (item !== undefined && item["type"] !== inert.get(place))) throw unreadable();
      return null;
    }
    if (item !== undefined && call === null) {
      inert.set(place, item["type"]);
      return null;
    }
    // A call, or the middle of an item that a resumed stream does not announce: what it is shows at its end.
    const begun = createHeldItem(place);
    held.set(place, begun);
    return begun;
  }

  function takeEvent(frame: SseFrame, reading: ResponseEvent, value: JsonObject): void {
    const { item, type } = reading;
    const place = reading.outputIndex ?? -1;
    const call = item === undefined ? null : toCall(item, `/output/${place}`);
    const hold = holdFor(reading, call);
    const entry = gate.push(framing.pass(frame), hold === null ? 0 : 1, toEvent(frame, value));
    if (hold === null) show(place, reading);
    else hold.take(reading, entry);
    // A call's own texts are scanned when it is whole.
    take(reading, entry, (kind) => hold === null || kind !== "tool_arguments");
    shiftPlaces(entry, reading);
    if (hold === null || item === undefined || type !== "response.output_item.done") return;
    held.delete(place);
    hold.verify(item);
    if (call === null) {
      inert.set(place, item["type"]);
      show(place, reading);
      for (const { event, entry: one } of hold.taken) take(event, one, (kind) => kind === "tool_arguments");
      for (const one of hold.entries) gate.release(one);
      return;
    }
    during(
      judge(place, call).then(async (judgement) => {
        await note(place, item, judgement);
        settle(hold, place, item, judgement);
      }),
    );
  }

  /** Gives the reading of an event that differs from one that was taken by its text alone; null where it says more. */
  function repeated(like: JsonObject, { delta }: JsonObject): ResponseEvent | null {
    let first = readings.get(like);
    if (first === undefined) readings.set(like, (first = readResponseEvent(like)));
    const [text, ...others] = first.texts;
    // A text that has a place in the answer: nothing else is done with such an event than to show it.
    const isShown = text?.pointer === "/delta" && text.channel.startsWith("/output/");
    if (!isShown || others.length > 0 || typeof delta !== "string") return null;
    return { ...first, texts: [{ ...text, text: delta }] };
  }

  /** An annotation that comes by itself names places in a text of which a part may be masked. */
  function shiftPlaces(entry: Entry, { type, outputIndex }: ResponseEvent): void {
    const value = entry.event?.value;
    if (type !== "response.output_text.annotation.added" || value === undefined || entry.event === null)
      return;
    const edits = scan.edits(`/output/${outputIndex}/content/${Number(value["content_index"] ?? 0)}/text`);
    const { annotation } = value;
    if (edits.length === 0 || annotation === undefined) return;
    entry.event.value = { ...value, annotation: shiftAnnotation(annotation, createShift(edits)) };
    entry.bytes = framing.write([entry.event.value]);
  }

  function takeAdded(frame: SseFrame, reading: ResponseEvent, value: JsonObject): void {
    isTerminated = true;
    const entry = gate.push(framing.pass(frame), 1, toEvent(frame, value));
    take(reading, entry, () => true);
    scan.end();
    gate.release(entry);
    const end = { model, usage: null, responseId, outcome: "completed" } as const;
    const content = { body: () => null, texts: scan.segments, bytes: scan.chars };
    tools.during(tools.finish(end, content));
  }

  return {
    isChat: false,
    model: () => model,
    responseId: () => responseId,
    sequenceNumber: () => sequenceNumber,
    shown: toShownAll,
    event(frame, value, like) {
      if (isTerminated) return;
      if (!isObject(value)) throw unreadable();
      const number = value["sequence_number"];
      if (typeof number === "number") sequenceNumber = number;
      const known = like === null ? null : repeated(like, value);
      if (known !== null) {
        takeEvent(frame, known, value);
        return;
      }
      const reading = readResponseEvent(value);
      if (reading.type === "keepalive") {
        gate.push(framing.comment);
        return;
      }
      if (ADDED.test(reading.type)) {
        takeAdded(frame, reading, value);
        return;
      }
      const error = value["error"];
      if (reading.type === "error" || isObject(error))
        throw toTargetError(isObject(error) ? error : value, tools);
      const { response } = reading;
      if (response === undefined) {
        if (reading.isTerminal) throw unreadable();
        takeEvent(frame, reading, value);
        return;
      }
      if (isObject(value["item"])) throw unreadable();
      takeLifecycle(frame, reading, response, value);
    },
    // The Responses API ends with its terminal event; what comes behind it is of no use to anybody.
    done: () => undefined,
    end() {
      if (!isTerminated)
        throw new GatewayError("target_broke_off", "The target's answer ended before it was whole.");
    },
  };
}

/** A part of a text has a channel of its own. */
function toChannel(pointer: string, part: Text["part"]): string {
  return part === undefined ? pointer : `${pointer}\0${part.of}${part.at ?? ""}`;
}

/** Where a segment's text can be masked in the event; a part of a JSON text is masked as the whole. */
function toPlace(pointer: string, part: Text["part"]): string | null {
  if (part === undefined) return `/response${pointer}`;
  return isPartOfJson(part) ? null : `/response${pointer}/\0`;
}

function unreadable(): GatewayError {
  return new GatewayError("answer_unreadable", "The target's stream tells of an item in more than one way.");
}

function isSame(a: ToolCall, b: ToolCall): boolean {
  return a.id === b.id && a.type === b.type && a.name === b.name && a.arguments === b.arguments;
}
