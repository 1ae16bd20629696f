// The way of an exchange, top to bottom: identity, parse, ownership, detect, policy, record, forward, and back.
import type { IncomingMessage, ServerResponse } from "node:http";
import { asksForTexts, createAnswerContext } from "./answer/create-context.ts";
import type { Heart } from "./answer/heart.ts";
import { toBeat } from "./answer/heart.ts";
import { openAnswer } from "./answer/open-answer.ts";
import { refuse } from "./answer/refuse.ts";
import { createSink } from "./answer/sink.ts";
import { toMissingAllow, toRefusal } from "./apply/refusal.ts";
import { readBody } from "./body.ts";
import type { Clock } from "./clock.ts";
import type { Connections } from "./connections/registry.ts";
import { GatewayError, toGatewayError } from "./errors.ts";
import type { Events } from "./events.ts";
import type { CallFacts, Caller, Route, ToolCall } from "./exchange.ts";
import { countFindings, listFound } from "./findings.ts";
import type { RequestScanner } from "./findings.ts";
import { pickHeaders, toTargetHeaders } from "./forward/headers.ts";
import { readAuthorization } from "./identity/bearer.ts";
import { createJournal, isDenial } from "./journal.ts";
import type { Progress } from "./journal.ts";
import { createJudge } from "./judge.ts";
import type { Judge, Policy, Verdict } from "./judge.ts";
import { newId } from "./new-id.ts";
import { createOpenExchanges } from "./open-exchanges.ts";
import type { ParsedRequest } from "./parse/parsed.ts";
import { toRequestTexts } from "./request-texts.ts";
import type { RequestParser } from "./parse/request.ts";
import { matchRoute } from "./parse/route.ts";
import type { TextScanner } from "./answer/context.ts";
import type { Ledger } from "./record/ledger.ts";
import type { Recorder } from "./record/recorder.ts";
import type { Sessions } from "./record/sessions.ts";
import { repair } from "./repair.ts";
import { claimObjects, taint } from "./ownership.ts";
import { sendList } from "./own-list.ts";

/** One version of the policy with what was compiled from it. An exchange keeps one from beginning to end. */
export type PolicyInForce = {
  readonly policy: Policy;
  readonly scanner: RequestScanner & TextScanner;
  readonly readCall: (call: ToolCall) => CallFacts;
};

