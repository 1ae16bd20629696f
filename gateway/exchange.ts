// The types that the stages share, with the lists that they are made of. This file imports nothing.

/** A JSON value as `JSON.parse` gives it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** Who or what may have begun what a caller does. */
export const INITIATORS = ["person", "schedule", "service", "agent"] as const;

export type Initiator = (typeof INITIATORS)[number];

/** An agent's own identity, besides whom it acts for. */
export type Agent = {
  readonly name: string;
  /** The subject that answers for it. */
  readonly owner: string;
  readonly purpose: string;
  /** The tools that it may be offered and may call; a `*` at the end stands for anything. */
  readonly tools: readonly string[];
};

/** The identity behind a request. A caller is told apart by (tenant, issuer, subject). */
export type Caller = {
  readonly tenant: string;
  readonly issuer: string;
  readonly subject: string;
  readonly kind: "human" | "service" | "ci" | "agent";
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  readonly claims: JsonObject;
  /** The subject for whom this caller acts (RFC 8693 `act`), else null. */
  readonly actsFor: string | null;
  /** What is registered of an agent; null for others, and for agents of which only their issuer knows. */
  readonly agent: Agent | null;
  readonly initiator: Initiator;
  /** Names the credential that was presented (key id, or JWT `jti` hash), so that it can be revoked. Never secret. */
  readonly credentialId: string;
  /** The credentials, and subjects, that it was obtained with: it ends with any of them. Absent: with none. */
  readonly parents?: readonly string[];
  /**
   * Of what an issuer gave: no later it was issued, by the clock here, in milliseconds since the epoch; 0 where the issuer
   * doesn't say. Absent: the credential is the gateway's own.
   */
  readonly issuedAt?: number | undefined;
  /** Milliseconds since the epoch; null when the credential does not expire. */
  readonly expiresAt: number | null;
  /** Thumbprint of the client certificate without which the token doesn't count (RFC 8705 `x5t#S256`); absent: of none. */
  readonly boundTo?: string | undefined;
  /** Thumbprint of the client certificate that its connection showed and that was verified; absent: of none. */
  readonly certificate?: string;
  /** What a client secret was presented for, of a caller that has no more than that; absent: all that policy allows. */
  readonly grant?: Grant;
};

/** The realtime session that a client secret opens: the caller's who asked for it, as it was decided. */
export type Grant = {
  /** The name of the connection that it was asked for. */
  readonly connection: string;
  /** The operation that gave it. */
  readonly operation: Operation;
  /** Null where neither the request nor the target named one. */
  readonly model: string | null;
  readonly session: JsonObject;
};

/** A registered target. Its credential is not here: only `connections/` and `forward/` see it. */
export type Connection = {
  readonly name: string;
  readonly kind: "openai";
  /** Origin and path prefix, without a trailing slash, for instance `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly labels: readonly string[];
  readonly simulated: boolean;
  /** What becomes of an id that nobody owns, such as one from before the gateway. */
  readonly unknownIds: "refuse" | "allow";
};

/** A name of the route table, such as `files.content`; a path that is not in it is `unknown`. */
export type Operation = string;

/** What the route table says of one operation. */
export type RouteSpec = {
  readonly operation: Operation;
  /** `GET`, `POST`, `DELETE`, or `WS` for a WebSocket. */
  readonly method: string;
  /** The path below `/v1`, with `{kind}` for an id that must be the caller's and `{-name}` for another one. */
  readonly template: string;
  /** Whose shapes its bodies have; those of `other` are read by their strings alone. */
  readonly dialect: "responses" | "chat" | "other";
  readonly body: "none" | "json" | "form" | "form_or_sdp" | "any";
  readonly answer: "json" | "text" | "events" | "bytes" | "sdp" | "any";
  /** Where a request says that it wants a stream of events. */
  readonly streams: "never" | "always" | "body" | "query" | "format";
  readonly namesModel: boolean;
  /** The kind of the object that the answer's `id` is. */
  readonly makes: string | null;
  /** The kind of the objects in the answer's `data`, of which a caller sees its own. */
  readonly lists: string | null;
  readonly isAdmin: boolean;
  /** The answer holds a credential of the provider's. */
  readonly isSecret: boolean;
  /** The answer holds a client secret, which the gateway replaces by one of its own. */
  readonly isGrant: boolean;
  /** The gateway answers by itself. */
  readonly isLocal: boolean;
};

