// The rows that an exchange leaves behind, as the pipeline hands them to the recorder.
import type { WithBasis } from "./basis.ts";
import type {
  Caller,
  Decision,
  Earlier,
  Facts,
  JsonObject,
  Operation,
  ParameterChange,
  Phase,
  PolicyVersion,
  Segment,
  Usage,
} from "../exchange.ts";

/** Milliseconds by the name of what they were spent on. */
export type Timings = Readonly<Record<string, number>>;

/** How exchanges came to belong together. */
export type SessionOrigin = "header" | "response" | "conversation" | "history" | "own";

/** The session of an exchange, as `sessions.ts` found or made it. */
export type Session = {
  readonly id: string;
  readonly origin: SessionOrigin;
  /** The program's own name for it, whole; what is recorded of it is masked and cut. */
  readonly name: string | null;
  /** Taints that its earlier exchanges left, sorted. */
  readonly labels: readonly string[];
  /** The labels came with what is continued, out of another session: they are this one's too from now on. */
  readonly inherits?: boolean;
  /** No exchange of it is known to be recorded, so its row is written along with this one's. */
  readonly isNew: boolean;
  /** Digest of the whole history that was sent, which the answer continues; null where there is none. */
  readonly history: string | null;
};

/** What is known once the request was decided. Written before its first byte goes to the target. */
export type ExchangeOpened = {
  /** A UUID of version 7. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly session: Session | null;
  /** Null where nobody was identified. */
  readonly caller: Caller | null;
  readonly connection: string | null;
  readonly operation: Operation;
  readonly method: string;
  /** The route's template, `/responses/{id}`; never the path that was sent. */
  readonly path: string;
  /** The program's `user-agent`; cut to 256 characters. */
  readonly client: string | null;
  /** Recorded without `body` and `texts`. Null where the request was refused before policy. */
  readonly facts: WithBasis<Facts> | null;
  readonly decision: Decision | null;
  /** What was changed of the request's parameters; absent: nothing. */
  readonly changes?: readonly ParameterChange[];
  readonly effect: "allow" | "deny" | "error";
  /** The code of the error where `effect` is `error` (or a `deny` that no rule's effect names). */
  readonly errorCode: string | null;
  readonly version: PolicyVersion | null;
  readonly timings: Timings;
  /** The last item that a person wrote. */
  readonly prompt: { readonly hash: string; readonly pointer: string } | null;
  /** Ids of the calls whose outputs stand after the last item that the model wrote. */
  readonly callOutputs: readonly string[];
};

/** A call of a tool and what became of it. */
export type CallRow = {
  readonly id: string;
  readonly type: string;
  readonly name: string | null;
  readonly outcome: "released" | "denied";
  readonly codes: readonly string[];
  /** Keyed hash of the arguments. */
  readonly argumentsDigest: string | null;
  readonly argumentsBytes: number;
};

/** A decision after the request's. Written before what it is about is released. */
export type DecisionRow = {
  readonly exchangeId: string;
  /** 1, 2, 3, … within the exchange. */
  readonly seq: number;
  readonly phase: Phase;
  readonly at: number;
  readonly facts: WithBasis<Facts> | null;
  readonly decision: Decision | null;
  readonly effect: "allow" | "deny" | "error";
  readonly errorCode: string | null;
  readonly calls: readonly CallRow[];
  readonly timings: Timings;
};

/** What a response holds; `runs` stands where its end was not seen, with what its end will complete. */
export type HeldTurn = Earlier & {
  readonly runs?: { readonly before: boolean; readonly conversation: string | null };
};

/** What an exchange leaves: what its response holds, and what it adds to its conversation; null where that is nothing. */
export type Left = {
  readonly held: HeldTurn | null;
  readonly conversation: { readonly id: string; readonly added: Earlier } | null;
};

