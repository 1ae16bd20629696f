// Says of each operation what the gateway sees of it, in each direction: docs/coverage.md and its tests come from this.
import type { ErrorCode } from "./errors.ts";
import type { RouteSpec } from "./exchange.ts";
import { findClosure } from "./closed-operations.ts";

/**
 * `inspected`: every text is before the rules; `files`: so are names, sizes and types of files and the text of those that
 * are text, of other bytes nothing but these; `nothing`: there is none; `refused`: nothing passes.
 */
export type Cell = "inspected" | "files" | "nothing" | "refused";

export type Coverage = {
  readonly spec: RouteSpec;
  readonly transport: "HTTP" | "WebSocket";
  /** Path, query and body, or a socket's frames. */
  readonly request: Cell;
  /** The answer as one piece, or a socket's frames. */
  readonly answer: Cell;
  /** The answer as a stream of events. */
  readonly events: Cell;
  /** Why nothing passes. */
  readonly refusedBy: ErrorCode | null;
};

/** Gives what the gateway sees of an operation. */
export function toCoverage(spec: RouteSpec): Coverage {
  const transport = spec.method === "WS" ? "WebSocket" : "HTTP";
  const refusedBy = findClosure(spec);
  if (refusedBy !== null)
    return { spec, transport, request: "refused", answer: "refused", events: "refused", refusedBy };
  const hasFiles = spec.body === "form" || spec.body === "form_or_sdp";
  return {
    spec,
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
  };
}