/** What a method and path mean. */
export type Route = {
  readonly operation: Operation;
  readonly spec: RouteSpec;
  /** The connection named by `/c/NAME/v1/…`, else null for the default one. */
  readonly connection: string | null;
  /** The path below the connection's base URL, for instance `/responses/resp_1/cancel`. */
  readonly path: string;
  /** The stored objects that the path names. */
  readonly objects: readonly { readonly kind: string; readonly id: string }[];
  /** The model that the path names. */
  readonly model: string | null;
};

/** All kinds of text. */
export const SEGMENT_KINDS = [
  "instructions",
  "message",
  "tool_definition",
  "tool_arguments",
  "tool_output",
  "reasoning",
  "file_name",
  "metadata",
  "other",
] as const;

export type SegmentKind = (typeof SEGMENT_KINDS)[number];

export type Role = "system" | "developer" | "user" | "assistant" | "tool" | "none";

/** One piece of text that a person or model wrote. All text that an exchange carries is in segments, and only there. */
export type Text = {
  /** RFC 6901 pointer into the body. */
  readonly pointer: string;
  readonly kind: SegmentKind;
  readonly role: Role;
  readonly text: string;
  /**
   * Absent: the text is the whole string at the pointer. Else it is the name of the member at the pointer, the text of
   * the file (`file`) that stands there as base64, or a string (`json`) or a member's name (`json_name`) at the pointer
   * `at` inside the JSON text that stands there.
   */
  readonly part?: { readonly of: "name" | "file" | "json" | "json_name"; readonly at?: string };
};

/**
 * What is searched without being a text. `token`: it stands where an id or an enumerated value should, and is refused where
 * something must be masked in it. `logprobs`: it is what tokens with their probabilities say besides the text that they
 * spell, and all of it where they spell none (`isUnlike`); they are taken out where something must be masked in it.
 */
export type Apart = { readonly of: "token" } | { readonly of: "logprobs"; readonly isUnlike: boolean };

/** A text, or what is searched like one. */
export type Segment = Omit<Text, "part"> & { readonly part?: Text["part"] | Apart };

/** A pattern's or detector's hit in a segment; never the value. `start` and `end` are UTF-16 offsets. */
export type Finding = {
  readonly id: string;
  readonly class: string;
  readonly start: number;
  readonly end: number;
  /** It is more of the last value of its class: a value of any length is given out in parts. */
  readonly isMore?: boolean;
  /** Of the value of a field that a mask names: how it is masked. */
  readonly field?: FieldValue;
};

/** How the value of a field is masked, by which rule, and what it is written as. */
export type FieldValue = {
  readonly operator: MaskOperator;
  readonly code: string;
  readonly type: "string" | "number" | "boolean" | "list" | "object";
  /** In how many strings the JSON text stands that it is a value of. */
  readonly depth: number;
};

/** A stored object that a request refers to; it must belong to the caller. */
export type Reference = {
  /** `response`, `file`, …: as the route table names kinds, and `item` or `other`. */
  readonly kind: string;
  readonly id: string;
  readonly pointer: string;
  /** What the id names is sent along, so that it may be stored nowhere; it must only not be somebody else's. */
  readonly whole?: true;
};

/** A stored object that a request names, as policy sees it; its place in the list is what `share` names it by. */
export type ObjectFacts = {
  readonly kind: string;
  /** It is the caller's. */
  readonly own: boolean;
  /** Somebody of the caller's tenant owns it; of another tenant's objects nothing is known. */
  readonly known: boolean;
  /** Whose it is, where it is known. `groups` are those that the owner was in when it was made, at most 64. */
  readonly owner: { readonly subject: string; readonly groups: readonly string[] } | null;
};

