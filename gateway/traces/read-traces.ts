// Reads what the Agents SDKs tell of their runs: traces, and the spans in them, without what went into a step or came out.
import { GatewayError } from "../errors.ts";
import type { Json, JsonObject } from "../exchange.ts";
import { isList, isObject } from "../parse/pointer.ts";

/** A run. */
export type TraceRow = {
  readonly id: string;
  readonly workflow: string | null;
  readonly groupId: string | null;
};

/** A step of a run. */
export type SpanRow = {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string | null;
  readonly type: string | null;
  readonly name: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly failed: boolean;
  readonly responseId: string | null;
};

export type Traces = { readonly traces: readonly TraceRow[]; readonly spans: readonly SpanRow[] };

/** More than either exporter sends at once. */
const MOST = 1000;
const LONGEST = 256;

/** Reads a body of `POST /traces/ingest`. Throws `body_shape`. */
export function readTraces(body: JsonObject | null): Traces {
  const data = body?.["data"];
  if (!isList(data)) throw shape("/data", "a list of traces and spans");
  if (data.length > MOST) throw shape("/data", `a list of at most ${MOST} traces and spans`);
  const traces: TraceRow[] = [];
  const spans: SpanRow[] = [];
  for (const [index, item] of data.entries()) {
    const at = `/data/${index}`;
    if (!isObject(item)) throw shape(at, "an object");
    if (item["object"] === "trace") traces.push(readTrace(item, at));
    else if (item["object"] === "trace.span") spans.push(readSpan(item, at));
    else throw shape(`${at}/object`, "`trace` or `trace.span`");
  }
  return { traces, spans };
}

function readTrace(item: JsonObject, at: string): TraceRow {
  return {
    id: toId(item, "id", at),
    workflow: toText(item["workflow_name"]),
    groupId: toText(item["group_id"]),
  };
}

function readSpan(item: JsonObject, at: string): SpanRow {
  const data = isObject(item["span_data"]) ? item["span_data"] : {};
  return {
    traceId: toId(item, "trace_id", at),
    id: toId(item, "id", at),
    parentId: toText(item["parent_id"]),
    type: toText(data["type"]),
    name: toText(data["name"]),
    startedAt: toMoment(item["started_at"]),
    endedAt: toMoment(item["ended_at"]),
    failed: (item["error"] ?? null) !== null,
    responseId: toText(data["response_id"]),
  };
}

function toId(item: JsonObject, key: string, at: string): string {
  const id = item[key];
  if (typeof id === "string" && id !== "" && id.length <= LONGEST) return id;
  throw shape(`${at}/${key}`, `an id of at most ${LONGEST} characters`);
}

function toText(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value.slice(0, LONGEST).toWellFormed() : null;
}

function toMoment(value: Json | undefined): number | null {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  // PostgreSQL's timestamps and JavaScript's dates both hold what lies within these years.
  return ms > 0 && ms < 4_102_444_800_000 ? ms : null;
}

function shape(param: string, expected: string): GatewayError {
  return new GatewayError("body_shape", `The member \`${param}\` must be ${expected}.`, { param });
}
