// Collects what a walk finds.

import { GatewayError } from "../errors.ts";
import type { Reference, Role, Segment, SegmentKind, ToolFacts } from "../exchange.ts";
import { isPlain } from "./api-words.ts";
import { isList, isObject } from "./pointer.ts";
import type { Json } from "../exchange.ts";
import { createUnbounded, spend } from "./budget.ts";
import type { Budget } from "./budget.ts";
import { parseJsonText } from "./json.ts";
import type { Spelled } from "./logprobs.ts";
import { escapeToken } from "./pointer.ts";

/** What a walk has found so far. */
export type Sink = {
  readonly segments: Segment[];
  readonly tools: ToolFacts[];
  /** Models that are named, each once; cut to the length that facts may have. */
  readonly models: Set<string>;
  readonly references: Reference[];
  readonly opaque: string[];
  readonly unknown: string[];
  images: number;
  audio: number;
  files: number;
  /** Bytes of files that were decoded. */
  fileBytes: number;
  /** What may still be found. */
  readonly budget: Budget;
};

/** Creates an empty sink; a segment over the budget throws `body_too_large`. */
export function createSink(budget: Budget = createUnbounded()): Sink {
  return {
    segments: [],
    tools: [],
    models: new Set(),
    references: [],
    opaque: [],
    unknown: [],
    images: 0,
    audio: 0,
    files: 0,
    fileBytes: 0,
    budget,
  };
}

const SEGMENT: Readonly<Budget> = { values: 0, segments: 1 };

function push(sink: Sink, segment: Segment): void {
  spend(sink.budget, SEGMENT);
  sink.segments.push(segment);
}

/** The levels that are looked at in JSON that stands inside a text. */
const WITHIN_DEPTH = 64;

/** Adds a text. Of JSON in arguments and outputs its strings are added too, where an escape hides them from a scan. */
export function addText(sink: Sink, pointer: string, kind: SegmentKind, role: Role, text: string): void {
  if (text === "") return;
  push(sink, { pointer, kind, role, text });
  if ((kind === "tool_arguments" || kind === "tool_output") && text.includes("\\")) {
    const value = readWithin(text, sink.budget);
    if (value !== undefined) addWithin(sink, pointer, "", kind, role, value);
  }
}

/** Adds the name of the member at the pointer. */
export function addName(sink: Sink, pointer: string, kind: SegmentKind, role: Role, name: string): void {
  if (name !== "") push(sink, { pointer, kind, role, text: name, part: { of: "name" } });
}

/** Adds what stands where an id or an enumerated value should, unless the API itself writes such. */
export function addToken(sink: Sink, pointer: string, kind: SegmentKind, role: Role, text: string): void {
  if (text !== "" && !isPlain(text)) push(sink, { pointer, kind, role, text, part: { of: "token" } });
}

/**
 * Adds what a list of tokens says besides the text that it spells again, or where it spells none all of it. It
 * is searched, and taken out where something must be masked in it.
 */
export function addLogprobs(
  sink: Sink,
  pointer: string,
  kind: SegmentKind,
  role: Role,
  { chosen, others }: Spelled,
  isSpelled: boolean,
): void {
  const text = isSpelled ? others : `${chosen}\n${others}`;
  if (text.trim() === "") return;
  push(sink, { pointer, kind, role, text, part: { of: "logprobs", isUnlike: !isSpelled } });
}

/**
 * Adds a number of so many digits that it may be a value, which can no more be masked than a name. It is searched beside
 * its member's name: alone a time or a limit has the shape of numbers that states give out.
 */
export function addNumber(sink: Sink, pointer: string, kind: SegmentKind, role: Role, value: number): void {
  if (isShortNumber(value)) return;
  const size = Math.abs(value);
  const name = /\/([^/]*)(?:\/\d+)*$/.exec(pointer)?.[1] ?? "";
  if (size < LEAST_CARD && (COUNTED.has(name) || MEASURED.test(name))) return;
  // Beyond what counts exactly, printers write other digits for the same number.
  const written = Number.isSafeInteger(size) ? `${size}` : `${size} ${BigInt(size)}`;
  push(sink, { pointer, kind, role, text: `${name}: ${written}`, part: { of: "name" } });
}

/** Tells whether a number has too few digits to be a value, or is none that anybody is given. */
export function isShortNumber(value: number): boolean {
  return !Number.isInteger(value) || Math.abs(value) < LEAST_NUMBER;
}

/** No value has fewer than eight digits. */
const LEAST_NUMBER = 10_000_000;
/** Times, durations and sizes, as the API names them. Of the times one in 600 has the check digits of an Icelander's number. */
const MEASURED = /(?:_at|_ms|_time|_before|_after|_finish|_tokens|bytes)$/;
/** What else holds numbers in the API's own objects. */
const COUNTED: ReadonlySet<string> = new Set(
  "code compact_threshold created end_index exit_code id max_output_length seed start_index".split(" "),
);
/** Milliseconds and bytes have fewer digits than nearly all cards. */
const LEAST_CARD = 1e13;

/** Adds the text of the file that stands at the pointer as base64. */
export function addFile(
  sink: Sink,
  pointer: string,
  kind: SegmentKind,
  role: Role,
  file: { readonly text: string; readonly bytes: number },
): void {
  sink.fileBytes += file.bytes;
  if (file.text !== "") push(sink, { pointer, kind, role, text: file.text, part: { of: "file" } });
}

function readWithin(text: string, budget: Budget): Json | undefined {
  const first = text.charCodeAt(text.search(/\S|$/));
  if (first !== 0x7b && first !== 0x5b && first !== 0x22) return undefined;
  try {
    return parseJsonText(text, { depth: WITHIN_DEPTH, budget });
  } catch (error) {
    if (error instanceof GatewayError && error.code === "body_too_large") throw error;
    // Not JSON that can be read in one way: the text itself is all there is.
    return undefined;
  }
}

function addWithin(
  sink: Sink,
  pointer: string,
  at: string,
  kind: SegmentKind,
  role: Role,
  value: Json,
): void {
  if (typeof value === "string") {
    if (value !== "") push(sink, { pointer, kind, role, text: value, part: { of: "json", at } });
  } else if (isList(value)) {
    for (const [index, child] of value.entries())
      addWithin(sink, pointer, `${at}/${index}`, kind, role, child);
  } else if (isObject(value)) {
    for (const [key, child] of Object.entries(value)) {
      const place = `${at}/${escapeToken(key)}`;
      if (/[^\w-]/.test(key))
        push(sink, { pointer, kind, role, text: key, part: { of: "json_name", at: place } });
      addWithin(sink, pointer, place, kind, role, child);
    }
  }
}