/** How an exchange ended. Written before its terminal event. */
export type ExchangeClosed = {
  readonly exchangeId: string;
  readonly at: number;
  /** `refused`: by policy or before it; `failed`: by a fault; `aborted`: the caller left. */
  readonly outcome: "completed" | "refused" | "failed" | "aborted";
  readonly httpStatus: number | null;
  readonly errorCode: string | null;
  /** The model that answered. */
  readonly model: string | null;
  readonly usage: Usage | null;
  readonly responseIds: readonly string[];
  readonly sessionId: string | null;
  /** Digest of the history that was sent and of what was answered, by which the next turn finds its session. */
  readonly history: string | null;
  /** What it leaves in a conversation that lies with the provider. */
  readonly left?: Left & { readonly connection: string };
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly timings: Timings;
};

/** Something that a person should look at. `detail` holds keyed hashes and names, never a key or a text. */
export type IncidentRow = {
  readonly at: number;
  readonly kind: string;
  readonly tenant: string;
  readonly subject: string | null;
  readonly exchangeId: string | null;
  readonly detail: JsonObject;
};

/** A line of the account of what was masked. */
export type MaskedValue = {
  /** Within the exchange. */
  readonly seq: number;
  readonly direction: "request" | "answer";
  /** `masked`, `detected`, `blocked` or `unmaskable`. */
  readonly outcome: string;
  readonly class: string;
  readonly detector: string | null;
  readonly operator: string;
  readonly code: string;
  readonly kind: string | null;
  /** Where it stood; null where lines were added up, or it is not known. */
  readonly place: string | null;
  readonly count: number;
  /** Keyed hash of the value; null where lines were added up, or it was not read. */
  readonly hash: string | null;
  /** The value itself, where it is to be kept; it is sealed. */
  readonly original: string | null;
};

/** What was masked in one direction of an exchange. */
export type MaskedRow = {
  readonly exchangeId: string;
  readonly tenant: string;
  readonly at: number;
  readonly values: readonly MaskedValue[];
};

/** Taints that a decision left, on the items that it looked at and on their session. */
export type LabelRow = {
  readonly tenant: string;
  readonly labels: readonly string[];
  readonly itemHashes: readonly string[];
  readonly sessionId: string | null;
  readonly exchangeId: string;
  readonly at: number;
};

/** Under what an object was made. */
export type OwnerContext = {
  readonly connection: string;
  /** `groups` are kept with what it owns, so that a rule may share by them. */
  readonly caller: Pick<Caller, "tenant" | "issuer" | "subject" | "groups">;
  readonly sessionId: string | null;
  readonly exchangeId: string;
  readonly labels: readonly string[];
  readonly at: number;
};

/** A denied call that a message of ours took the place of. */
export type ReplacedCallRow = OwnerContext & {
  readonly callId: string;
  readonly type: string;
  readonly responseId: string | null;
  readonly conversationId: string | null;
  /** The id of the message that took its place. */
  readonly messageId: string | null;
  /** Reasoning items that the provider ties to the call. */
  readonly reasoningIds: readonly string[];
  /** The provider's id of the call's item. */
  readonly itemId: string | null;
  readonly code: string;
};

/** What a caller tells of its runs, without what went into their steps or came out. */
export type TracesRow = {
  readonly traces: readonly {
    readonly id: string;
    readonly workflow: string | null;
    readonly groupId: string | null;
  }[];
  readonly spans: readonly {
    readonly traceId: string;
    readonly id: string;
    readonly parentId: string | null;
    readonly type: string | null;
    readonly name: string | null;
    readonly startedAt: number | null;
    readonly endedAt: number | null;
    readonly failed: boolean;
    readonly responseId: string | null;
  }[];
  readonly caller: Pick<Caller, "tenant" | "issuer" | "subject">;
  readonly exchangeId: string;
  readonly at: number;
};

/** Texts that a rule asks to be recorded, whole. */
export type TextsRow = {
  readonly exchangeId: string;
  readonly tenant: string;
  readonly direction: "request" | "answer";
  readonly segments: readonly Segment[];
  readonly at: number;
};
