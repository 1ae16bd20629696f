// A context for tests of answers: a policy that denies calls by name, a record in memory, a caller that keeps bytes.
import { GatewayError } from "../errors.ts";
import type { Decision, Effect, Operation, Phase, ToolCall } from "../exchange.ts";
import type { Content, Judge } from "../judge.ts";
import type { Said } from "../parse/said.ts";
import { createRequestParser } from "../parse/request.ts";
import type { AnswerContext, End, ReplacedCall, TextScanner } from "./context.ts";
import type { Sink } from "./sink.ts";
import { getRoute } from "../routes.ts";

const NOTHING: Decision = {
  allow: [],
  deny: [],
  observe: [],
  record: [],
  label: [],
  share: [],
  forward: [],
  need: [],
};

const DEFAULT_BODY = { model: "gpt-5", input: "hi", messages: [], stream: true };

export type FakeOptions = {
  readonly operation?: Operation;
  readonly body?: object;
  readonly phases?: readonly Phase[];
  readonly scanner?: TextScanner;
  /** Effects of a phase; by default a call named `drop` is denied. */
  readonly deny?: (phase: Phase, calls: readonly ToolCall[]) => readonly Effect[];
  /** Resolves when a decision is durable. */
  readonly durable?: () => Promise<void>;
};

export type Fake = {
  readonly context: AnswerContext;
  readonly log: string[];
  readonly replaced: ReplacedCall[];
  readonly ends: End[];
  /** What the program has of the answer. */
  said(): readonly Said[];
  /** What the reader would tell of its answer if it ended now. */
  soFar(): Pick<End, "model" | "usage" | "responseId"> | null;
  /** The content that went with each question. */
  readonly contents: Content[];
  /** What the caller has received. */
  text(): string;
  status(): number | null;
  /** Resolves when the answer has ended. */
  readonly ended: Promise<void>;
};

const SILENT: TextScanner = { scan: () => [], stream: () => ({ push: () => [], end: () => [], pending: 0 }) };

/** Makes the context. */
export function createFake(options: FakeOptions = {}): Fake {
  const operation = options.operation ?? "responses.create";
  const phases = new Set<Phase>(options.phases ?? ["tool_call", "whole"]);
  const path = operation.startsWith("chat.") ? "/chat/completions" : "/responses";
  const log: string[] = [];
  const replaced: ReplacedCall[] = [];
  const ends: End[] = [];
  let said: readonly Said[] = [];
  let soFar: () => ReturnType<Fake["soFar"]> = () => null;
  const contents: Content[] = [];
  const received: Buffer[] = [];
  const seen = new Map<string, ToolCall>();
  let begun = false;
  let code: number | null = null;
  let finish: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const sink: Sink = {
    get begun() {
      return begun;
    },
    gone: false,
    head(status) {
      begun = true;
      code = status;
      log.push(`head ${status}`);
    },
    write(bytes) {
      received.push(Buffer.from(bytes));
      return true;
    },
    end(bytes) {
      if (bytes !== undefined) received.push(Buffer.from(bytes));
      log.push("end");
      finish();
    },
    cut() {
      log.push("cut");
      finish();
    },
    onLeave: () => undefined,
  };
  const deny =
    options.deny ??
    ((_: Phase, calls: readonly ToolCall[]) =>
      calls.filter((call) => call.name === "drop").map((call) => ({ code: "no_drop", call: call.id })));
  const judge: Judge = {
    version: { revision: "r", dataRevision: "d" },
    rules: new Map([
      ["no_drop", { code: "no_drop", title: "No dropping", remedy: "Ask", refusal: null, package: "p" }],
    ]),
    speaksIn: (phase) => phases.has(phase),
    tokens: { count: 0, exact: false },
    setTokens: () => undefined,
    ask: () => {
      throw new GatewayError("internal_error", "Asked past the context.");
    },
  };
  const context: AnswerContext = {
    id: "0190a000-0000-7000-8000-000000000000",
    request: createRequestParser({ secret: Buffer.alloc(32), cacheItems: 10, limits: { depth: 64 } }).parse({
      route: {
        operation,
        spec: getRoute(operation),
        connection: null,
        path,
        objects: [],
        model: null,
      },
      query: "",
      contentType: "application/json",
      bytes: operation.endsWith(".create")
        ? Buffer.from(JSON.stringify(options.body ?? DEFAULT_BODY))
        : Buffer.alloc(0),
      tenant: "default",
    }),
    judge,
    scanner: options.scanner ?? SILENT,
    sink,
    limits: { answerBytes: 1 << 20, eventBytes: 1 << 18 },
    readCall(call) {
      seen.set(call.id, call);
      return {
        id: call.id,
        type: call.type,
        name: call.name,
        bytes: 0,
        sql: null,
        shell: null,
        patterns: {},
      };
    },
    ask(phase, added, content) {
      contents.push(content);
      log.push(`ask ${phase}`);
      const calls = (added.calls ?? []).flatMap(({ id }) => seen.get(id) ?? []);
      const decision = { ...NOTHING, deny: deny(phase, calls) };
      // The fake's facts are never read.
      return { phase, facts: JSON.parse("{}"), decision, micros: 1 };
    },
    async decided(_, effect, calls) {
      await options.durable?.();
      log.push(`decided ${effect} ${calls.map((call) => call.name).join(",")}`.trim());
    },
    toCallRow: (call, found) => ({
      id: call.id,
      type: call.type,
      name: call.name,
      outcome: found === null ? "released" : "denied",
      codes: found === null ? [] : [found],
      argumentsDigest: null,
      argumentsBytes: 0,
    }),
    own: () => undefined,
    async replaced(calls) {
      replaced.push(...calls);
    },
    said(answer) {
      said = answer;
    },
    keepsTexts: false,
    keepTexts: async () => undefined,
    describe(tell) {
      soFar = tell;
    },
    async close(end) {
      if (ends.length === 0) {
        ends.push(end);
        log.push(`close ${end.outcome}`);
      }
    },
    sent: () => undefined,
    report: (error) => log.push(`report ${error.code}`),
    target: { pause: () => undefined, resume: () => undefined, abort: () => undefined },
  };
  return {
    context,
    log,
    replaced,
    ends,
    said: () => said,
    soFar: () => soFar(),
    contents,
    ended,
    text: () => Buffer.concat(received).toString(),
    status: () => code,
  };
}
