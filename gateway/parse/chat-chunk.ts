// Reads one chunk of a streamed chat completion.

import { GatewayError } from "../errors.ts";
import type { Json, JsonObject, SegmentKind, Usage } from "../exchange.ts";
import { isPadding, isPlain } from "./api-words.ts";
import { isToken } from "./fields.ts";
import { escapeToken, isList, isObject } from "./pointer.ts";
import { createSink, isShortNumber } from "./sink.ts";
import { isOwnText, isPlainName, toEventText, toNameText } from "./stream-event.ts";
import type { EventText } from "./stream-event.ts";
import { readUsage } from "./usage.ts";
import { walkMember } from "./walk.ts";

/** A fragment of a tool call. The name and the id stand in the first one. */
export type CallFragment = {
  /** Its index among the message's calls; null for the legacy `function_call`. */
  readonly index: number | null;
  readonly id: string | null;
  readonly type: string | null;
  readonly name: string | null;
  readonly arguments: string;
};

export type ChunkChoice = {
  readonly index: number;
  /** Content, refusal, reasoning, arguments and whatever else the delta says, each continuing its channel. */
  readonly texts: readonly EventText[];
  readonly calls: readonly CallFragment[];
  readonly finishReason: string | null;
  /** The id by which a later request may refer to the spoken answer. */
  readonly audioId: string | null;
};

export type ChatChunk = {
  readonly id: string | null;
  readonly model: string | null;
  readonly choices: readonly ChunkChoice[];
  /** Texts outside the choices; an `error` among them. */
  readonly texts: readonly EventText[];
  readonly usage: Usage | null;
  readonly error: JsonObject | null;
};

const SCOPE = { kind: "message", role: "assistant", type: "", offers: false } as const;
const TOKEN = { of: "token" } as const;
const NONE: readonly never[] = [];
/** A larger one counts nothing. */
const MOST_INDEX = 1_000_000;
/** Members that the common chunk has; their strings are no texts as long as they look like ids, but are searched. */
const INERT: ReadonlySet<string> = new Set([
  "id",
  "object",
  "created",
  "model",
  "system_fingerprint",
  "service_tier",
  "obfuscation",
  "usage",
]);
const KINDS: ReadonlyMap<string, SegmentKind> = new Map<string, SegmentKind>([
  ["content", "message"],
  ["refusal", "message"],
  ["reasoning", "reasoning"],
  ["reasoning_content", "reasoning"],
]);

/** Reads one chunk. */
export function readChatChunk(value: Json): ChatChunk {
  if (!isObject(value)) {
    return {
      id: null,
      model: null,
      choices: NONE,
      texts: readAny("", value, "", ""),
      usage: null,
      error: null,
    };
  }
  let texts: EventText[] | null = null;
  for (const key of Object.keys(value)) {
    const child = value[key] ?? null;
    if (child === null || key === "choices" || (INERT.has(key) && isOrdinary(key, child))) continue;
    const at = `/${escapeToken(key)}`;
    (texts ??= []).push(...(INERT.has(key) ? readInert(key, child, at, at) : readAny(key, child, at, at)));
  }
  const choices = value["choices"];
  const error = value["error"];
  return {
    id: typeof value["id"] === "string" ? value["id"] : null,
    model: typeof value["model"] === "string" ? value["model"] : null,
    choices: (choices ?? null) === null ? NONE : requireList(choices).map(readChoice),
    texts: texts ?? NONE,
    usage: readUsage(value["usage"]),
    error: isObject(error) ? error : null,
  };
}

function readChoice(choice: Json, position: number): ChunkChoice {
  if (!isObject(choice)) throw unreadable();
  const index = requireIndex(choice["index"]);
  const base = `/choices/${index}`;
  const at = `/choices/${position}`;
  const texts: EventText[] = [];
  const calls: CallFragment[] = [];
  for (const key of Object.keys(choice)) {
    const child = choice[key] ?? null;
    if (child === null || key === "index") continue;
    if (key === "finish_reason") {
      texts.push(...readInert(key, child, `${base}/${key}`, `${at}/${key}`));
      continue;
    }
    // A whole `message` beside or instead of a delta would be a call that nobody has put together.
    if (key === "message") throw unreadable();
    if (key === "delta") {
      if (!isObject(child)) throw unreadable();
      readDelta(texts, calls, child, `${base}/message`, `${at}/delta`);
    } else
      texts.push(...readAny(key, child, `${base}/${escapeToken(key)}`, `${at}/${escapeToken(key)}`, choice));
  }
  const finish = choice["finish_reason"];
  const audio = isObject(choice["delta"]) ? choice["delta"]["audio"] : null;
  return {
    index,
    texts,
    calls,
    finishReason: typeof finish === "string" ? finish : null,
    audioId: isObject(audio) && typeof audio["id"] === "string" ? audio["id"] : null,
  };
}

