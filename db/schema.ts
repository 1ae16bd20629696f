// Every table of the gateway, as Drizzle sees it; the SQL that makes them stands in `migrations/`.
// What is only kept and shown is `json`, which costs the server half of `jsonb` to take in and stays as it was written.
import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  boolean,
  customType,
  index,
  integer,
  json,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => "bytea" });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });
const noTexts = sql`'{}'::text[]`;

// Identity

export const serviceAccounts = pgTable("service_accounts", {
  id: uuid("id").primaryKey(),
  tenant: text("tenant").notNull(),
  name: text("name").notNull().unique(),
  groups: text("groups").array().notNull(),
  /** Of an agent: owner, purpose, tools. Null: a service. */
  agent: json("agent"),
  /** What policy sees as its claims: texts by name. */
  attributes: json("attributes").notNull().default({}),
  /** Who or what begins what it does; null: as its kind says. */
  initiator: text("initiator", { enum: ["person", "schedule", "service", "agent"] }),
  createdAt: moment("created_at").notNull().defaultNow(),
  createdBy: text("created_by").notNull(),
  disabledAt: moment("disabled_at"),
});

/** Keys of service accounts: the hash alone, and a hint (`tg_…last four`) for people. */
export const keys = pgTable(
  "keys",
  {
    id: uuid("id").primaryKey(),
    serviceAccountId: uuid("service_account_id")
      .notNull()
      .references(() => serviceAccounts.id),
    hash: bytea("hash").notNull().unique(),
    hint: text("hint").notNull(),
    scopes: text("scopes").array().notNull().default(noTexts),
    createdAt: moment("created_at").notNull().defaultNow(),
    expiresAt: moment("expires_at"),
    revokedAt: moment("revoked_at"),
  },
  (table) => [index("keys_service_account").on(table.serviceAccountId)],
);

/** The log of what was revoked; processes read on from the last `seq` that they saw. */
export const revocations = pgTable(
  "revocations",
  {
    seq: bigserial("seq", { mode: "number" }).primaryKey(),
    /** `issued_before`: of a subject only what was issued before `at` ends. */
    kind: text("kind", { enum: ["credential", "subject", "issued_before"] }).notNull(),
    id: text("id").notNull(),
    at: moment("at").notNull().defaultNow(),
    /** Who revoked it, `operator:<user>@<host>`. */
    revokedBy: text("revoked_by"),
  },
  (table) => [index("revocations_id").on(table.id)],
);

/** Short-lived tokens and their refresh tokens: the hash alone, and the caller that each stands for. */
export const tokens = pgTable(
  "tokens",
  {
    id: uuid("id").primaryKey(),
    /** Every token that came of one sign-in, by refreshing. */
    family: uuid("family").notNull(),
    use: text("use", { enum: ["access", "refresh"] }).notNull(),
    hash: bytea("hash").notNull().unique(),
    tenant: text("tenant").notNull(),
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    actsFor: text("acts_for"),
    caller: json("caller").notNull(),
    /** The credentials that it was obtained with: it ends with any of them. */
    parents: text("parents").array().notNull(),
    /** The grant that gave it, as RFC 6749 names it. */
    grantType: text("grant_type").notNull(),
    issuedAt: moment("issued_at").notNull().defaultNow(),
    expiresAt: moment("expires_at").notNull(),
    /** When a refresh token was used up. */
    usedAt: moment("used_at"),
    revokedAt: moment("revoked_at"),
  },
  (table) => [
    index("tokens_family").on(table.family),
    index("tokens_subject").on(table.tenant, table.issuer, table.subject),
    index("tokens_expiry").on(table.expiresAt),
  ],
);

/** Public keys by which service accounts prove themselves (RFC 7523). */
export const clientKeys = pgTable(
  "client_keys",
  {
    id: uuid("id").primaryKey(),
    serviceAccountId: uuid("service_account_id")
      .notNull()
      .references(() => serviceAccounts.id),
    /** The public JWK (RFC 7517). */
    jwk: json("jwk").notNull(),
    /** Its thumbprint (RFC 7638). */
    thumbprint: text("thumbprint").notNull(),
    createdAt: moment("created_at").notNull().defaultNow(),
    createdBy: text("created_by").notNull(),
    revokedAt: moment("revoked_at"),
  },
  (table) => [index("client_keys_service_account").on(table.serviceAccountId)],
);

/** Assertions that were used, each of which counts once, until they have expired. */
export const usedAssertions = pgTable(
  "used_assertions",
  { hash: bytea("hash").primaryKey(), expiresAt: moment("expires_at").notNull() },
  (table) => [index("used_assertions_expiry").on(table.expiresAt)],
);