export type PipelineDeps = {
  readonly authenticate: (authorization: string | undefined) => Caller | Promise<Caller>;
  /** Whether a credential was revoked after it had been accepted. */
  readonly isRevoked: (credentialId: string) => boolean;
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

export type Pipeline = {
  /** Takes one request; never rejects. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  /** Exchanges under way. */
  readonly open: number;
  /** Takes no new work from now on. */
  drain(): void;
  /** Ends the answers that are under way, or those of one credential, with an error that their callers are told. */
  end(error: GatewayError, credentialId?: string): void;
};

/** Makes the pipeline of the data port. */
export function createPipeline(deps: PipelineDeps): Pipeline {
  const journal = createJournal(deps);
  const exchanges = createOpenExchanges();
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
    requireOpen(route);
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
    const claims = await claimObjects(deps.ledger, connection.connection, caller, route, request.references);
    let session = await deps.sessions.resolve({
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
    lap("session");

    // detect
    const { policy, scanner, readCall } = deps.inForce();
    progress.version = policy.version;
    const counts = countFindings(scanner, request);
    progress.found = () => listFound(scanner, request);
    lap("detect");

    // policy
    const subject = {
      id,
      caller,
      connection: connection.connection,
      route,
      session: { id: session.id, labels: session.labels },
      request: request.facts,
      objects: claims.facts,
      earlier: null,
      tools: request.tools,
    };
    let judge = createJudge(policy, subject, deps.clock, deps.limits.policy_input_bytes);
    let verdict = await askForRequest(judge, request, caller, counts);
    // Whether another's object is open comes before everything else that a rule may say.
    const settled = claims.settle(verdict.decision.share);
    const tainted = taint(session, settled.labels);
    if (tainted !== session) {
      session = tainted;
      progress.session = session;
      const again = { ...subject, session: { id: session.id, labels: session.labels } };
      judge = createJudge(policy, again, deps.clock, deps.limits.policy_input_bytes);
      verdict = await askForRequest(judge, request, caller, counts);
      claims.settle(verdict.decision.share);
    }
    progress.verdict = verdict;
    deps.events.policyAsked("request", verdict.micros);
    timings["policy"] = verdict.micros / 1000;
    mark = performance.now();
    const asked = { operation: route.operation, groups: caller.groups };
    const refusal =
      toRefusal(verdict.decision, judge.rules, id) ?? toMissingAllow(verdict.decision, asked, id);

    // record: the decision is durable before the first byte goes to the target
    if (refusal !== null) throw refusal;
    const repaired = await repair(deps.ledger, connection.connection.name, caller, request);
    await journal.decided(progress);
    lap("record");
    if (sink.gone) {
      await journal.left(progress);
      journal.ended(progress, "allow", [], 0);
      return;
    }

    // forward
    const { target, credential, adminCredential } = connection;
    const context = createAnswerContext({
      id,
      request,
      judge,
      scanner,
      sink,
      readCall,
      caller,
      finder: settled.finder,
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
      onClosed: ({ outcome, errorCode, httpStatus }) => {
        close();
        const effect = outcome === "refused" ? "deny" : outcome === "failed" ? "error" : "allow";
        journal.ended(progress, effect, errorCode === null ? [] : [errorCode], httpStatus ?? 0);
      },
    });
    const answer = openAnswer(context);
    const close = exchanges.add({
      credentialId: caller.credentialId,
      fail: (error) => answer.onError(error),
    });
    const sent = {
      method: incoming.method ?? "GET",
      path: query === "" ? route.path : `${route.path}?${query}`,
      headers: toTargetHeaders(crossing, {
        credential: route.spec.isAdmin ? adminCredential() : credential(),
        contentType: repaired.bytes === null ? null : (contentType ?? null),
        bindKey: (key) => deps.digest(toKeyText(caller, key)),
      }),
      body: repaired.bytes,
    };
    const call =
      route.spec.lists === null
        ? target.send(sent, answer)
        : sendList(
            {
              target,
              ledger: deps.ledger,
              caller,
              connection: connection.connection,
              kind: route.spec.lists,
              shares: verdict.decision.share,
              bytes: deps.limits.answer_bytes,
              own: (objects) => context.own(objects),
            },
            { ...sent, path: route.path },
            query,
            answer,
          );
    context.attach(call);
    // A revocation that came on the way has found nothing to end.
    if (deps.isRevoked(caller.credentialId))
      answer.onError(new GatewayError("token_revoked", "The token was revoked."));
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

  async function turnAway(progress: Progress, thrown: unknown): Promise<void> {
    const error = await journal.turnedAway(progress, toGatewayError(thrown));
    deps.events.failed(progress.id, error);
    journal.ended(progress, isDenial(error) ? "deny" : "error", [error.recordedCode], error.status);
    refuse(progress.sink, error, progress.id, null);
  }

  return {
    get open() {
      return open;
    },
    drain() {
      isDraining = true;
    },
    end: (error, credentialId) => exchanges.end(error, credentialId),
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
        found: () => [],
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

/** Throws where the gateway cannot see, or must not hand out, what an operation carries. */
function requireOpen({ spec }: Route): void {
  if (spec.operation === "unknown")
    throw new GatewayError("operation_unknown", "No operation is known by this method and path.");
  if (spec.isSecret)
    throw new GatewayError("credential_withheld", "The answer would hold a credential of the target's.");
  if (spec.isLocal || spec.answer === "bytes" || spec.body === "form" || spec.body === "form_or_sdp")
    throw new GatewayError("operation_not_open", "The gateway does not open this operation.");
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
