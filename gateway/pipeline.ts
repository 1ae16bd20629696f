// The way of an exchange, top to bottom: identity, parse, ownership, detect, policy, record, forward, and back.
import type { IncomingMessage, ServerResponse } from "node:http";
import { asksForTexts, createAnswerContext } from "./answer/create-context.ts";
import type { Heart } from "./answer/heart.ts";
import { toBeat } from "./answer/heart.ts";
import { openAnswer } from "./answer/open-answer.ts";
import { refuse } from "./answer/refuse.ts";
import { createSink } from "./answer/sink.ts";
import type { Sink } from "./answer/sink.ts";
import { toMissingAllow, toRefusal } from "./apply/refusal.ts";
import { readBody } from "./body.ts";
import { toCallOutputs } from "./call-outputs.ts";
import type { Clock } from "./clock.ts";
import type { Connections, OpenConnection } from "./connections/registry.ts";
import { GatewayError, toGatewayError } from "./errors.ts";
import type { Events } from "./events.ts";
import type { CallFacts, Caller, PolicyVersion, Route, ToolCall } from "./exchange.ts";
import { countFindings, listFound } from "./findings.ts";
import type { RequestScanner } from "./findings.ts";
import { pickHeaders, toTargetHeaders } from "./forward/headers.ts";
import { readAuthorization } from "./identity/bearer.ts";
import { createJudge } from "./judge.ts";
import type { Judge, Policy, Verdict } from "./judge.ts";
import { newId } from "./new-id.ts";
import type { ParsedRequest } from "./parse/parsed.ts";
import { toRequestTexts } from "./request-texts.ts";
import type { RequestParser } from "./parse/request.ts";
import { matchRoute } from "./parse/route.ts";
import type { TextScanner } from "./answer/context.ts";
import type { Ledger } from "./record/ledger.ts";
import type { Recorder } from "./record/recorder.ts";
import type { ExchangeClosed, ExchangeOpened, Session } from "./record/rows.ts";
import type { Sessions } from "./record/sessions.ts";
import { repair } from "./repair.ts";
import { requireOwned } from "./require-owned.ts";

/** One version of the policy with what was compiled from it. An exchange keeps one from beginning to end. */
export type PolicyInForce = {
  readonly policy: Policy;
  readonly scanner: RequestScanner & TextScanner;
  readonly readCall: (call: ToolCall) => CallFacts;
};

export type PipelineDeps = {
  readonly authenticate: (authorization: string | undefined) => Caller | Promise<Caller>;
  readonly connections: Connections;
  readonly parser: RequestParser;
  readonly inForce: () => PolicyInForce;
  /** Counts a request's tokens exactly; null where the caller's budget is spent. */
  readonly countTokens: (request: ParsedRequest, caller: Caller) => Promise<number | null>;
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  readonly sessions: Sessions;
  readonly events: Events;
  readonly heart: Heart;
  readonly clock: Clock;
  /** Keyed hash: of a call's arguments for the record, of an idempotency key for the target. */
  readonly digest: (text: string) => string;
  readonly limits: {
    readonly request_bytes: number;
    readonly request_ms: number;
    readonly answer_bytes: number;
    readonly event_bytes: number;
    readonly policy_input_bytes: number;
  };
};

/** What is known of an exchange so far: a refusal records as much as there is. */
type Progress = {
  readonly id: string;
  readonly at: number;
  readonly began: number;
  readonly incoming: IncomingMessage;
  readonly sink: Sink;
  caller: Caller | null;
  route: Route | null;
  open: OpenConnection | null;
  session: Session | null;
  request: ParsedRequest | null;
  verdict: Verdict | null;
  version: PolicyVersion | null;
  isRecorded: boolean;
  requestBytes: number;
  readonly timings: Record<string, number>;
};

export type Pipeline = {
  /** Takes one request; never rejects. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  /** Exchanges under way. */
  readonly open: number;
  /** Takes no new work from now on. */
  drain(): void;
};