/** Client secrets of realtime sessions: the hash alone, and beside it, sealed, who asked for it and what it opens. */
export const clientSecrets = pgTable(
  "client_secrets",
  {
    hash: bytea("hash").primaryKey(),
    tenant: text("tenant").notNull(),
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    connection: text("connection").notNull(),
    /** The exchange that it was given in. */
    exchangeId: uuid("exchange_id").notNull(),
    sealed: bytea("sealed").notNull(),
    keyId: text("key_id").notNull(),
    at: moment("at").notNull(),
    expiresAt: moment("expires_at").notNull(),
  },
  (table) => [index("client_secrets_expiry").on(table.expiresAt)],
);

/** Both ends of the parts of uploads, sealed, by a keyed hash of whose part it is: nothing may hide where two of them meet. */
export const uploadParts = pgTable(
  "upload_parts",
  {
    key: text("key").primaryKey(),
    /** A keyed hash of the caller. */
    owner: text("owner").notNull(),
    sealed: bytea("sealed").notNull(),
    keyId: text("key_id").notNull(),
    at: moment("at").notNull(),
  },
  (table) => [index("upload_parts_owner").on(table.owner, table.at), index("upload_parts_at").on(table.at)],
);

// Connections

/** Connections that operators have registered; those of the configuration are not here. A name is free again once its row is removed. */
export const connections = pgTable(
  "connections",
  {
    id: uuid("id").primaryKey(),
    name: text("name").notNull(),
    kind: text("kind", { enum: ["openai"] }).notNull(),
    baseUrl: text("base_url").notNull(),
    labels: text("labels").array().notNull().default(noTexts),
    unknownIds: text("unknown_ids", { enum: ["refuse", "allow"] }).notNull(),
    organization: text("organization"),
    project: text("project"),
    connectMs: integer("connect_ms").notNull(),
    firstByteMs: integer("first_byte_ms").notNull(),
    idleMs: integer("idle_ms").notNull(),
    createdAt: moment("created_at").notNull().defaultNow(),
    createdBy: text("created_by").notNull(),
    disabledAt: moment("disabled_at"),
    removedAt: moment("removed_at"),
  },
  (table) => [
    uniqueIndex("connections_name")
      .on(table.name)
      .where(sql`${table.removedAt} is null`),
  ],
);

/** Versions of connections' keys, each sealed under a data key of its own, which is wrapped under a key that is not here. */
export const connectionCredentials = pgTable(
  "connection_credentials",
  {
    id: uuid("id").primaryKey(),
    connectionId: uuid("connection_id")
      .notNull()
      .references(() => connections.id),
    purpose: text("purpose", { enum: ["api", "admin"] }).notNull(),
    version: integer("version").notNull(),
    /** The one that is sent; the others are kept until they expire. */
    isCurrent: boolean("is_current").notNull(),
    /** Where each gateway finds the key, for people to read; gateways read it from what is sealed. Null: the key itself is sealed. */
    reference: text("reference"),
    /** The beginning of a keyed hash, by which people tell keys apart. Null for a reference. */
    fingerprint: text("fingerprint"),
    /** Empty once it is destroyed, as `dataKey` is. */
    sealed: bytea("sealed").notNull(),
    dataKey: bytea("data_key").notNull(),
    keyId: text("key_id").notNull(),
    createdAt: moment("created_at").notNull().defaultNow(),
    createdBy: text("created_by").notNull(),
    expiresAt: moment("expires_at"),
    destroyedAt: moment("destroyed_at"),
  },
  (table) => [
    uniqueIndex("connection_credentials_version").on(table.connectionId, table.purpose, table.version),
    uniqueIndex("connection_credentials_current")
      .on(table.connectionId, table.purpose)
      .where(sql`${table.isCurrent}`),
  ],
);

/** The log of what changed about connections; processes read on from the last `seq` that they saw. */
export const connectionChanges = pgTable("connection_changes", {
  seq: bigserial("seq", { mode: "number" }).primaryKey(),
  connection: text("connection").notNull(),
  /** `cut`: what is under way ends too. */
  kind: text("kind", { enum: ["changed", "cut"] }).notNull(),
  at: moment("at").notNull().defaultNow(),
});

/** How connections, configured ones too, answered last: all gateways of the database add to one row. */
export const connectionHealth = pgTable("connection_health", {
  connection: text("connection").primaryKey(),
  usedAt: moment("used_at").notNull(),
  succeededAt: moment("succeeded_at"),
  failedAt: moment("failed_at"),
  errorCode: text("error_code"),
  /** Failures since the last success. */
  failures: integer("failures").notNull(),
  /** Milliseconds until the head of the last answer. */
  latencyMs: integer("latency_ms"),
});

/** Who changed what in the gateway itself, and when; rows are only added, and hold no secret. */
export const adminActions = pgTable("admin_actions", {
  seq: bigserial("seq", { mode: "number" }).primaryKey(),
  at: moment("at").notNull().defaultNow(),
  /** `operator:<user>@<host>`. */
  actor: text("actor").notNull(),
  /** For instance `connection.rotate`. */
  action: text("action").notNull(),
  object: text("object").notNull(),
  detail: json("detail").notNull(),
});

