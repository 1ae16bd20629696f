// Facts to try a policy with: an ordinary request, and the largest that a gateway sends.

import type { CallFacts, Facts, Phase, Text, ToolFacts } from "../exchange.ts";
import type { PhaseReads } from "./evaluator.ts";

const TEXT = "x".repeat(256);

const TOOL: ToolFacts = {
  type: "function",
  name: "look_up",
  server_label: null,
  server_host: null,
  connector_id: null,
  require_approval: null,
  model: null,
};

const CALL: CallFacts = {
  id: "call_1",
  type: "function_call",
  name: "look_up",
  bytes: 20,
  sql: { kinds: ["select"], tables: ["orders"], where_missing: false, incomplete: false },
  shell: { programs: ["ls"], dangers: [], incomplete: false },
  patterns: {},
};

/** Gives the facts of an ordinary exchange. */
export function toSampleFacts(phase: Phase): Facts {
  const facts: Facts = {
    v: 1,
    id: "00000000-0000-7000-8000-000000000000",
    phase,
    time: { ms: 0, rfc3339: "1970-01-01T00:00:00.000Z", weekday: "thursday", hour: 0, zone: "UTC" },
    caller: {
      tenant: "default",
      issuer: "tollgate",
      subject: "sample",
      kind: "service",
      groups: ["developers"],
      scopes: [],
      claims: {},
      acts_for: null,
      agent: null,
      initiator: "service",
      certificate: null,
    },
    connection: { name: "openai", kind: "openai", labels: [] },
    operation: "responses.create",
    route: { method: "POST", path: "/responses", admin: false, names_model: true },
    session: { id: "00000000-0000-7000-8000-000000000001", labels: [] },
    request: {
      model: "gpt-4.1-mini",
      models: [],
      stream: true,
      store: null,
      background: false,
      bytes: 1000,
      items: 2,
      chars: 800,
      max_output_tokens: null,
      n: 1,
      temperature: null,
      tokens: { count: 800, exact: false },
      roles: { user: 1, system: 1 },
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
    tools: [TOOL],
    injection: { score: 0, places: {} },
    patterns: {},
    findings: {},
  };
  if (phase === "request") return facts;
  const answer = { status: 200, stream: true, model: "gpt-4.1-mini" };
  return phase === "tool_call" || phase === "whole"
    ? { ...facts, answer, calls: [CALL] }
    : { ...facts, answer };
}

/** Gives the largest facts: every list as long as it may be, every string as long as it may be. */
export function toLargestFacts(phase: Phase, reads: PhaseReads): Facts {
  const facts = toSampleFacts(phase);
  const counts = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`pattern_${index}`, 1000]));
  const placed = { score: 100, signals: counts };
  const words = Array.from({ length: 64 }, (_, index) => `${TEXT.slice(0, 60)}${index}`);
  const tool = {
    type: TEXT,
    name: TEXT,
    server_label: TEXT,
    server_host: TEXT,
    connector_id: TEXT,
    require_approval: null,
    model: TEXT,
  };
  const segment: Text = {
    pointer: "/input/0/content",
    kind: "message",
    role: "user",
    text: TEXT.repeat(4),
  };
  const call = (_: unknown, index: number): CallFacts => ({
    ...CALL,
    id: `call_${index}`,
    sql: { kinds: words, tables: words, where_missing: true, incomplete: true },
    shell: { programs: words, dangers: words, incomplete: true },
    patterns: counts,
  });
  return {
    ...facts,
    caller: {
      ...facts.caller,
      groups: words,
      scopes: words,
      claims: counts,
      agent: { name: TEXT, owner: TEXT, purpose: TEXT, tools: words },
    },
    connection: { ...facts.connection, labels: words.slice(0, 16) },
    session: { ...facts.session, labels: words },
    request: {
      ...facts.request,
      models: words,
      betas: words.slice(0, 16),
      unknown_items: words,
      hidden: words.map((id) => ({ kind: "prompt", id, version: null })),
      truncated: true,
    },
    objects: Array.from({ length: 64 }, () => ({
      kind: "file",
      own: false,
      known: true,
      owner: { subject: TEXT, groups: words },
    })),
    earlier: {
      complete: true,
      turns: 1000,
      tokens: 1_000_000,
      labels: words,
      findings: counts,
      tools: words,
    },
    tools: Array.from({ length: 64 }, () => tool),
    injection: {
      score: 100,
      places: { tool_output: placed, file: placed, message: placed, tool_definition: placed, other: placed },
    },
    patterns: counts,
    findings: counts,
    ...(facts.calls !== undefined && { calls: Array.from({ length: phase === "whole" ? 64 : 1 }, call) }),
    ...(reads.body && {
      body: Array.from({ length: 64 }, () => ({ type: "message", role: "user", content: segment.text })),
    }),
    ...(reads.texts && { texts: Array.from({ length: 64 }, () => segment) }),
  };
}