/** Makes the pipeline of the data port. */
export function createPipeline(deps: PipelineDeps): Pipeline {
  let open = 0;
  let isDraining = false;

  async function decide(progress: Progress): Promise<void> {
    const { incoming, id, sink, timings } = progress;
    let mark = progress.began;
    const lap = (name: string): void => {
      const now = performance.now();
      timings[name] = Math.round((now - mark) * 1000) / 1000;
      mark = now;
    };

    // identity
    const found = deps.authenticate(readAuthorization(incoming.rawHeaders));
    const caller = "then" in found ? await found : found;
    progress.caller = caller;
    lap("identity");

    // parse
    const { route, query } = matchRoute(incoming.method ?? "", incoming.url ?? "");
    progress.route = route;
    const connection = deps.connections.get(route.connection);
    progress.open = connection;
    if (route.operation === "unknown")
      throw new GatewayError("operation_unknown", "No operation is known by this method and path.");
    if (route.operation === "closed")
      throw new GatewayError("operation_not_open", "The gateway does not open this operation.");
    const crossing = pickHeaders(incoming.rawHeaders);
    const bytes = await readBody(incoming, {
      bytes: deps.limits.request_bytes,
      milliseconds: deps.limits.request_ms,
    });
    progress.requestBytes = bytes.length;
    lap("read");
    const contentType = incoming.headers["content-type"];
    const request = deps.parser.parse({ route, query, contentType, bytes, tenant: caller.tenant });
    progress.request = request;
    lap("parse");

    // ownership and session
    await requireOwned(deps.ledger, connection.connection.name, caller, request.references);
    const session = await deps.sessions.resolve({
      caller,
      connection: connection.connection.name,
      header: toSessionHeader(incoming),
      previousResponseId: toReferenced(request, "response"),
      conversation: toReferenced(request, "conversation"),
      items: request.items.map(({ hash, role, callId }) => ({
        hash,
        fromModel: role === "assistant" || callId !== null,
      })),
    });
    progress.session = session;
    const repaired = await repair(deps.ledger, connection.connection.name, caller, request);
    lap("session");

    // detect
    const { policy, scanner, readCall } = deps.inForce();
    progress.version = policy.version;
    const counts = countFindings(scanner, request);
    lap("detect");

    // policy
    const subject = {
      id,
      caller,
      connection: connection.connection,
      operation: route.operation,
      session: { id: session.id, labels: session.labels },
      request: request.facts,
      tools: request.tools,
    };
    const judge = createJudge(policy, subject, deps.clock, deps.limits.policy_input_bytes);
    const verdict = await askForRequest(judge, request, caller, counts);
    progress.verdict = verdict;
    deps.events.policyAsked("request", verdict.micros);
    timings["policy"] = verdict.micros / 1000;
    mark = performance.now();
    const refusal = toRefusal(verdict.decision, judge.rules, id) ?? toMissingAllow(verdict.decision, id);

    // record: the decision is durable before the first byte goes to the target
    if (refusal !== null) throw refusal;
    await Promise.all([
      recordOpened(progress, null),
      keepLabels(progress, verdict, () => listFound(scanner, request)),
      keepTexts(progress, request, verdict),
    ]);
    lap("record");
    if (sink.gone) throw new GatewayError("request_timeout", "The caller left.");

    // forward
    const { target, credential } = connection;
    const context = createAnswerContext({
      id,
      request,
      judge,
      scanner,
      sink,
      readCall,
      caller,
      connection: connection.connection.name,
      session,
      events: deps.events,
      recorder: deps.recorder,
      digest: deps.digest,
      limits: { answerBytes: deps.limits.answer_bytes, eventBytes: deps.limits.event_bytes },
      requestBytes: bytes.length,
      timings,
      keepsTexts: asksForTexts(verdict.decision),
      settle: repaired.settle,
      onClosed: (end) => {
        deps.events.exchangeEnded(
          toSummary(
            progress,
            end.outcome === "refused" ? "deny" : end.outcome === "failed" ? "error" : "allow",
            end.errorCode === null ? [] : [end.errorCode],
            end.httpStatus ?? 0,
          ),
        );
      },
    });
    const answer = openAnswer(context);
    const call = target.send(
      {
        method: incoming.method ?? "GET",
        path: query === "" ? route.path : `${route.path}?${query}`,
        headers: toTargetHeaders(crossing, {
          credential: credential(),
          contentType: repaired.bytes === null ? null : (contentType ?? null),
          bindKey: (key) => deps.digest(toKeyText(caller, key)),
        }),
        body: repaired.bytes,
      },
      answer,
    );
    context.attach(call);
    sink.onLeave(() => {
      call.abort();
      context.leave();
    });
  }

  async function askForRequest(
    judge: Judge,
    request: ParsedRequest,
    caller: Caller,
    counts: {
      readonly patterns: Readonly<Record<string, number>>;
      readonly findings: Readonly<Record<string, number>>;
    },
  ): Promise<Verdict> {
    const content = { body: request.body, texts: () => toRequestTexts(request), bytes: request.bytes.length };
    const first = judge.ask("request", counts, content);
    if (!first.decision.need.some((need) => need.fact === "tokens.exact")) return first;
    const exact = await deps.countTokens(request, caller);
    if (exact !== null) judge.setTokens(exact);
    // A need that cannot be met (the budget is spent) leaves the bound to decide: what was said first stands.
    return exact === null ? first : judge.ask("request", counts, content);
  }

  function toOpened(progress: Progress, error: GatewayError | null): ExchangeOpened {
    const { verdict, route, request } = progress;
    const newest = request?.prompts.at(-1);
    const prompt = newest === undefined ? undefined : request?.items[newest];
    const isDenied =
      error !== null && (error.code === "policy_denied" || error.code === "policy_not_allowed");
    return {
      id: progress.id,
      at: progress.at,
      session: progress.session,
      caller: progress.caller,
      connection: progress.open?.connection.name ?? null,
      operation: route?.operation ?? "unknown",
      method: progress.incoming.method ?? "",
      path: route === null ? "" : toTemplate(route),
      client: progress.incoming.headers["user-agent"] ?? null,
      facts: verdict?.facts ?? null,
      decision: verdict?.decision ?? null,
      effect: error === null ? "allow" : isDenied ? "deny" : "error",
      errorCode: error?.publicCode ?? null,
      version: progress.version,
      timings: progress.timings,
      prompt: prompt === undefined ? null : { hash: prompt.hash, pointer: prompt.pointer },
      callOutputs: request === null ? [] : toCallOutputs(request),
    };
  }

  async function recordOpened(progress: Progress, error: GatewayError | null): Promise<void> {
    await deps.recorder.opened(toOpened(progress, error));
    progress.isRecorded = true;
  }

  async function keepLabels(progress: Progress, verdict: Verdict, items: () => string[]): Promise<void> {
    const labels = verdict.decision.label.flatMap((effect) => effect.label ?? []);
    if (labels.length === 0 || progress.caller === null) return;
    await deps.recorder.labelled({
      tenant: progress.caller.tenant,
      labels,
      itemHashes: items(),
      sessionId: progress.session?.id ?? null,
      exchangeId: progress.id,
      at: progress.at,
    });
  }

  async function keepTexts(progress: Progress, request: ParsedRequest, verdict: Verdict): Promise<void> {
    if (progress.caller === null || !asksForTexts(verdict.decision)) return;
    await deps.recorder.texts({
      exchangeId: progress.id,
      tenant: progress.caller.tenant,
      direction: "request",
      segments: toRequestTexts(request),
      at: progress.at,
    });
  }

  function toSummary(
    progress: Progress,
    effect: "allow" | "deny" | "error",
    codes: readonly string[],
    status: number,
  ) {
    return {
      id: progress.id,
      operation: progress.route?.operation ?? null,
      connection: progress.open?.connection.name ?? null,
      subject: progress.caller?.subject ?? null,
      effect,
      codes,
      status,
      version: progress.version,
      milliseconds: performance.now() - progress.began,
    };
  }

  async function turnAway(progress: Progress, thrown: unknown): Promise<void> {
    let error = toGatewayError(thrown);
    if (progress.caller !== null && error.code !== "record_unavailable") {
      const end: ExchangeClosed = {
        exchangeId: progress.id,
        at: Date.now(),
        outcome: error.status < 500 ? "refused" : "failed",
        httpStatus: error.status,
        errorCode: error.publicCode,
        model: null,
        usage: null,
        responseIds: [],
        calls: [],
        requestBytes: progress.requestBytes,
        answerBytes: 0,
        timings: {},
      };
      const opened = progress.isRecorded ? null : recordOpened(progress, error);
      try {
        await Promise.all([opened, deps.recorder.closed(end)]);
      } catch (failure) {
        // A refusal that cannot be recorded is still a refusal, and says that the record is away.
        error = toGatewayError(failure);
      }
    }
    deps.events.failed(progress.id, error);
    deps.events.exchangeEnded(
      toSummary(
        progress,
        error.code.startsWith("policy_") ? "deny" : "error",
        [error.publicCode],
        error.status,
      ),
    );
    refuse(progress.sink, error, progress.id, null);
  }

  return {
    get open() {
      return open;
    },
    drain() {
      isDraining = true;
    },
    async handle(incoming, outgoing) {
      const id = newId();
      open += 1;
      deps.events.exchangeBegan();
      outgoing.once("close", () => {
        open -= 1;
      });
      const progress: Progress = {
        id,
        at: Date.now(),
        began: performance.now(),
        incoming,
        sink: createSink(outgoing, id, deps.heart, toBeat(toClientTimeout(incoming))),
        caller: null,
        route: null,
        open: null,
        session: null,
        request: null,
        verdict: null,
        version: null,
        isRecorded: false,
        requestBytes: 0,
        timings: {},
      };
      try {
        if (isDraining) throw new GatewayError("shutting_down", "The gateway is draining; try again.");
        await decide(progress);
      } catch (error) {
        await turnAway(progress, error);
      }
    },
  };
}