/** What the turns before held, where they lie with the provider: what a request that carries only what is new hides. */
export type Earlier = {
  /** False where a part of it was not seen here: it was made elsewhere, broke off, or runs still. */
  readonly complete: boolean;
  readonly turns: number;
  /** Tokens of all turns together, the model's included. */
  readonly tokens: number;
  readonly labels: readonly string[];
  /** Count of hits by class. */
  readonly findings: Readonly<Record<string, number>>;
  /** Names of the tools that were offered, or their types where they have none; at most 64. */
  readonly tools: readonly string[];
};

/** A tool that a request offers to the model, wherever it hides in the body. */
export type ToolFacts = {
  /** `function`, `custom`, `mcp`, `web_search`, `code_interpreter`, …, as sent, at most 64 characters. */
  readonly type: string;
  readonly name: string | null;
  readonly server_label: string | null;
  /** Host of `server_url` in lower case; null where there is none. */
  readonly server_host: string | null;
  /** A connector's id, or `tunnel:` and a tunnel's. */
  readonly connector_id: string | null;
  readonly require_approval: "always" | "never" | "mixed" | null;
  /** The model that a hosted tool works with, such as an image tool's; null where the request names none. */
  readonly model: string | null;
};

/** The model's call of a tool, whole. */
export type ToolCall = {
  /** The call's id (`call_…`), else the item's. */
  readonly id: string;
  /** Item type: `function_call`, `custom_tool_call`, `shell_call`, …; chat's `function` is `function_call`, its `custom` is `custom_tool_call`. */
  readonly type: string;
  readonly name: string | null;
  /** Arguments as text: the JSON text of a function call, the free text of a custom one, the JSON of any other item. */
  readonly arguments: string;
  /** RFC 6901 pointer of the item in the whole answer's body (`/output/0`, `/choices/0/message/tool_calls/1`). */
  readonly pointer: string;
};

/** What is known of a statement found in a call's arguments. */
export type SqlFacts = {
  /** Statement kinds in lower case, such as `select`, `delete`, `drop_database`, distinct, sorted. */
  readonly kinds: readonly string[];
  readonly tables: readonly string[];
  /** A DELETE or UPDATE without a condition, or with one that is always true. */
  readonly where_missing: boolean;
  /** Something could not be read to the end: unparsable, dynamic, or too long. */
  readonly incomplete: boolean;
};

export type ShellFacts = {
  /** Names of the programs that would run, distinct, sorted. */
  readonly programs: readonly string[];
  /** Ids of destructive forms, for instance `rm_recursive_force`, `mkfs`, `dd_to_device`, `fork_bomb`, `curl_pipe_shell`. */
  readonly dangers: readonly string[];
  readonly incomplete: boolean;
};

export type CallFacts = {
  readonly id: string;
  readonly type: string;
  readonly name: string | null;
  readonly bytes: number;
  readonly sql: SqlFacts | null;
  readonly shell: ShellFacts | null;
  readonly patterns: Readonly<Record<string, number>>;
};

/** A file that a request carries as such: a part of a form, or a body of its own. */
export type FileFacts = {
  /** The form's field, as sent, at most 64 characters. */
  readonly field: string;
  /** At most 256 characters. */
  readonly name: string | null;
  /** The media type that the part says it has, at most 128 characters. */
  readonly type: string | null;
  readonly bytes: number;
  /** Its text was read and searched; of what is no text only these facts are known. */
  readonly read: boolean;
};

/** Where signals of prompt injection may stand: anywhere but in the instructions. */
export const INJECTION_PLACES = ["tool_output", "file", "message", "tool_definition", "other"] as const;

export type InjectionPlace = (typeof INJECTION_PLACES)[number];

/** The signs in a request that a text of it tries to instruct the model. */
export type Injection = {
  /** The highest of the places', from 0 to 100. */
  readonly score: number;
  /** The places in which a signal was found, with how often each was. */
  readonly places: {
    readonly [place in InjectionPlace]?: {
      readonly score: number;
      readonly signals: Readonly<Record<string, number>>;
    };
  };
};