// The console

/** Who is signed in to the console: the hash of what the browser holds, and who that is. Rows stay a while after they ended. */
export const consoleSessions = pgTable(
  "console_sessions",
  {
    id: uuid("id").primaryKey(),
    hash: bytea("hash").notNull().unique(),
    tenant: text("tenant").notNull(),
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    /** The issuer's own name for the subject (`sub`), where another claim names the caller. */
    issuerSubject: text("issuer_subject").notNull(),
    /** The issuer's session (`sid`), by which it ends this one. */
    issuerSession: text("issuer_session"),
    groups: text("groups").array().notNull().default(noTexts),
    /** The role of a one-time link; others follow from groups. */
    role: text("role"),
    startedAt: moment("started_at").notNull().defaultNow(),
    seenAt: moment("seen_at").notNull().defaultNow(),
    expiresAt: moment("expires_at").notNull(),
    endedAt: moment("ended_at"),
    endedBy: text("ended_by"),
  },
  (table) => [
    index("console_sessions_subject").on(table.issuer, table.issuerSubject),
    index("console_sessions_expiry").on(table.expiresAt),
  ],
);

/** One-time links into a console that has no issuer: the hash alone. */
export const consoleLinks = pgTable(
  "console_links",
  {
    hash: bytea("hash").primaryKey(),
    role: text("role").notNull(),
    createdBy: text("created_by").notNull(),
    expiresAt: moment("expires_at").notNull(),
  },
  (table) => [index("console_links_expiry").on(table.expiresAt)],
);

// Exchanges

/** Groups of exchanges. `id` follows from caller and header where the program names its session. */
export const sessions = pgTable("sessions", {
  id: uuid("id").primaryKey(),
  tenant: text("tenant").notNull(),
  issuer: text("issuer").notNull(),
  subject: text("subject").notNull(),
  connection: text("connection").notNull(),
  /** How exchanges came together: `header`, `response`, `conversation`, `history` or `own`. */
  origin: text("origin").notNull(),
  /** The program's own name for it, at most 256 characters. */
  name: text("name"),
  startedAt: moment("started_at").notNull(),
});

/** One row for each request that was read, written at its decision. Its id is a UUID of version 7 and carries the time. */
export const exchanges = pgTable(
  "exchanges",
  {
    id: uuid("id").primaryKey(),
    at: moment("at").notNull(),
    sessionId: uuid("session_id"),
    tenant: text("tenant").notNull(),
    issuer: text("issuer"),
    subject: text("subject"),
    callerKind: text("caller_kind"),
    groups: text("groups").array().notNull().default(noTexts),
    actsFor: text("acts_for"),
    credentialId: text("credential_id"),
    connection: text("connection"),
    operation: text("operation").notNull(),
    method: text("method").notNull(),
    /** The route's template (`/responses/{id}`), never the path that was sent. */
    path: text("path").notNull(),
    model: text("model"),
    stream: boolean("stream").notNull(),
    client: text("client"),
    facts: json("facts"),
    decision: json("decision"),
    effect: text("effect", { enum: ["allow", "deny", "error"] }).notNull(),
    /** Codes of the rules that denied, observed, recorded or labelled, or the error's code. */
    codes: text("codes").array().notNull().default(noTexts),
    /** Classes of findings in the request. */
    classes: text("classes").array().notNull().default(noTexts),
    revision: text("revision"),
    dataRevision: text("data_revision"),
    timings: json("timings"),
    /** Hash and pointer of the last item that a person wrote. */
    promptHash: text("prompt_hash"),
    promptPointer: text("prompt_pointer"),
    /** Ids of the calls whose outputs arrived with this request. */
    callOutputs: text("call_outputs").array().notNull().default(noTexts),
  },
  (table) => [
    index("exchanges_session").on(table.sessionId, table.id),
    index("exchanges_subject").on(table.subject, table.id),
    index("exchanges_model").on(table.model, table.id),
    index("exchanges_operation").on(table.operation, table.id),
    index("exchanges_revision").on(table.revision, table.id),
    index("exchanges_refused")
      .on(table.effect, table.id)
      .where(sql`${table.effect} <> 'allow'`),
    index("exchanges_codes")
      .using("gin", table.codes)
      .where(sql`${table.codes} <> '{}'`),
    index("exchanges_classes")
      .using("gin", table.classes)
      .where(sql`${table.classes} <> '{}'`),
  ],
);

