// What an answer's readers know of their exchange, and what they may do: ask, record, own, close, send.
import type { GatewayError } from "../errors.ts";
import type { CallFacts, Finding, RequestFacts, Segment, SegmentKind, ToolCall, Usage } from "../exchange.ts";
import type { Judge, PhaseFacts, Verdict } from "../judge.ts";
import type { Editor } from "../mask/edits.ts";
import type { Masks } from "../mask/masks.ts";
import type { Restorer } from "../mask/restore.ts";
import type { Content } from "../judge.ts";
import type { AnswerObject } from "../parse/answer.ts";
import type { Recognition } from "../recognise/recognition.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import type { Said } from "../parse/said.ts";
import type { CallRow, ExchangeClosed } from "../record/rows.ts";
import type { Sink } from "./sink.ts";

/** The parts of the matcher that an answer needs. */
export type TextScanner = {
  scan(
    text: string,
    kind: SegmentKind,
    direction: "request" | "answer",
    isPart?: boolean,
  ): readonly Finding[];
  stream(
    kind: SegmentKind,
    direction?: "request" | "answer",
    isPart?: boolean,
  ): {
    push(text: string): readonly Finding[];
    end(): readonly Finding[];
    readonly pending: number;
    /** Gives what is known of the text so far, which goes out although it goes on. */
    cut?(): readonly Finding[];
  };
};

/** What a program has of an answer that was cut off. */
export type Shown = { readonly said: readonly Said[]; readonly objects: readonly AnswerObject[] };

/** What is known of an answer while it comes. */
export type SoFar = Pick<End, "model" | "usage" | "responseId"> & { readonly shown?: Shown };

/** How the exchange ended, as far as the answer knows. */
export type End = Pick<ExchangeClosed, "outcome" | "httpStatus" | "errorCode" | "model" | "usage"> & {
  readonly responseId: string | null;
  /** Whether what the answer tells of runs no further. */
  readonly isEnded?: boolean;
};

/** A denied call as the ledger keeps it, so that the next turn can be made whole. */
export type ReplacedCall = {
  readonly call: ToolCall;
  readonly itemId: string | null;
  readonly responseId: string | null;
  readonly conversationId: string | null;
  readonly messageId: string | null;
  readonly reasoningIds: readonly string[];
  readonly code: string;
};

export type AnswerContext = {
  readonly id: string;
  readonly request: ParsedRequest;
  readonly judge: Judge;
  readonly scanner: TextScanner;
  /** Searches names, codes and what is no text, about which no recogniser is asked. */
  readonly nameScanner: TextScanner;
  /** What is asked ahead of each search; of no class where no mask of the answer names one that is recognised. */
  readonly recognition: Recognition;
  readonly sink: Sink;
  readonly limits: { readonly answerBytes: number; readonly eventBytes: number };
  readCall(call: ToolCall): CallFacts;
  /** Gives the name of a call as it may be told. */
  toName(name: string | null): string | null;
  /** Asks the policy, counts it, and keeps labels; throws where the policy cannot answer. */
  ask(
    phase: "answer" | "finding" | "tool_call" | "end" | "whole",
    added: PhaseFacts,
    content: Content,
  ): Verdict;
  /** Writes what was decided; resolves when it is durable. `verdict` is null where no rule speaks. */
  decided(verdict: Verdict | null, effect: "allow" | "deny", calls: readonly CallRow[]): Promise<void>;
  toCallRow(call: ToolCall, code: string | null): CallRow;
  /**
   * Gives the objects that the answer names to the caller, if the provider stores them. Resolves when that is durable:
   * nothing that names them may go out before; the end waits for it in any case. Null where nothing is to be written.
   */
  own(objects: readonly AnswerObject[]): Promise<void> | null;
  replaced(calls: readonly ReplacedCall[]): Promise<void>;
  /** Says what the program has of the answer, as it goes out: taints stick to it, and the next turn is found by it. */
  said(answer: readonly Said[]): void;
  /** Says what the program has of one answer among many: it is not kept, but taints stick to it. */
  shown(answer: readonly Said[]): void;
  /** Whether a rule asked for the texts of this exchange. */
  readonly keepsTexts: boolean;
  /** What is masked in the answer; further phases add to it. */
  readonly masks: Masks;
  readonly editor: Editor;
  /** What puts the caller's values back into the answer that goes out; what is recorded stays masked. */
  readonly restorer: Restorer;
  /** Headers that tell the program what was done to its request and, so far, to its answer. */
  effects(): Readonly<Record<string, string>>;
  /** Records the answer's texts, sealed; resolves when they are durable. */
  keepTexts(segments: readonly Segment[]): Promise<void>;
  /** Says how to tell what went out so far, for an end that comes before its time. */
  describe(soFar: () => SoFar): void;
  /** Writes the end; resolves when it is durable. Only the first call counts. */
  close(end: End): Promise<void>;
  /** Counts bytes that went to the caller. */
  sent(bytes: number): void;
  /** Reports an error of the answer. */
  report(error: GatewayError): void;
  /** Holds the target back or lets it go on, and cuts it off. */
  readonly target: { pause(): void; resume(): void; abort(): void };
};

/** Reads the target's answer and sends what may be sent. */
export type AnswerReader = {
  push(chunk: Buffer): void;
  end(): void;
  /** The target failed, or the gateway did. */
  fail(error: GatewayError): void;
};

/** Estimates usage where the target said nothing: four characters to a token. */
export function estimateUsage(inputChars: number, outputChars: number): Usage {
  return toEstimate(Math.ceil(inputChars / 4), Math.ceil(outputChars / 4));
}

/**
 * Gives the most that an answer can have cost whose caller left: what the target had made by then nobody will say.
 * Where the request sets no bound on the output, what was seen of it stands for it.
 */
export function boundUsage(
  request: Pick<RequestFacts, "max_output_tokens" | "n">,
  inputTokens: number,
  seen: Usage | null,
): Usage {
  if (seen?.estimated === false) return seen;
  const { max_output_tokens: most, n } = request;
  const output = most === null ? 0 : most * Math.max(1, n);
  return toEstimate(inputTokens, Math.max(output, seen?.output_tokens ?? 0));
}

function toEstimate(input_tokens: number, output_tokens: number): Usage {
  return {
    input_tokens,
    cached_tokens: 0,
    output_tokens,
    reasoning_tokens: 0,
    total_tokens: input_tokens + output_tokens,
    estimated: true,
  };
}
