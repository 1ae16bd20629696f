// The one table of errors: every code that the gateway answers with, its status and what to do about it.

type ErrorRow = {
  readonly status: number;
  /** OpenAI's `error.type`. */
  readonly type:
    | "invalid_request_error"
    | "authentication_error"
    | "permission_error"
    | "rate_limit_error"
    | "api_error";
  /** Whether the SDKs shall try again (`x-should-retry`); absent: they decide by the status. */
  readonly retry?: boolean;
  readonly stage:
    | "identity"
    | "parse"
    | "detect"
    | "policy"
    | "apply"
    | "forward"
    | "record"
    | "server"
    | "connect";
  /** What happened, for the reader of the docs. */
  readonly meaning: string;
  /** What the reader can do. */
  readonly remedy: string;
};

export const ERRORS = {
  token_missing: {
    status: 401,
    type: "authentication_error",
    retry: false,
    stage: "identity",
    meaning: "The request carries no bearer token.",
    remedy: "Send `Authorization: Bearer tg_…`; `tollgate service-accounts create` makes a key.",
  },
  token_invalid: {
    status: 401,
    type: "authentication_error",
    retry: false,
    stage: "identity",
    meaning: "The token is malformed, unknown, or its signature, issuer or audience is wrong.",
    remedy: "Check the token; ask its issuer for a new one.",
  },
  token_expired: {
    status: 401,
    type: "authentication_error",
    retry: true,
    stage: "identity",
    meaning: "The token was valid and has expired.",
    remedy: "Fetch a fresh token; the SDKs call a callable `api_key` again by themselves.",
  },
  token_revoked: {
    status: 401,
    type: "authentication_error",
    retry: false,
    stage: "identity",
    meaning: "The token, or its owner, was revoked.",
    remedy: "Ask an operator for a new one.",
  },
  provider_key_presented: {
    status: 401,
    type: "authentication_error",
    retry: false,
    stage: "identity",
    meaning: "The program sent a provider's own key.",
    remedy:
      "Use a Tollgate token, and revoke that key at the provider: it has been sent to a party that it was not meant for.",
  },
  identity_unavailable: {
    status: 503,
    type: "api_error",
    stage: "identity",
    meaning: "The token could not be checked: the database or the issuer's keys are out of reach.",
    remedy: "Try again; see /readyz.",
  },
  operation_not_open: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "parse",
    meaning: "The API has this operation, the gateway does not open it.",
    remedy: "Use an operation that the gateway opens.",
  },
  credential_withheld: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "parse",
    meaning: "The answer would hold a credential of the target's, which must not reach the program.",
    remedy: "Use the gateway's token where the program would use that credential.",
  },
  admin_credential_missing: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "forward",
    meaning: "The operation takes an admin credential, and the connection has none.",
    remedy:
      "Ask the operator to give the connection an admin credential (`OPENAI_ADMIN_KEY` for the default one).",
  },
  operation_unknown: {
    status: 404,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning: "No operation is known by this method and path.",
    remedy: "Check the base URL: it ends in `/v1`.",
  },
  connection_unknown: {
    status: 404,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning: "No connection has this name.",
    remedy: "`tollgate connections list` names those that exist.",
  },
  connection_disabled: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "parse",
    meaning: "An operator has taken the connection out of use.",
    remedy: "Ask the operator; `tollgate connections history` tells who did it and when.",
  },
  connection_unusable: {
    status: 503,
    type: "api_error",
    retry: false,
    stage: "parse",
    meaning:
      "The connection's key can't be read at this gateway: it can't be opened, its reference leads to none, or its base URL is the gateway's own.",
    remedy: "See the gateway's log and `tollgate doctor`.",
  },
  list_too_long: {
    status: 502,
    type: "api_error",
    retry: false,
    stage: "forward",
    meaning: "The target's list is longer than the gateway searches it for objects of the caller's.",
    remedy:
      "Narrow the list with a filter, begin behind an object of yours with `after`, or retrieve the object by its id.",
  },
  method_not_allowed: {
    status: 405,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning: "The method does not fit the path.",
    remedy: "See the API's reference.",
  },
  body_too_large: {
    status: 413,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning:
      "The request's body is over the limit, or holds over 10,000 items, 100,000 members and elements, 100,000 texts, 10,000 references to stored objects, or 8 MiB of text files in one item.",
    remedy: "Send less; where the message tells of bytes, `limits.request_bytes` can be raised.",
  },
  body_too_deep: {
    status: 400,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning: "The body is nested too deeply.",
    remedy: "Flatten it.",
  },
  body_encoding_unsupported: {
    status: 415,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning: "The body is compressed or not JSON in UTF-8.",
    remedy: "Send `application/json` in UTF-8, uncompressed.",
  },
  body_invalid: {
    status: 400,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning:
      "The body is not JSON that can be read in one way only: a syntax error, a key that stands twice, invalid UTF-8, a byte order mark, a lone surrogate, or a number that does not survive a round trip.",
    remedy: "Send plain JSON.",
  },
  body_shape: {
    status: 400,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning: "A field that the gateway must understand has the wrong type.",
    remedy: "The message names the field and what was expected.",
  },
  message_unknown: {
    status: 400,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning: "A message over a WebSocket is of a type that the gateway does not know; it was not passed on.",
    remedy: "Send the messages of the API's reference.",
  },
  message_unreadable: {
    status: 400,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning:
      "A message over a WebSocket is binary where JSON is due, or no JSON object; the socket is closed.",
    remedy: "Send each message as a JSON object, as text.",
  },
  caller_limit: {
    status: 429,
    type: "rate_limit_error",
    retry: true,
    stage: "parse",
    meaning:
      "The caller has as much under way as one may: open sockets, uploads and their bytes, lists, lines of batches.",
    remedy:
      "Wait until something of it ends, or have an operator raise the key of `limits.per_caller` that the message names.",
  },
  socket_flooded: {
    status: 429,
    type: "rate_limit_error",
    retry: true,
    stage: "parse",
    meaning:
      "More messages came over a WebSocket than the limit allows: in a second, where the socket is closed, or unanswered.",
    remedy: "Send fewer and larger messages, wait for answers, or raise `limits.socket_messages_per_second`.",
  },
  socket_idle: {
    status: 408,
    type: "invalid_request_error",
    retry: true,
    stage: "server",
    meaning: "Nothing came over a WebSocket for so long that it was closed.",
    remedy: "Open it again when there is something to send, or raise `limits.socket_idle_ms`.",
  },
  upgrade_invalid: {
    status: 400,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning: "The request asks for a WebSocket, and is not a well-formed opening handshake.",
    remedy: "Use a WebSocket client of version 13 (RFC 6455).",
  },
  header_repeated: {
    status: 400,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning: "A header that reaches the target stands twice in the request.",
    remedy: "Send each header once.",
  },
  spool_full: {
    status: 503,
    type: "api_error",
    retry: true,
    stage: "parse",
    meaning: "There is no room to keep the request's body until it is decided.",
    remedy: "Try again; an operator can raise `limits.spool_bytes`, or make room in the state folder.",
  },
  file_refused: {
    status: 400,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning:
      "A file of requests (`purpose` is `batch`, `fine-tune` or `evals`) holds a line that cannot be read as one; the message names the line.",
    remedy: "Correct the line.",
  },
  file_not_inspected: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "policy",
    meaning:
      "A batch or a fine-tuning job would run from a file whose lines the gateway has not read, or an upload would put parts together that it has not.",
    remedy: "Upload the file whole, by `files.create`, with the purpose that it is used for.",
  },
  query_invalid: {
    status: 400,
    type: "invalid_request_error",
    retry: false,
    stage: "parse",
    meaning: "A query parameter stands twice or cannot be read.",
    remedy: "Send each parameter once.",
  },
  request_timeout: {
    status: 408,
    type: "invalid_request_error",
    retry: true,
    stage: "parse",
    meaning: "The request's body did not arrive in time.",
    remedy: "Try again.",
  },
  not_found: {
    status: 404,
    type: "invalid_request_error",
    retry: false,
    stage: "record",
    meaning: "The object does not exist, or is not the caller's.",
    remedy: "Use an id that a call of yours returned.",
  },
  originals_absent: {
    status: 404,
    type: "invalid_request_error",
    retry: false,
    stage: "record",
    meaning: "No originals are kept of the exchange.",
    remedy: "`lists.originals` says of which classes they are kept, from then on.",
  },
  originals_expired: {
    status: 410,
    type: "invalid_request_error",
    retry: false,
    stage: "record",
    meaning: "The exchange is older than originals are kept.",
    remedy: "`record.originals.days` says how long they are kept.",
  },
  originals_unreadable: {
    status: 500,
    type: "api_error",
    retry: false,
    stage: "record",
    meaning: "A key that sealed originals is not configured, or they were changed; none is shown.",
    remedy: "Put the key that was before under `record.originals.former_keys`.",
  },
  reveal_limit: {
    status: 429,
    type: "rate_limit_error",
    retry: false,
    stage: "record",
    meaning: "The caller had originals shown as often within the hour as it may.",
    remedy: "Wait; `record.originals.reveals_per_hour` is the limit.",
  },
  policy_denied: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "policy",
    meaning: "A rule refuses; the answer's `code` is the rule's own and the message its remedy.",
    remedy: "Follow the remedy, or ask whoever keeps the policy.",
  },
  policy_not_allowed: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "policy",
    meaning: "No rule allows the request.",
    remedy: "Ask whoever keeps the policy for access.",
  },
  policy_unavailable: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "policy",
    meaning: "The policy threw, ran out of time, or gave no well-formed decision.",
    remedy: "See the gateway's log and `tollgate doctor`.",
  },
  policy_outdated: {
    status: 503,
    type: "api_error",
    retry: true,
    stage: "policy",
    meaning: "The policy's source has not confirmed it for longer than `policy.source.max_age_s` allows.",
    remedy: "See `tollgate policy status`: the source of the bundle has to answer again.",
  },
  policy_effect_unsupported: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "policy",
    meaning: "The policy asks for an effect that this gateway does not have.",
    remedy: "Use a gateway that has it, or change the rule.",
  },
  policy_settings_conflict: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "policy",
    meaning: "Rules want different things of one parameter of the request.",
    remedy: "Ask whoever keeps the policy to change one of the rules that are named.",
  },
  approval_pending: {
    status: 409,
    type: "permission_error",
    retry: true,
    stage: "policy",
    meaning:
      "A rule asks people first, and nobody has answered as long as the program waits. The answer has `approval` with the id and where to look.",
    remedy: "Try again, unchanged, after `retry-after` seconds: the same request finds its approval.",
  },
  approval_denied: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "policy",
    meaning: "A person who was asked has denied the request; the message holds why.",
    remedy: "Change what was objected to: a changed request is another question.",
  },
  approval_expired: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "policy",
    meaning: "Nobody answered in time what a rule asks people first.",
    remedy: "Ask for it again when somebody is there to answer.",
  },
  policy_input_too_large: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "policy",
    meaning: "A rule reads the body or the texts, and they are over the limit of what policy may be given.",
    remedy: "Send less, or raise `limits.policy_input_bytes`.",
  },
  detector_failed: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "detect",
    meaning: "The text could not be scanned.",
    remedy: "See the gateway's log.",
  },
  recogniser_unavailable: {
    status: 503,
    type: "api_error",
    retry: true,
    stage: "detect",
    meaning:
      "The recogniser of names and addresses (`detect.recogniser`) is away, too slow, or gave an answer that cannot be read.",
    remedy: "Try again; `tollgate doctor` and the metric `tollgate_recogniser_seconds` tell more.",
  },
  recogniser_text_too_long: {
    status: 413,
    type: "invalid_request_error",
    retry: false,
    stage: "detect",
    meaning: "A text is longer than the recogniser of names and addresses is asked about.",
    remedy: "Send a shorter text, or raise `detect.recogniser.max_chars`.",
  },
  answer_unreadable: {
    status: 502,
    type: "api_error",
    retry: false,
    stage: "apply",
    meaning:
      "The target's answer cannot be read in one way only, or is over the limit, so nothing of it was passed on.",
    remedy: "See the gateway's log; try again.",
  },
  answer_type_unexpected: {
    status: 502,
    type: "api_error",
    retry: false,
    stage: "apply",
    meaning: "The target answered with another content type than was asked for.",
    remedy: "Check the connection's base URL.",
  },
  credential_refused: {
    status: 502,
    type: "api_error",
    retry: false,
    stage: "forward",
    meaning: "The target refused the gateway's own credential.",
    remedy: "Check the connection's credential.",
  },
  target_unreachable: {
    status: 502,
    type: "api_error",
    retry: true,
    stage: "forward",
    meaning: "The connection to the target failed.",
    remedy: "Try again; check the connection's base URL.",
  },
  target_timeout: {
    status: 504,
    type: "api_error",
    retry: true,
    stage: "forward",
    meaning: "The target did not answer in time.",
    remedy: "Try again, or raise the connection's time limits.",
  },
  target_broke_off: {
    status: 502,
    type: "api_error",
    retry: true,
    stage: "forward",
    meaning: "The target's answer ended before it was whole.",
    remedy: "Try again.",
  },
  target_failed: {
    status: 502,
    type: "api_error",
    stage: "forward",
    meaning:
      "The target reported an error: within its stream, with code and message of its own unless the code is one of the gateway's or of its rules'; or by a status, which the answer has too, with a body that is not JSON, of which nothing is passed on.",
    remedy: "See the message, or what the status means to the API.",
  },
  record_unavailable: {
    status: 503,
    type: "api_error",
    retry: true,
    stage: "record",
    meaning: "The decision could not be recorded, so nothing was forwarded or released.",
    remedy: "Try again; see /readyz.",
  },
  shutting_down: {
    status: 503,
    type: "api_error",
    retry: true,
    stage: "server",
    meaning: "The gateway is draining.",
    remedy: "Try again.",
  },
  limit_reached: {
    status: 429,
    type: "rate_limit_error",
    stage: "policy",
    meaning:
      "A limit of the policy has no room for the request: a quota or a budget is used up, or reserved by calls under way.",
    remedy:
      "The message says which limit, and when there is room again; where that is within a minute `retry-after` says so too, and the SDKs wait. Ask whoever keeps the policy for more.",
  },
  limits_unavailable: {
    status: 503,
    type: "api_error",
    stage: "policy",
    meaning: "The request is under a limit, and the database that counts is out of reach.",
    remedy: "Try again; see /readyz.",
  },
  internal_error: {
    status: 500,
    type: "api_error",
    stage: "server",
    meaning: "A fault of the gateway.",
    remedy: "Report it with the exchange id.",
  },
  local_only: {
    status: 403,
    type: "permission_error",
    retry: false,
    stage: "connect",
    meaning: "`tollgate connect` was asked by a page in a browser, or under another machine's name.",
    remedy: "Call it from a program on its machine, by the base URL that it prints.",
  },
  token_unavailable: {
    status: 503,
    type: "api_error",
    stage: "connect",
    meaning:
      "`tollgate connect` has no token for the call; the message says why. `x-should-retry` says whether trying again may help.",
    remedy: "Sign in with `tollgate login`, or mend what it shows for a token.",
  },
  gateway_unreachable: {
    status: 502,
    type: "api_error",
    stage: "connect",
    meaning: "`tollgate connect` could not reach the gateway.",
    remedy: "Try again; see whether the gateway's URL is right and its /readyz answers.",
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** Where to look for what becomes of a question to people, and after how many seconds to try again. */
export type ToldApproval = { readonly id: string; readonly url: string; readonly retryAfterS?: number };

type ToldHead = { readonly status: number; readonly headers: Readonly<Record<string, string>> };

/** An error that reaches the caller. Its message never carries a prompt, an answer, a key or a token. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  /** The code that the caller sees: a rule's own where a rule refuses. */
  readonly publicCode: string;
  /** Code and message are the target's own words: nobody may take them for the gateway's. */
  readonly isTargets: boolean;
  readonly param: string | null;
  /** The methods that a path has, where it lacks the one that was used (RFC 9110 §10.2.1). */
  readonly allow: readonly string[];
  /** The status and headers of its answer, where they are others than the code's: those that the target gave, or a limit's. */
  readonly told: ToldHead | null;
  /** The rule's code, of an error that a rule leads to and that has one code for programs all the same. */
  readonly recordedAs: string | null;
  /** The approval that it is about. */
  readonly approval: ToldApproval | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      cause?: unknown;
      publicCode?: string;
      isTargets?: boolean;
      param?: string;
      allow?: readonly string[];
      told?: ToldHead;
      recordedAs?: string;
      approval?: ToldApproval;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "GatewayError";
    this.code = code;
    this.publicCode = options.publicCode ?? code;
    this.isTargets = options.isTargets ?? false;
    this.param = options.param ?? null;
    this.allow = options.allow ?? [];
    this.told = options.told ?? null;
    this.recordedAs = options.recordedAs ?? null;
    this.approval = options.approval ?? null;
  }

  get status(): number {
    return this.told?.status ?? ERRORS[this.code].status;
  }

  /** The code that is recorded: a target's own stands behind `target:`, as no rule's does. */
  get recordedCode(): string {
    if (this.recordedAs !== null) return this.recordedAs;
    return this.isTargets && this.publicCode !== this.code ? `target:${this.publicCode}` : this.publicCode;
  }
}