/** What policy said in the phases after the request's. */
export const decisions = pgTable(
  "decisions",
  {
    exchangeId: uuid("exchange_id").notNull(),
    seq: integer("seq").notNull(),
    phase: text("phase").notNull(),
    at: moment("at").notNull(),
    facts: json("facts"),
    decision: json("decision"),
    effect: text("effect", { enum: ["allow", "deny", "error"] }).notNull(),
    codes: text("codes").array().notNull().default(noTexts),
    classes: text("classes").array().notNull().default(noTexts),
    /** The calls that this decision was about: id, type, name, outcome, digest of the arguments. */
    calls: jsonb("calls"),
    timings: json("timings"),
  },
  (table) => [
    primaryKey({ columns: [table.exchangeId, table.seq] }),
    index("decisions_refused")
      .on(table.exchangeId)
      .where(sql`${table.effect} <> 'allow'`),
    index("decisions_codes")
      .using("gin", table.codes)
      .where(sql`${table.codes} <> '{}'`),
    index("decisions_classes")
      .using("gin", table.classes)
      .where(sql`${table.classes} <> '{}'`),
  ],
);

/** How an exchange ended; no row: it runs, or its process died. */
export const exchangeEnds = pgTable(
  "exchange_ends",
  {
    exchangeId: uuid("exchange_id").primaryKey(),
    at: moment("at").notNull(),
    /** `completed`, `refused`, `failed` or `aborted`. */
    outcome: text("outcome").notNull(),
    httpStatus: smallint("http_status"),
    errorCode: text("error_code"),
    model: text("model"),
    usage: jsonb("usage"),
    responseIds: text("response_ids").array().notNull().default(noTexts),
    requestBytes: bigint("request_bytes", { mode: "number" }),
    answerBytes: bigint("answer_bytes", { mode: "number" }),
    timings: json("timings"),
    /** Digest of the caller, the history that was sent and what was answered, by which the next turn finds its session. */
    history: text("history"),
    /** What the conversation held after this turn, where the provider keeps it: `Earlier`. */
    held: json("held"),
  },
  (table) => [
    index("exchange_ends_history")
      .on(table.history)
      .where(sql`${table.history} is not null`),
  ],
);

// Projections, filled in the background from the rows above

/** Exchanges whose rows wait to be projected. */
export const projectionQueue = pgTable("projection_queue", {
  seq: bigserial("seq", { mode: "number" }).primaryKey(),
  exchangeId: uuid("exchange_id").notNull(),
});

/** One row a rule that denied, or would have (`observed`). */
export const denials = pgTable(
  "denials",
  {
    exchangeId: uuid("exchange_id").notNull(),
    /** 0 for the request's decision, else the decision's `seq`. */
    seq: integer("seq").notNull(),
    code: text("code").notNull(),
    /** Empty where the exchange as a whole was refused. */
    callId: text("call_id").notNull().default(""),
    phase: text("phase").notNull(),
    observed: boolean("observed").notNull(),
    at: moment("at").notNull(),
    tenant: text("tenant").notNull(),
    subject: text("subject"),
    sessionId: uuid("session_id"),
    revision: text("revision"),
  },
  (table) => [
    primaryKey({ columns: [table.exchangeId, table.seq, table.code, table.callId, table.observed] }),
  ],
);

/** The model's calls of tools: who asked, what was decided, what caused them and what carried their output. */
export const toolCalls = pgTable(
  "tool_calls",
  {
    exchangeId: uuid("exchange_id").notNull(),
    callId: text("call_id").notNull(),
    seq: integer("seq").notNull(),
    at: moment("at").notNull(),
    name: text("name"),
    type: text("type").notNull(),
    /** `released` or `denied`. */
    outcome: text("outcome").notNull(),
    codes: text("codes").array().notNull().default(noTexts),
    argumentsDigest: text("arguments_digest"),
    argumentsBytes: integer("arguments_bytes"),
    tenant: text("tenant").notNull(),
    issuer: text("issuer"),
    subject: text("subject"),
    sessionId: uuid("session_id"),
    promptHash: text("prompt_hash"),
    promptPointer: text("prompt_pointer"),
    /** The exchange that carried its output. */
    outputExchangeId: uuid("output_exchange_id"),
  },
  (table) => [
    primaryKey({ columns: [table.exchangeId, table.callId] }),
    index("tool_calls_call").on(table.callId),
    index("tool_calls_name").on(table.name, table.exchangeId),
    index("tool_calls_session").on(table.sessionId),
    index("tool_calls_output")
      .on(table.outputExchangeId)
      .where(sql`${table.outputExchangeId} is not null`),
  ],
);

export const usage = pgTable(
  "usage",
  {
    exchangeId: uuid("exchange_id").primaryKey(),
    at: moment("at").notNull(),
    tenant: text("tenant").notNull(),
    issuer: text("issuer"),
    subject: text("subject"),
    sessionId: uuid("session_id"),
    connection: text("connection"),
    operation: text("operation").notNull(),
    model: text("model"),
    inputTokens: bigint("input_tokens", { mode: "number" }).notNull(),
    cachedTokens: bigint("cached_tokens", { mode: "number" }).notNull(),
    outputTokens: bigint("output_tokens", { mode: "number" }).notNull(),
    reasoningTokens: bigint("reasoning_tokens", { mode: "number" }).notNull(),
    totalTokens: bigint("total_tokens", { mode: "number" }).notNull(),
    estimated: boolean("estimated").notNull(),
  },
  (table) => [index("usage_session").on(table.sessionId)],
);

