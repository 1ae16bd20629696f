// Says of each operation what the gateway sees of it, in each direction: docs/coverage.md and its tests come from this.
import type { ErrorCode } from "./errors.ts";
import type { RouteSpec } from "./exchange.ts";
import { findClosure } from "./closed-operations.ts";

/**
 * `inspected`: every text is before the rules; `files`: so are names, sizes and types of files and the text of those that
 * are text, of other bytes nothing but these; `nothing`: there is none; `refused`: nothing passes.
 */
export type Cell = "inspected" | "files" | "nothing" | "refused";

/**
 * What becomes of a value that policy masks: `masked` where it stands; `either` of masked and refused, by what
 * a file is; `nothing`: there is no place for one.
 */
export type Masking = "masked" | "either" | "nothing";

export type Coverage = {
  readonly spec: RouteSpec;
  readonly transport: "HTTP" | "WebSocket";
  /** Path, query and body, or a socket's frames. */
  readonly request: Cell;
  /** The answer as one piece, or a socket's frames. */
  readonly answer: Cell;
  /** The answer as a stream of events. */
  readonly events: Cell;
  readonly masking: Readonly<Record<"request" | "answer" | "events", Masking>>;
  /** Why nothing passes. */
  readonly refusedBy: ErrorCode | null;
};

/** Gives what the gateway sees of an operation. */
export function toCoverage(spec: RouteSpec): Coverage {
  const transport = spec.method === "WS" ? "WebSocket" : "HTTP";
  const refusedBy = findClosure(spec);
  if (refusedBy !== null)
    return toRow(spec, { transport, request: "refused", answer: "refused", events: "refused", refusedBy });
  const hasFiles = spec.body === "form" || spec.body === "form_or_sdp";
  return toRow(spec, {
    transport,
    request: hasFiles ? "files" : "inspected",
    answer: spec.isLocal
      ? "nothing"
      : spec.answer === "bytes"
        ? "files"
        : spec.answer === "events"
          ? "nothing"
          : "inspected",
    events: spec.streams === "never" ? "nothing" : "inspected",
    refusedBy: null,
  });
}

const MASKINGS: Readonly<Record<Cell, Masking>> = {
  inspected: "masked",
  files: "either",
  nothing: "nothing",
  refused: "nothing",
};

function toRequestMasking({ operation, body }: RouteSpec, request: Cell): Masking {
  // Parts are put together at the target, and a bare session description is passed on as it came or not at all.
  if (operation === "uploads.parts.create" || body === "form_or_sdp") return "either";
  return request === "files" ? "masked" : MASKINGS[request];
}

function toRow(spec: RouteSpec, cells: Omit<Coverage, "spec" | "masking">): Coverage {
  const { request, answer, events } = cells;
  const hasBody = spec.body !== "none" && spec.method !== "DELETE";
  const masking = {
    request: hasBody || spec.method === "WS" ? toRequestMasking(spec, request) : "nothing",
    // A session description is passed on as it came or not at all.
    answer: spec.answer === "sdp" ? "either" : MASKINGS[answer],
    events: MASKINGS[events],
  } as const;
  return { spec, ...cells, masking };
}
