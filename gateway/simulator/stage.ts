// What a script tells the simulated model to do in one of its turns.
import type { JsonObject } from "../exchange.ts";

/** Something that the model is told to put out. */
export type Step =
  | { readonly kind: "echo"; readonly text: string }
  | { readonly kind: "stream"; readonly words: number }
  | { readonly kind: "refuse"; readonly text: string }
  | { readonly kind: "reason"; readonly text: string }
  | { readonly kind: "call"; readonly name: string; readonly rest: string }
  | { readonly kind: "item"; readonly item: JsonObject }
  | { readonly kind: "sample"; readonly of: "personal data" | "secrets" };

/** How the answer goes wrong on the wire. */
export type WireFault = "reset" | "stall" | "silence" | "garbage" | "content-type" | "gzip" | "truncate";

/** What one turn of the model does. */
export type Stage = {
  readonly steps: readonly Step[];
  readonly fail: { readonly status: number; readonly times: number } | null;
  /** Fails after the answer has begun: by an `error` event, or by a response of status `failed`. */
  readonly failLate: "event" | "response" | null;
  readonly incomplete: "max_output_tokens" | "content_filter" | null;
  readonly fault: WireFault | null;
  readonly delayMs: number;
  /** Between two events of a stream. */
  readonly paceMs: number;
  readonly keepalive: boolean;
  readonly crlf: boolean;
  /** Bytes per write of a stream; 0 writes event by event. */
  readonly split: number;
};

/** A stage that is being read. */
export type StageDraft = { -readonly [K in keyof Stage]: Stage[K] } & { steps: Step[] };

/** Gives a stage that does nothing of its own. */
export function emptyStage(): StageDraft {
  return {
    steps: [],
    fail: null,
    failLate: null,
    incomplete: null,
    fault: null,
    delayMs: 0,
    paceMs: 0,
    keepalive: false,
    crlf: false,
    split: 0,
  };
}