// Texts

/** Texts, once for each tenant, sealed; the key is named, never held. */
export const texts = pgTable(
  "texts",
  {
    tenant: text("tenant").notNull(),
    hash: text("hash").notNull(),
    sealed: bytea("sealed").notNull(),
    keyId: text("key_id").notNull(),
    at: moment("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.hash] })],
);

/** Which texts an exchange carried: `segments` is a list of pointer, kind, role and hash. */
export const exchangeTexts = pgTable(
  "exchange_texts",
  {
    exchangeId: uuid("exchange_id").notNull(),
    direction: text("direction", { enum: ["request", "answer"] }).notNull(),
    segments: json("segments").notNull(),
  },
  (table) => [primaryKey({ columns: [table.exchangeId, table.direction] })],
);

/** What placeholders stand for, in the sessions that they were given in, sealed: rows go when they have expired. */
export const placeholders = pgTable(
  "placeholders",
  {
    sessionId: uuid("session_id").notNull(),
    placeholder: text("placeholder").notNull(),
    sealed: bytea("sealed").notNull(),
    keyId: text("key_id").notNull(),
    expiresAt: moment("expires_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.placeholder] }),
    index("placeholders_expiry").on(table.expiresAt),
  ],
);

// Values

/** What was masked, or found where it might have been: one line a value and place; never the value. */
export const maskedValues = pgTable(
  "masked_values",
  {
    exchangeId: uuid("exchange_id").notNull(),
    seq: integer("seq").notNull(),
    tenant: text("tenant").notNull(),
    direction: text("direction", { enum: ["request", "answer"] }).notNull(),
    /** `masked`, `detected`, or what the exchange was refused for: `blocked`, `unmaskable`. */
    outcome: text("outcome").notNull(),
    class: text("class").notNull(),
    /** The detector's or the pattern's id; null where lines were added up. */
    detector: text("detector"),
    operator: text("operator").notNull(),
    code: text("code").notNull(),
    kind: text("kind"),
    /** Pointer of the text that it stood in; null where lines were added up. */
    place: text("place"),
    count: integer("count").notNull(),
    /** Keyed hash of the value, by which it is found again. */
    valueHash: text("value_hash"),
    at: moment("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.exchangeId, table.seq] }),
    index("masked_values_hash")
      .on(table.valueHash, table.exchangeId)
      .where(sql`${table.valueHash} is not null`),
    index("masked_values_tenant").on(table.tenant),
    // What is not named one by one is told of where a value is looked for.
    index("masked_values_unnamed")
      .on(table.at)
      .where(sql`${table.valueHash} is null`),
  ],
);

/** What was masked, as it was: sealed under a key of its own, bound to its line of `masked_values`. */
export const originals = pgTable(
  "originals",
  {
    exchangeId: uuid("exchange_id").notNull(),
    seq: integer("seq").notNull(),
    sealed: bytea("sealed").notNull(),
    keyId: text("key_id").notNull(),
    at: moment("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.exchangeId, table.seq] }), index("originals_at").on(table.at)],
);

/** Who had originals shown, or was refused them, and why; rows are only added. */
export const reveals = pgTable(
  "reveals",
  {
    /** The exchange that it was asked for in. */
    id: uuid("id").primaryKey(),
    at: moment("at").notNull().defaultNow(),
    tenant: text("tenant").notNull(),
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    /** The exchange whose originals were asked for, as far as it is an id. */
    exchangeId: uuid("exchange_id"),
    /** Masked as the request was; null where none was given. */
    reason: text("reason"),
    outcome: text("outcome", { enum: ["shown", "refused"] }).notNull(),
    /** Why it was refused. */
    code: text("code"),
    /** The lines of `masked_values` whose originals were shown. */
    lines: integer("lines")
      .array()
      .notNull()
      .default(sql`'{}'::integer[]`),
  },
  (table) => [
    index("reveals_exchange").on(table.exchangeId, table.id),
    index("reveals_caller").on(table.tenant, table.issuer, table.subject, table.at),
  ],
);

// Approvals

/** Questions to people about one request. Of a row only its state changes, each time in one conditional update; it is never deleted. */
export const approvals = pgTable(
  "approvals",
  {
    id: uuid("id").primaryKey(),
    tenant: text("tenant").notNull(),
    /** Keyed digest of the request: caller, connection, operation, content. */
    digest: text("digest").notNull(),
    /** Digest of the rule's code, the question and its parameters. */
    questionDigest: text("question_digest").notNull(),
    code: text("code").notNull(),
    question: text("question").notNull(),
    about: text("about"),
    /** Lists of groups: somebody of each must say yes. */
    from: json("from").notNull(),
    /** Yeses that are needed. */
    people: smallint("people").notNull(),
    withinSeconds: integer("within_seconds").notNull(),
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    callerKind: text("caller_kind").notNull(),
    /** Subjects who may not answer: the caller, for whom it acts, who owns it. */
    barred: text("barred").array().notNull(),
    connection: text("connection").notNull(),
    operation: text("operation").notNull(),
    model: text("model"),
    /** The exchange that asked first. */
    exchangeId: uuid("exchange_id").notNull(),
    revision: text("revision").notNull(),
    dataRevision: text("data_revision").notNull(),
    /** What policy saw, as it is recorded. */
    facts: json("facts").notNull(),
    /** The request's texts, masked, then sealed. */
    sealed: bytea("sealed").notNull(),
    keyId: text("key_id").notNull(),
    state: text("state", { enum: ["pending", "approved", "denied", "expired", "used"] })
      .notNull()
      .default("pending"),
    createdAt: moment("created_at").notNull(),
    /** Until when it can be answered. */
    deadline: moment("deadline").notNull(),
    decidedAt: moment("decided_at"),
    /** Until when a yes can be used. */
    expiresAt: moment("expires_at"),
    /** When it was used, or expired. */
    endedAt: moment("ended_at"),
    /** The exchange that it let go out. */
    usedBy: uuid("used_by"),
  },
  (table) => [
    uniqueIndex("approvals_open")
      .on(table.digest, table.questionDigest)
      .where(sql`${table.state} in ('pending', 'approved')`),
    index("approvals_question").on(table.digest, table.questionDigest, table.createdAt),
    index("approvals_state").on(table.state, table.createdAt),
    index("approvals_created").on(table.createdAt),
  ],
);

/** Answers to them: one person has one. Rows are only added. */
export const approvalVotes = pgTable(
  "approval_votes",
  {
    approvalId: uuid("approval_id")
      .notNull()
      .references(() => approvals.id),
    /** One person, whatever their groups: what names them in the log of revocations, or an operator. */
    person: text("person").notNull(),
    /** As people read it. */
    name: text("name").notNull(),
    vote: text("vote", { enum: ["approve", "deny"] }).notNull(),
    reason: text("reason"),
    /** Groups when it was given; null: an operator's, who stands for any. */
    groups: text("groups").array(),
    at: moment("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.approvalId, table.person] })],
);

/** The exchanges that waited for an answer. Rows are only added. */
export const approvalExchanges = pgTable(
  "approval_exchanges",
  {
    approvalId: uuid("approval_id")
      .notNull()
      .references(() => approvals.id),
    exchangeId: uuid("exchange_id").notNull(),
    at: moment("at").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.approvalId, table.exchangeId] }),
    index("approval_exchanges_exchange").on(table.exchangeId),
  ],
);

// The ledger

/** Who owns what the provider stores. The first owner stays. */
export const objects = pgTable(
  "objects",
  {
    connection: text("connection").notNull(),
    kind: text("kind").notNull(),
    id: text("id").notNull(),
    tenant: text("tenant").notNull(),
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    sessionId: uuid("session_id"),
    /** The groups that the owner was in when it was made. */
    groups: text("groups").array().notNull().default(noTexts),
    exchangeId: uuid("exchange_id"),
    labels: text("labels").array().notNull().default(noTexts),
    at: moment("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.connection, table.kind, table.id] }),
    index("objects_subject").on(table.subject, table.kind),
  ],
);

/** What each exchange added to a conversation that lies with the provider: `Earlier` of that exchange alone. */
export const conversationTurns = pgTable(
  "conversation_turns",
  {
    connection: text("connection").notNull(),
    conversationId: text("conversation_id").notNull(),
    exchangeId: uuid("exchange_id").notNull(),
    added: json("added").notNull(),
    at: moment("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.connection, table.conversationId, table.exchangeId] })],
);

/** Calls that were denied and replaced by a message of ours, so that the next turn can be made whole. */
export const replacedCalls = pgTable(
  "replaced_calls",
  {
    exchangeId: uuid("exchange_id").notNull(),
    /** The id that the program saw; of the provider, or ours. */
    callId: text("call_id").notNull(),
    type: text("type").notNull(),
    tenant: text("tenant").notNull(),
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    connection: text("connection").notNull(),
    sessionId: uuid("session_id"),
    responseId: text("response_id"),
    conversationId: text("conversation_id"),
    messageId: text("message_id"),
    reasoningIds: text("reasoning_ids").array().notNull().default(noTexts),
    itemId: text("item_id"),
    code: text("code").notNull(),
    at: moment("at").notNull(),
    /** When the provider's conversation got an output for it. */
    settledAt: moment("settled_at"),
  },
  (table) => [
    primaryKey({ columns: [table.exchangeId, table.callId] }),
    index("replaced_calls_response").on(table.responseId),
    index("replaced_calls_message").on(table.messageId),
    index("replaced_calls_conversation")
      .on(table.conversationId)
      .where(sql`${table.settledAt} is null`),
    index("replaced_calls_reasoning").using("gin", table.reasoningIds),
  ],
);

/** Taints by the keyed hash of an item. */
export const itemLabels = pgTable(
  "item_labels",
  {
    tenant: text("tenant").notNull(),
    itemHash: text("item_hash").notNull(),
    label: text("label").notNull(),
    exchangeId: uuid("exchange_id").notNull(),
    at: moment("at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.itemHash, table.label] })],
);

/** Taints of a session: the union of all that its exchanges were labelled with. */
export const sessionLabels = pgTable(
  "session_labels",
  {
    sessionId: uuid("session_id").notNull(),
    label: text("label").notNull(),
    tenant: text("tenant").notNull(),
    exchangeId: uuid("exchange_id").notNull(),
    at: moment("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sessionId, table.label] }),
    index("session_labels_tenant").on(table.tenant),
  ],
);

// Traces

/** Runs as the Agents SDKs tell of them; an id belongs to the caller that sent it. */
export const traces = pgTable(
  "traces",
  {
    tenant: text("tenant").notNull(),
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    id: text("id").notNull(),
    workflow: text("workflow"),
    groupId: text("group_id"),
    /** The exchange that brought it. */
    exchangeId: uuid("exchange_id").notNull(),
    at: moment("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.issuer, table.subject, table.id] }),
    index("traces_group").on(table.groupId),
  ],
);

/** Steps of a run, without what went into them or came out. */
export const spans = pgTable(
  "spans",
  {
    tenant: text("tenant").notNull(),
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    traceId: text("trace_id").notNull(),
    id: text("id").notNull(),
    parentId: text("parent_id"),
    /** `agent`, `function`, `generation`, `response`, `handoff`, `guardrail`, …, as sent. */
    type: text("type"),
    name: text("name"),
    startedAt: moment("started_at"),
    endedAt: moment("ended_at"),
    failed: boolean("failed").notNull(),
    /** The response that a step asked for, by which it finds its session. */
    responseId: text("response_id"),
    exchangeId: uuid("exchange_id").notNull(),
    at: moment("at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.issuer, table.subject, table.traceId, table.id] }),
    index("spans_response")
      .on(table.responseId)
      .where(sql`${table.responseId} is not null`),
  ],
);

// The gateway itself

/** What a person should look at, for instance a provider's key that was presented; `detail` holds keyed hashes only. */
export const incidents = pgTable("incidents", {
  id: uuid("id").primaryKey(),
  at: moment("at").notNull(),
  kind: text("kind").notNull(),
  tenant: text("tenant").notNull(),
  subject: text("subject"),
  exchangeId: uuid("exchange_id"),
  detail: jsonb("detail").notNull(),
});

/** Every policy that decided here, with the operator's overlay, so that a decision can be replayed. */
export const policyVersions = pgTable(
  "policy_versions",
  {
    revision: text("revision").notNull(),
    dataRevision: text("data_revision").notNull(),
    /** Digest and content of the operator's data; null where there is none. */
    overlayDigest: text("overlay_digest"),
    overlay: jsonb("overlay"),
    firstSeenAt: moment("first_seen_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.revision, table.dataRevision] })],
);

// The decision log

/** Whether decisions are kept for a collector: one row where they are. */
export const decisionLogState = pgTable("decision_log_state", {
  id: smallint("id").primaryKey(),
  since: moment("since").notNull().defaultNow(),
  deliveredAt: moment("delivered_at"),
  /** Why the last batch was not delivered, and since when none is. */
  problem: text("problem"),
  problemAt: moment("problem_at"),
});

/** Decisions that a collector is told of, each at least once. Rows stay a while after that. */
export const decisionLog = pgTable(
  "decision_log",
  {
    seq: bigserial("seq", { mode: "number" }).primaryKey(),
    exchangeId: uuid("exchange_id").notNull(),
    /** 0: the request's decision; else `seq` of `decisions`. */
    decisionSeq: integer("decision_seq").notNull(),
    /** Until then somebody is at it. */
    claimedUntil: moment("claimed_until"),
    sentAt: moment("sent_at"),
    /** The collector will not take it. */
    refused: boolean("refused").notNull().default(false),
  },
  (table) => [
    uniqueIndex("decision_log_decision").on(table.exchangeId, table.decisionSeq),
    index("decision_log_waiting")
      .on(table.seq)
      .where(sql`${table.sentAt} is null`),
    index("decision_log_sent").on(table.sentAt),
  ],
);

/** Bundles that were in force, as they came: any recorded decision can be replayed, and any of them be gone back to. */
export const policyBundles = pgTable(
  "policy_bundles",
  {
    name: text("name").notNull(),
    revision: text("revision").notNull(),
    /** SHA-256 of the bytes, in hexadecimal. */
    digest: text("digest").notNull(),
    /** Orders the revisions of one bundle; null: it has none. */
    serial: bigint("serial", { mode: "number" }),
    bytes: bytea("bytes").notNull(),
    firstAt: moment("first_at").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.name, table.digest] }),
    index("policy_bundles_revision").on(table.revision),
  ],
);

/** The log of what operators ordered: the last one of a bundle counts. Rows are only added; gateways read on by `seq`. */
export const policyOrders = pgTable(
  "policy_orders",
  {
    seq: bigserial("seq", { mode: "number" }).primaryKey(),
    at: moment("at").notNull().defaultNow(),
    bundle: text("bundle").notNull(),
    /** `latest`: whatever its source has; else the bundle of `digest`, and `rollback` may go back to a lower serial. */
    kind: text("kind", { enum: ["latest", "activate", "rollback"] }).notNull(),
    digest: text("digest"),
    by: text("by").notNull(),
    why: text("why"),
  },
  (table) => [index("policy_orders_bundle").on(table.bundle, table.seq)],
);

/** What came into force where, and what was refused; rows are only added. */
export const policyActivations = pgTable(
  "policy_activations",
  {
    seq: bigserial("seq", { mode: "number" }).primaryKey(),
    at: moment("at").notNull().defaultNow(),
    /** The gateway's name. */
    gateway: text("gateway").notNull(),
    bundle: text("bundle").notNull(),
    kind: text("kind", { enum: ["activate", "rollback", "refuse"] }).notNull(),
    /** Null where a refused one could not be read so far. */
    revision: text("revision"),
    digest: text("digest"),
    serial: bigint("serial", { mode: "number" }),
    /** Its source, or who ordered it. */
    by: text("by").notNull(),
    /** The reason of a refusal, or of an order. */
    why: text("why"),
  },
  (table) => [index("policy_activations_bundle").on(table.bundle, table.seq)],
);

/** Gateways that serve from this database, each with the policy that decides in it; a row goes with its gateway. */
export const gateways = pgTable("gateways", {
  id: uuid("id").primaryKey(),
  name: text("name").notNull(),
  address: text("address").notNull(),
  version: text("version").notNull(),
  startedAt: moment("started_at").notNull().defaultNow(),
  seenAt: moment("seen_at").notNull().defaultNow(),
  /** By bundle: revision, serial, since when, its source, and what is wrong with it. */
  policies: json("policies").notNull(),
});

// Quotas. What is reserved and what is used stands in the functions of their migration alone.

/** What is counted: one row for each limit and each key of it. Whoever changes what is used holds its lock. */
export const quotaCounters = pgTable(
  "quota_counters",
  {
    /** A keyed digest of all that tells one from another. */
    id: text("id").primaryKey(),
    tenant: text("tenant").notNull(),
    /** The rule's code. */
    code: text("code").notNull(),
    name: text("name").notNull(),
    /** As it may be shown. */
    key: text("key").notNull(),
    unit: text("unit").notNull(),
    /** Seconds, or a span of the calendar (`day`); null: what is under way at once. */
    span: text("span"),
    /** Counted back from each moment, in steps of a sixtieth of the span; else from one border of the span to the next. */
    sliding: boolean("sliding").notNull(),
    /** As it was asked last. */
    most: bigint("most", { mode: "number" }).notNull(),
    since: moment("since").notNull().defaultNow(),
  },
  (table) => [index("quota_counters_name").on(table.name)],
);

/** How much of a counter is used in one window, with what is reserved of it. */
export const quotaBuckets = pgTable(
  "quota_buckets",
  {
    counter: text("counter").notNull(),
    start: moment("start").notNull(),
    used: bigint("used", { mode: "number" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.counter, table.start] })],
);

/** What exchanges under way have reserved; it goes when they end, or with their gateway. */
export const quotaReservations = pgTable(
  "quota_reservations",
  {
    exchangeId: uuid("exchange_id").notNull(),
    counter: text("counter").notNull(),
    holder: uuid("holder").notNull(),
    start: moment("start").notNull(),
    amount: bigint("amount", { mode: "number" }).notNull(),
    at: moment("at").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.exchangeId, table.counter] }),
    index("quota_reservations_holder").on(table.holder),
    index("quota_reservations_counter").on(table.counter),
  ],
);

/** The processes that reserve, each with a number that grows while it lives. */
export const quotaHolders = pgTable("quota_holders", {
  id: uuid("id").primaryKey(),
  beat: bigint("beat", { mode: "number" }).notNull(),
  seenAt: moment("seen_at").notNull().defaultNow(),
});

/** Small facts of the deployment, by name; each is written once. */
export const gatewayState = pgTable("gateway_state", {
  key: text("key").primaryKey(),
  value: text("value").notNull(),
  at: moment("at").notNull().defaultNow(),
});
