// Rows for tests and benchmarks, with fields to replace.
import { v7 as uuid } from "uuid";
import type { Caller, Decision, Facts } from "../exchange.ts";
import type { CallRow, DecisionRow, ExchangeClosed, ExchangeOpened, OwnerContext, Session } from "./rows.ts";

export const exampleCaller: Caller = {
  tenant: "default",
  issuer: "tollgate",
  subject: "build-agent",
  kind: "service",
  groups: ["developers"],
  scopes: [],
  claims: {},
  actsFor: null,
  credentialId: "key-1",
  expiresAt: null,
};

/** Gives a decision that allows, with these effects besides. */
export function toDecision(effects: Partial<Decision> = {}): Decision {
  return {
    allow: [{ code: "model_access" }],
    deny: [],
    observe: [],
    record: [],
    label: [],
    share: [],
    forward: [],
    need: [],
    ...effects,
  };
}

/** Gives the facts of a small request. */
export function toFacts(id: string, changes: Partial<Facts> = {}): Facts {
  return {
    v: 1,
    id,
    phase: "request",
    time: { ms: 1_800_000_000_000, rfc3339: "2027-01-15T08:00:00Z", weekday: "friday", hour: 8, zone: "UTC" },
    caller: {
      tenant: "default",
      issuer: "tollgate",
      subject: "build-agent",
      kind: "service",
      groups: ["developers"],
      scopes: [],
      claims: {},
      acts_for: null,
    },
    connection: { name: "openai", kind: "openai", labels: [] },
    operation: "responses.create",
    route: { method: "POST", path: "/responses", admin: false },
    session: { id: "0198a000-0000-7000-8000-000000000000", labels: [] },
    request: {
      model: "gpt-5",
      stream: false,
      store: null,
      background: false,
      bytes: 900,
      items: 1,
      chars: 700,
      max_output_tokens: null,
      n: 1,
      temperature: null,
      tokens: { count: 700, exact: false },
      roles: { user: 1 },
      media: { images: 0, audio: 0, files: 0 },
      files: [],
      token_ids: 0,
      server_state: false,
      hidden: [],
      logprobs: false,
      betas: [],
      beta: false,
      unknown_items: [],
      truncated: false,
    },
    objects: [],
    earlier: null,
    tools: [],
    patterns: {},
    findings: {},
    ...changes,
  };
}

/** Gives a session of its own. */
export function toSession(changes: Partial<Session> = {}): Session {
  return { id: uuid(), origin: "own", name: null, labels: [], isNew: true, history: null, ...changes };
}

/** Gives an allowed request. */
export function toOpened(changes: Partial<ExchangeOpened> = {}): ExchangeOpened {
  const id = changes.id ?? uuid();
  return {
    id,
    at: Date.now(),
    session: toSession(),
    caller: exampleCaller,
    connection: "openai",
    operation: "responses.create",
    method: "POST",
    path: "/responses",
    client: "OpenAI/JS 7.57.0",
    facts: toFacts(id),
    decision: toDecision(),
    effect: "allow",
    errorCode: null,
    version: { revision: "r1", dataRevision: "d1" },
    timings: { identity: 0.01, parse: 0.12, policy: 0.03 },
    prompt: null,
    callOutputs: [],
    ...changes,
  };
}

/** Gives a released call. */
export function toCall(id: string, changes: Partial<CallRow> = {}): CallRow {
  return {
    id,
    type: "function_call",
    name: "run_sql",
    outcome: "released",
    codes: [],
    argumentsDigest: "digest",
    argumentsBytes: 40,
    ...changes,
  };
}

/** Gives a decision that releases a call. */
export function toDecided(exchangeId: string, changes: Partial<DecisionRow> = {}): DecisionRow {
  return {
    exchangeId,
    seq: 1,
    phase: "tool_call",
    at: Date.now(),
    facts: toFacts(exchangeId, { phase: "tool_call" }),
    decision: toDecision(),
    effect: "allow",
    errorCode: null,
    calls: [],
    timings: { policy: 0.02 },
    ...changes,
  };
}

/** Gives a good end. */
export function toClosed(exchangeId: string, changes: Partial<ExchangeClosed> = {}): ExchangeClosed {
  return {
    exchangeId,
    at: Date.now(),
    outcome: "completed",
    httpStatus: 200,
    errorCode: null,
    model: "gpt-5-2027-01-01",
    usage: {
      input_tokens: 120,
      cached_tokens: 0,
      output_tokens: 30,
      reasoning_tokens: 10,
      total_tokens: 150,
      estimated: false,
    },
    responseIds: ["resp_1"],
    sessionId: null,
    history: null,
    requestBytes: 900,
    answerBytes: 1_400,
    timings: { upstream: 12 },
    ...changes,
  };
}

/** Gives what objects are owned under. */
export function toContext(changes: Partial<OwnerContext> = {}): OwnerContext {
  return {
    connection: "openai",
    caller: exampleCaller,
    sessionId: uuid(),
    exchangeId: uuid(),
    labels: [],
    at: Date.now(),
    ...changes,
  };
}