/** The `error` object of an answer or an event. */
export type ErrorDetail = {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string;
  /** In errors of the gateway's own, and in no other: no target learns an exchange's id, so none can write it. */
  readonly exchange_id?: string;
  /** The question to people that it is about: its id, and where to look. */
  readonly approval?: { readonly id: string; readonly url: string };
};

/** Gives what OpenAI's SDKs raise as the status's error class, with the gateway's mark unless the words are the target's. */
export function toErrorDetail(error: GatewayError, exchangeId: string): ErrorDetail {
  return {
    message: toMessage(error, exchangeId),
    type: ERRORS[error.code].type,
    param: error.param,
    code: error.publicCode,
    ...(!error.isTargets && { exchange_id: exchangeId }),
    ...(error.approval !== null && { approval: { id: error.approval.id, url: error.approval.url } }),
  };
}

/** What policy refuses is told with its exchange, by which whoever keeps the policy finds it. */
function toMessage({ code, message }: GatewayError, exchangeId: string): string {
  const name = `[exchange ${exchangeId}]`;
  return !/^(?:policy|approval)_/.test(code) || message.endsWith(name) ? message : `${message} ${name}`;
}

/** Gives `x-should-retry`'s value, or null where the SDKs decide by the status. */
export function toShouldRetry(error: GatewayError): "true" | "false" | null {
  const row: ErrorRow = ERRORS[error.code];
  return row.retry === undefined ? null : row.retry ? "true" : "false";
}

/** Makes a `GatewayError` of anything that was thrown; what is not one becomes `internal_error` with no detail. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError("internal_error", "The gateway failed; nothing was passed on.", { cause: thrown });
}