/** What a request is, without its texts. */
export type RequestFacts = {
  readonly model: string | null;
  /** Every other model that the body names, wherever it stands: what transcribes, moderates or grades. At most 64. */
  readonly models: readonly string[];
  readonly stream: boolean;
  readonly store: boolean | null;
  readonly background: boolean;
  readonly bytes: number;
  readonly items: number;
  readonly chars: number;
  readonly max_output_tokens: number | null;
  readonly n: number;
  readonly temperature: number | null;
  /** An upper bound (UTF-8 bytes of the texts) unless `exact`. */
  readonly tokens: { readonly count: number; readonly exact: boolean };
  readonly roles: Readonly<Record<string, number>>;
  readonly media: { readonly images: number; readonly audio: number; readonly files: number };
  /** At most 64. */
  readonly files: readonly FileFacts[];
  /** Token ids where the API takes them instead of a text, and that could not be read as one. */
  readonly token_ids: number;
  /** Earlier turns lie with the provider (`previous_response_id`, `conversation`). */
  readonly server_state: boolean;
  /** Instructions or tools that the gateway cannot see: stored prompts, assistants, workflows. */
  readonly hidden: readonly { readonly kind: string; readonly id: string; readonly version: string | null }[];
  readonly logprobs: boolean;
  /** Entries of the header `openai-beta`, each at most 128 characters, at most 16. */
  readonly betas: readonly string[];
  /** The query asks for the API's beta form (`?beta=true`). */
  readonly beta: boolean;
  /** Item types that nobody knows. */
  readonly unknown_items: readonly string[];
  /** A bounded list (tools, models, calls, unknown items) had more elements than facts may hold. */
  readonly truncated: boolean;
};

export type Usage = {
  readonly input_tokens: number;
  readonly cached_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_tokens: number;
  readonly total_tokens: number;
  /** Counted by the gateway because the target said nothing. */
  readonly estimated: boolean;
};

/**
 * When policy is asked: at the request; for a stream when its answer begins, at each new class of finding, at each
 * whole tool call and at its end; for an answer that is read whole, once (`whole`, all of the answer's rules).
 */
export type Phase = "request" | "answer" | "finding" | "tool_call" | "end" | "whole";

/** The document that a policy sees as `input`. `rego/schemas/facts.json` is generated from its schema in `policy/`. */
export type Facts = {
  readonly v: 1;
  readonly id: string;
  readonly phase: Phase;
  readonly time: {
    readonly ms: number;
    readonly rfc3339: string;
    readonly weekday: string;
    readonly hour: number;
    readonly zone: string;
  };
  readonly caller: {
    readonly tenant: string;
    readonly issuer: string;
    readonly subject: string;
    readonly kind: Caller["kind"];
    readonly groups: readonly string[];
    readonly scopes: readonly string[];
    readonly claims: JsonObject;
    readonly acts_for: string | null;
    /** Null for whoever is no agent that is registered here. */
    readonly agent: Agent | null;
    /** Who or what began this, as far as the token proves it. */
    readonly initiator: Initiator;
    /** Thumbprint of the client certificate that was verified (SHA-256, base64url); null: there was none. */
    readonly certificate: string | null;
  };
  readonly connection: { readonly name: string; readonly kind: string; readonly labels: readonly string[] };
  readonly operation: Operation;
  readonly route: {
    readonly method: string;
    /** The path's template in the route table; of an operation that is `unknown` the path itself. */
    readonly path: string;
    /** It takes the connection's admin credential. */
    readonly admin: boolean;
    /** Its requests name the model that is to run. */
    readonly names_model: boolean;
  };
  readonly session: { readonly id: string; readonly labels: readonly string[] };
  readonly request: RequestFacts;
  /** The stored objects that the request names, those of others first; at most 64. */
  readonly objects: readonly ObjectFacts[];
  /** Null where the request continues nothing that lies with the provider. */
  readonly earlier: Earlier | null;
  /** At most 64. */
  readonly tools: readonly ToolFacts[];
  /** Of the request, in every phase. */
  readonly injection: Injection;
  /** Count of hits by pattern id, and by class, in what this phase judges: the request's texts, or the answer's so far. */
  readonly patterns: Readonly<Record<string, number>>;
  readonly findings: Readonly<Record<string, number>>;
  readonly answer?: { readonly status: number; readonly stream: boolean; readonly model: string | null };
  /** The calls that this phase judges: one in `tool_call`, all (at most 64) in `whole`. */
  readonly calls?: readonly CallFacts[];
  readonly usage?: Usage;
  /** The parsed body (the request's, or in `whole` the answer's): only for bundles that read it. */
  readonly body?: Json;
  readonly texts?: readonly Text[];
};

