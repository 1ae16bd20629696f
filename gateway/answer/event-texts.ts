// Reads the texts of one event ahead of its dialect, on the channels on which that searches them.
import type { Json, JsonObject, RouteSpec } from "../exchange.ts";
import { parseAnswer } from "../parse/answer.ts";
import { readChatChunk } from "../parse/chat-chunk.ts";
import { readOtherEvent, walkAnswer } from "../parse/other-answer.ts";
import { isObject } from "../parse/pointer.ts";
import { createSink } from "../parse/sink.ts";
import { readResponseEvent } from "../parse/stream-event.ts";
import { isPartOfJson } from "../segment.ts";

/** A text of an event. */
export type ReadText = { readonly channel: string; readonly text: string; readonly whole: boolean };

export type ReadEvent = {
  readonly texts: readonly ReadText[];
  /** Texts that came in pieces may end with it. */
  readonly isEnd: boolean;
};

/** Reads an event of a dialect. Throws what the dialect throws for one that cannot be read. */
export function readEventTexts(
  dialect: RouteSpec["dialect"],
  spec: RouteSpec,
  name: string | null,
  value: Json,
): ReadEvent {
  if (!isObject(value)) return { texts: [], isEnd: true };
  const { error } = value;
  const told = isObject(error) ? error["message"] : value["message"];
  if (isObject(error) || value["type"] === "error" || name === "error")
    return { texts: typeof told === "string" ? [toWhole(told)] : [], isEnd: true };
  if (dialect === "chat") return readChat(value);
  return dialect === "responses" ? readResponse(spec, value) : readOther(name, value);
}

function readChat(value: JsonObject): ReadEvent {
  const { texts, choices } = readChatChunk(value);
  return {
    texts: [...texts, ...choices.flatMap((choice) => choice.texts)].map(toRead),
    isEnd: choices.length === 0 || choices.some(({ finishReason }) => finishReason !== null),
  };
}

function readResponse(spec: RouteSpec, value: JsonObject): ReadEvent {
  const { texts: read, response } = readResponseEvent(value);
  const texts = read.map(toRead);
  const isEnd = texts.every(({ whole }) => whole);
  if (response === undefined) return { texts, isEnd };
  const { segments } = parseAnswer(spec, response);
  const own = segments.flatMap(({ text, part }) => (isPartOfJson(part) ? [] : [toWhole(text)]));
  return { texts: [...texts, ...own], isEnd };
}

function readOther(name: string | null, value: JsonObject): ReadEvent {
  const sink = createSink();
  walkAnswer(sink, [], value, "");
  const texts = readOtherEvent(name, value, sink.segments);
  return {
    texts: texts.map(({ continues, ...text }) => toRead({ ...text, whole: !continues })),
    isEnd: texts.every(({ continues }) => !continues),
  };
}

/** What is no text by itself is searched by itself. */
function toRead({ channel, text, whole, apart }: ReadText & { readonly apart?: unknown }): ReadText {
  return apart === undefined ? { channel, text, whole } : toWhole(text);
}

function toWhole(text: string): ReadText {
  return { channel: "", text, whole: true };
}
