// Writes the rows of traces. All that a program names in them is text of its own: names are sealed, ids that are none are hashed.
import type { Rows } from "./group-commit.ts";
import type { Box } from "./seal.ts";
import type { TracesRow } from "./rows.ts";
import { toJson } from "./to-rows.ts";

/** The ids that the SDKs make. */
const TRACE_ID = /^trace_[0-9A-Fa-f-]{16,64}$/;
const SPAN_ID = /^span_[0-9A-Fa-f-]{16,64}$/;
const RESPONSE_ID = /^resp_[0-9A-Za-z]{1,80}$/;
/** The kinds of steps that the SDKs know. */
const TYPES: ReadonlySet<string> = new Set([
  "agent",
  "custom",
  "function",
  "generation",
  "guardrail",
  "handoff",
  "mcp_tools",
  "response",
  "speech",
  "speech_group",
  "task",
  "transcription",
  "turn",
]);
const SEALED = /^sealed:([0-9a-f]{1,64}):([0-9A-Za-z+/=]{1,4096})$/;

/** Gives the rows of runs and steps; each once in a batch, since one statement writes it. */
export function toTraceRows({ traces, spans, caller, exchangeId, at }: TracesRow, box: Box): Rows {
  const { tenant, issuer, subject } = caller;
  const context = { tenant, issuer, subject, exchangeId, at };
  const toHash = (text: string): string => `hash:${box.digest(tenant, text)}`;
  const toId = (id: string, shape: RegExp): string => (shape.test(id) ? id : toHash(id));
  const seal = (text: string | null): string | null => (text === null ? null : toSealed(box, tenant, text));
  const ours = traces.map((trace) => ({
    id: toId(trace.id, TRACE_ID),
    workflow: seal(trace.workflow),
    // Runs are joined by it, so that one group has to have one name.
    groupId: trace.groupId === null ? null : toHash(trace.groupId),
  }));
  const steps = spans.map((span) => ({
    ...span,
    traceId: toId(span.traceId, TRACE_ID),
    id: toId(span.id, SPAN_ID),
    parentId: span.parentId === null ? null : toId(span.parentId, SPAN_ID),
    type: span.type === null || TYPES.has(span.type) ? span.type : "other",
    name: seal(span.name),
    responseId: span.responseId !== null && RESPONSE_ID.test(span.responseId) ? span.responseId : null,
  }));
  const byId = new Map(ours.map((trace) => [trace.id, trace]));
  const bySpan = new Map(steps.map((span) => [`${span.traceId}\0${span.id}`, span]));
  return [
    ...[...byId.values()].map((row) => ({ table: "traces", json: toJson({ ...row, ...context }) }) as const),
    ...[...bySpan.values()].map((row) => ({ table: "spans", json: toJson({ ...row, ...context }) }) as const),
  ];
}

function toSealed(box: Box, tenant: string, text: string): string {
  const { sealed, keyId } = box.seal(text, toPlace(tenant));
  return `sealed:${keyId}:${sealed.toString("base64")}`;
}

/** Opens a name that was sealed. Gives null where the key is another one. */
export function openName(box: Box, tenant: string, stored: string): string | null {
  const found = SEALED.exec(stored);
  if (found === null) return null;
  try {
    return box.open(
      { keyId: found[1] ?? "", sealed: Buffer.from(found[2] ?? "", "base64") },
      toPlace(tenant),
    );
  } catch {
    return null;
  }
}

function toPlace(tenant: string): string {
  return `${tenant}\0trace`;
}
