// What parsing a request gives: the types that the pipeline and the later stages read.

import type {
  Json,
  JsonObject,
  Reference,
  RequestFacts,
  Role,
  Route,
  Segment,
  ToolFacts,
} from "../exchange.ts";

/** One element of `input[]` or `messages[]`, or the whole `input` where it is a string. */
export type ParsedItem = {
  /** Keyed hash of tenant, API family and raw bytes: the same item resent by the same tenant has the same hash. */
  readonly hash: string;
  /** Where it stands in the body, for instance `/input/3`. */
  readonly pointer: string;
  /** The item's value. It is shared with later requests that resend it: never change it. */
  readonly value: Json;
  /** Its texts, with pointers relative to the item. */
  readonly segments: readonly Segment[];
  /** The item's type; `message` where it has none. */
  readonly type: string;
  readonly role: Role;
  readonly id: string | null;
  /** Of an item that calls a tool. */
  readonly callId: string | null;
  /** Of an item that carries a tool's result. */
  readonly callOutput: { readonly callId: string } | null;
  /** Length of its raw JSON. */
  readonly bytes: number;
  /** A memo for later stages, kept as long as the item is: findings by matcher digest, exact token count. */
  readonly derived: Map<string, unknown>;
};

/** A half-open range of bytes. */
export type Span = { readonly start: number; readonly end: number };

/** One member of the body's top level; its span runs from the key's quote to the end of the value. */
export type MemberSpan = { readonly key: string; readonly start: number; readonly value: Span };

/** Where the parts of a body lie in its bytes. */
export type BodyLayout = {
  readonly members: readonly MemberSpan[];
  /** The member that holds the items; null where the body has none. */
  readonly items: {
    readonly member: MemberSpan;
    readonly list: boolean;
    /** Each item's, relative to the beginning of the member's value. */
    readonly spans: readonly Span[];
  } | null;
  /** Where the body's closing brace stands. */
  readonly close: number;
};

/** What the caller asked the answer to look like. */
export type AnswerWish = {
  readonly stream: boolean;
  /** `stream_options.include_usage` of a chat request; null where it is absent. */
  readonly includeUsage: boolean | null;
  /** `starting_after` of a resumed stream. */
  readonly startingAfter: number | null;
  /** The answer repeats its texts token by token. */
  readonly logprobs: boolean;
};

/** A request, read once. */
export type ParsedRequest = {
  readonly route: Route;
  /** Puts the whole tree together, lazily. Its items are shared: treat it as frozen. Null where there is no body. */
  readonly body: () => JsonObject | null;
  readonly bytes: Buffer;
  readonly facts: RequestFacts;
  /** At most 64; `facts.truncated` tells that there were more. */
  readonly tools: readonly ToolFacts[];
  /** Stored objects that must be the caller's; the one in the path has the pointer "". */
  readonly references: readonly Reference[];
  readonly items: readonly ParsedItem[];
  /** So many of the items began an earlier request too, with a memo for what is found in them together; else null. */
  readonly start: { readonly count: number; readonly derived: Map<string, unknown> } | null;
  /** The texts outside the items, with pointers into the body. */
  readonly rest: readonly Segment[];
  /** Keyed hash of the body without its items. */
  readonly restHash: string;
  /** A memo like an item's, for the texts in `rest`. */
  readonly restDerived: Map<string, unknown>;
  /** Indexes of the items that are the newest run of user messages: the prompt that this request answers to. */
  readonly prompts: readonly number[];
  readonly answer: AnswerWish;
  /** Pointers of what cannot be read: `encrypted_content`, credentials of tools, blobs in unknown fields. */
  readonly opaque: readonly string[];
  /** Null where there is no body. */
  readonly layout: BodyLayout | null;
};