/** The classes of values that the gateway finds by itself; patterns of the policy add theirs. */
export const VALUE_CLASSES = [
  "secret",
  "credit_card",
  "bank_account",
  "email",
  "phone",
  "national_id",
  "passport",
  "driving_licence",
  "birth_date",
  "ip_address",
  "mac_address",
  "crypto_address",
] as const;

/** The classes of what a recogniser finds, where one is configured; it may find values of the others too. */
export const RECOGNISED_CLASSES = ["person_name", "address"] as const;

/** How a value is masked, from the most lenient to the strictest. */
export const MASK_OPERATORS = [
  "detect",
  "last4",
  "surrogate",
  "placeholder",
  "token",
  "fixed",
  "redact",
  "block",
] as const;

export type MaskOperator = (typeof MASK_OPERATORS)[number];

/**
 * The parameters of a request that `set` may change, and what their values are. None of them says what is asked, who
 * asks or which model answers: what policy allowed stays what was asked.
 */
export const SETTABLE = {
  frequency_penalty: { type: "number", least: -2, most: 2 },
  max_output_tokens: { type: "count", least: 1, most: 10_000_000 },
  max_tool_calls: { type: "count", least: 1, most: 10_000 },
  n: { type: "count", least: 1, most: 128 },
  parallel_tool_calls: { type: "boolean" },
  presence_penalty: { type: "number", least: -2, most: 2 },
  prompt_cache_retention: { type: "word" },
  reasoning_effort: { type: "word" },
  seed: { type: "count", least: 0, most: Number.MAX_SAFE_INTEGER },
  service_tier: { type: "word" },
  store: { type: "boolean" },
  temperature: { type: "number", least: 0, most: 2 },
  tools: { type: "tools" },
  top_p: { type: "number", least: 0, most: 1 },
  truncation: { type: "word" },
  verbosity: { type: "word" },
} as const satisfies Readonly<
  Record<
    string,
    | { readonly type: "count" | "number"; readonly least: number; readonly most: number }
    | { readonly type: "boolean" | "word" | "tools" }
  >
>;

export type Settable = keyof typeof SETTABLE;

/** What a limit counts. */
export const LIMIT_UNITS = ["requests", "concurrent", "bytes"] as const;

export type LimitUnit = (typeof LIMIT_UNITS)[number];

/** The spans of the calendar, in UTC, that a limit may be for, besides so many seconds. */
export const CALENDAR_WINDOWS = ["minute", "hour", "day", "week", "month"] as const;

export type LimitWindow = number | (typeof CALENDAR_WINDOWS)[number];

/** Names a tool by its type, by its name (an MCP server by its label), or by both. */
export type ToolName = { readonly type?: string; readonly name?: string };

/** A parameter that was changed before the request went on; a text's value is not told, only that it was one. */
export type ParameterChange = {
  readonly parameter: Settable;
  /** RFC 6901 pointer into the body. */
  readonly pointer: string;
  /** The rules that asked for it. */
  readonly codes: readonly string[];
  /** Null where it was absent, and where it is now. */
  readonly from: boolean | number | "text" | "other" | null;
  readonly to: boolean | number | string | null;
  /** Of `tools`: those that were taken out, at most 64. */
  readonly taken?: readonly string[];
};