function readDelta(
  texts: EventText[],
  calls: CallFragment[],
  delta: JsonObject,
  base: string,
  at: string,
): void {
  for (const key of Object.keys(delta)) {
    const child = delta[key] ?? null;
    if (child === null) continue;
    const name = escapeToken(key);
    if (key === "role") {
      texts.push(...readInert(key, child, `${base}/${name}`, `${at}/${name}`));
      continue;
    }
    const kind = KINDS.get(key);
    if (kind !== undefined && typeof child === "string") {
      if (child !== "")
        texts.push({ channel: `${base}/${name}`, text: child, kind, whole: false, pointer: `${at}/${name}` });
    } else if (key === "tool_calls") {
      for (const [position, call] of requireList(child).entries())
        readFragment(texts, calls, call, base, `${at}/tool_calls/${position}`);
    } else if (key === "function_call") {
      if (!isObject(child)) throw unreadable();
      readFunction(
        texts,
        calls,
        child,
        null,
        null,
        "function_call",
        `${base}/function_call`,
        `${at}/function_call`,
      );
    } else {
      texts.push(...readAny(key, child, `${base}/${name}`, `${at}/${name}`));
    }
  }
}

function readFragment(texts: EventText[], calls: CallFragment[], call: Json, base: string, at: string): void {
  if (!isObject(call)) throw unreadable();
  const index = requireIndex(call["index"]);
  const id = typeof call["id"] === "string" ? call["id"] : null;
  const type = typeof call["type"] === "string" ? call["type"] : null;
  const channel = `${base}/tool_calls/${index}`;
  let known = false;
  for (const key of Object.keys(call)) {
    const child = call[key] ?? null;
    if (child === null || key === "index") continue;
    const name = escapeToken(key);
    if (key === "id" || key === "type") {
      texts.push(...readInert(key, child, `${channel}/${name}`, `${at}/${name}`));
    } else if (key === "function" || key === "custom") {
      // Of two members each reader would take another one.
      if (known || !isObject(child)) throw unreadable();
      if (type !== null && type !== key) throw unreadable();
      known = true;
      readFunction(texts, calls, child, index, id, type, `${channel}/${name}`, `${at}/${name}`);
    } else {
      texts.push(...readAny(key, child, `${channel}/${name}`, `${at}/${name}`));
    }
  }
  if (!known) calls.push({ index, id, type, name: null, arguments: "" });
}

function readFunction(
  texts: EventText[],
  calls: CallFragment[],
  call: JsonObject,
  index: number | null,
  id: string | null,
  type: string | null,
  base: string,
  at: string,
): void {
  let text = "";
  for (const key of Object.keys(call)) {
    const child = call[key] ?? null;
    if (child === null) continue;
    const place = escapeToken(key);
    if ((key === "arguments" || key === "input") && typeof child === "string") {
      text += child;
      if (child !== "")
        texts.push({
          channel: `${base}/${place}`,
          text: child,
          kind: "tool_arguments",
          whole: false,
          pointer: `${at}/${place}`,
        });
    } else {
      texts.push(...readAny(key, child, `${base}/${place}`, `${at}/${place}`));
    }
  }
  const name = call["name"];
  calls.push({ index, id, type, name: typeof name === "string" ? name : null, arguments: text });
}

function requireList(value: Json | undefined): readonly Json[] {
  if (!isList(value)) throw unreadable();
  return value;
}

/** Without an index each reader counts for itself, and not as the others do. */
function requireIndex(value: Json | undefined): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > MOST_INDEX)
    throw unreadable();
  return value;
}

function unreadable(): GatewayError {
  return new GatewayError(
    "answer_unreadable",
    "A chunk of the target's stream can be read in more than one way.",
  );
}

/** Tells what needs no look: short numbers, and what the API writes by itself. */
function isOrdinary(key: string, value: Json): boolean {
  if (typeof value === "number") return isShortNumber(value);
  if (typeof value !== "string") return typeof value !== "object";
  return isPlain(value) || (key === "obfuscation" && isPadding(value));
}

/** Reads what should be an id or an enumerated value. */
function readInert(key: string, value: Json, channel: string, at: string): readonly EventText[] {
  if (isOrdinary(key, value)) return NONE;
  if (typeof value !== "string" || !isToken(value)) return readAny(key, value, channel, at);
  return [{ channel, text: value, kind: SCOPE.kind, whole: true, pointer: at, apart: TOKEN }];
}

/** Reads what has no meaning here: every string continues a channel of its own. `beside` is the object that it is in. */
function readAny(
  key: string,
  value: Json,
  channel: string,
  at: string,
  beside: JsonObject = {},
): readonly EventText[] {
  const sink = createSink();
  walkMember(sink, key, value, "", SCOPE, beside);
  const texts = sink.segments.filter(isOwnText).map((segment) => toEventText(segment, channel, at, false));
  return isPlainName(key) ? texts : [...texts, toNameText(key, channel, at)];
}