/** Gives the path with the object's id taken out; of a path that is not open nothing is kept. */
function toTemplate(route: Route): string {
  if (route.operation === "unknown" || route.operation === "closed") return "";
  return route.id === null ? route.path : route.path.replace(`/${route.id}`, "/{id}");
}

/** Milliseconds that the client waits for a read: Python tells seconds, and so does JavaScript where it is set. */
function toClientTimeout(incoming: IncomingMessage): number {
  const told = incoming.headers["x-stainless-read-timeout"] ?? incoming.headers["x-stainless-timeout"];
  const seconds = typeof told === "string" ? Number(told) : Number.NaN;
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 600_000;
}

function toReferenced(request: ParsedRequest, kind: "response" | "conversation"): string | null {
  return request.references.find((reference) => reference.kind === kind)?.id ?? null;
}

/** What stands for a caller's idempotency key; the name tells it apart from what else is hashed by the same secret. */
function toKeyText({ tenant, issuer, subject }: Caller, key: string): string {
  return JSON.stringify(["idempotency-key", tenant, issuer, subject, key]);
}

/** The program's own name for its session. */
function toSessionHeader(incoming: IncomingMessage): string | null {
  const header = incoming.headers["x-tollgate-session"];
  return typeof header === "string" && header !== "" ? header : null;
}