/** One contribution of a rule to a decision. */
export type Effect = {
  readonly code: string;
  /** The id of the call that it is about; absent: the exchange as a whole. */
  readonly call?: string;
  /** What it is about, for the program that is refused: the name of a model or a tool's type, bounded as the facts are. */
  readonly about?: string;
  /** How a denied call is told to the program; absent: as a message in the call's place. */
  readonly as?: "message" | "error";
  readonly label?: string;
  readonly texts?: "none" | "masked" | "original";
  /** Of `record`: a class of which what was masked is kept, sealed; never a secret. */
  readonly originals?: string;
  readonly fact?: string;
  /** Of `share`: an object, by its place in the facts. */
  readonly object?: number;
  /** Of `share`: all objects of this kind whose owner was in `group`. */
  readonly kind?: string;
  readonly group?: string;
  /** Of `mask`: a class of findings, how its values are masked (absent: redacted), which way and in which kinds of text (absent: all). */
  readonly class?: string;
  /** Of `mask`, in place of a class: fields of JSON texts, by name, by the end of their path or by pointer. */
  readonly fields?: readonly string[];
  readonly with?: MaskOperator;
  readonly direction?: "request" | "answer";
  readonly kinds?: readonly SegmentKind[];
  /** Of a mask with `placeholder`: the kinds of text of an answer in which the values come back to the caller. */
  readonly restore?: readonly SegmentKind[];
  /** Of `set`: a parameter, and one thing to do with it: its value, its bound, to leave it out, tools to take out. */
  readonly parameter?: Settable;
  readonly to?: boolean | number | string;
  readonly at_most?: number;
  readonly at_least?: number;
  readonly strip?: true;
  readonly without?: readonly ToolName[];
  /** Of `limit`: its name, what is counted apart, in which unit, how much at most, in what time (absent: at once). */
  readonly name?: string;
  readonly key?: string;
  readonly unit?: LimitUnit;
  readonly limit?: number;
  readonly window?: LimitWindow;
  /** Of a window in seconds: it ends at each moment; absent: it begins anew at its borders. */
  readonly sliding?: true;
  /** What is over it passes, and is told and recorded; absent: it is refused. */
  readonly soft?: true;
  /** Of `require_approval`: what people are asked; absent: the rule's title. */
  readonly question?: string;
  /** Who may answer: somebody of each list of groups, each a person of their own. */
  readonly from?: readonly (readonly string[])[];
  /** How many people at least; absent: one. */
  readonly people?: number;
  /** Seconds in which they may answer, and then again in which their yes may be used. */
  readonly within_s?: number;
  /** What a yes allows: the request, unchanged, one time. */
  readonly allows?: "once";
};

/** What the policy answered, checked. */
export type Decision = {
  readonly allow: readonly Effect[];
  readonly deny: readonly Effect[];
  /** What would have happened, of rules whose effect is `observe`. */
  readonly observe: readonly Effect[];
  /** Questions to people: the request waits until each has its yes. */
  readonly require_approval: readonly Effect[];
  readonly record: readonly Effect[];
  readonly label: readonly Effect[];
  /** Values that take the place of what was found. */
  readonly mask: readonly Effect[];
  /** Parameters of the request that are changed before it goes on. */
  readonly set: readonly Effect[];
  /** How much there may be of something, over all gateways. */
  readonly limit: readonly Effect[];
  /** Objects of others in the caller's tenant that the caller may use. */
  readonly share: readonly Effect[];
  /** What the gateway keeps to itself may go to the target, such as traces. */
  readonly forward: readonly Effect[];
  /** Facts that a rule needs before it can say (`tokens.exact`). */
  readonly need: readonly Effect[];
};

/** Title and remedy of a rule, from its METADATA. */
export type RuleText = {
  readonly code: string;
  readonly title: string;
  readonly remedy: string;
  /** The sentence that a refused program is told, `{about}` standing for what it is about; null: the title. */
  readonly refusal: string | null;
  readonly package: string;
};

/** Which policy decided. */
export type PolicyVersion = { readonly revision: string; readonly dataRevision: string };
