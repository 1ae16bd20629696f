// The way of an exchange over HTTP: identity, parse, what decide.ts does, forward, and back.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Heart } from "./answer/heart.ts";
import { toBeat } from "./answer/heart.ts";
import { searchesFiles } from "./answer/bytes.ts";
import { openAnswer } from "./answer/open-answer.ts";
import { createSink } from "./answer/sink.ts";
import type { Sink } from "./answer/sink.ts";
import type { Connections } from "./connections/registry.ts";
import { withBody } from "./request/form-request.ts";
import { takeRequestBody, UNREAD } from "./request/request-body.ts";
import type { TakenBody } from "./request/request-body.ts";
import type { BodyLimits } from "./request/request-body.ts";
import { shareSpools } from "./shares.ts";
import type { Spools } from "./spool/spool.ts";
import { toPatience } from "./ask-people.ts";
import { createDecider, createLaps, toProgress } from "./decide.ts";
import type { Decided, DeciderDeps } from "./decide.ts";
import { createGiving } from "./ownership/client-secret-answer.ts";
import type { Giving } from "./ownership/client-secret-answer.ts";
import { readGrant, toCallSession } from "./ownership/client-secret.ts";
import { findClosure } from "./closed-operations.ts";
import { GatewayError, toGatewayError } from "./errors.ts";
import type { Caller, Route } from "./exchange.ts";
import { guardCredential } from "./forward/guard-credential.ts";
import { pickHeaders, toKeyText, toTargetHeaders } from "./forward/headers.ts";
import type { Target } from "./forward/target.ts";
import { readAuthorization } from "./identity/bearer.ts";
import type { ClientSecrets } from "./identity/client-secrets.ts";
import { createJournal } from "./journal.ts";
import type { Progress } from "./journal.ts";
import { newId } from "./new-id.ts";
import { createOpenExchanges } from "./open-exchanges.ts";
import type { WhichExchanges } from "./open-exchanges.ts";
import type { RequestInput, RequestParser } from "./parse/request.ts";
import { answerOriginals, asksForOriginals, noteRefused, showOriginals } from "./reveal-originals.ts";
import type { Reveals } from "./record/reveals.ts";
import { readLeftover } from "./request/leftover.ts";
import { matchRoute } from "./parse/route.ts";
import { isBatchOutput, sendForPart, toJudging } from "./request/ranges.ts";
import { sendList } from "./ownership/own-list.ts";
import { sendRepaired } from "./request/send-repaired.ts";
import { answerTraces, takeTraces } from "./traces/take-traces.ts";
import type { Traces } from "./traces/take-traces.ts";

export type PipelineDeps = DeciderDeps & {
  readonly authenticate: (
    authorization: string | undefined,
    incoming: IncomingMessage,
  ) => Caller | Promise<Caller>;
  /** Whether a credential was revoked after it had been accepted. */
  readonly isRevoked: (caller: Caller) => boolean;
  readonly connections: Connections;
  readonly clientSecrets: ClientSecrets;
  readonly reveals: Reveals;
  readonly parser: RequestParser;
  readonly spools: Spools;
  readonly heart: Heart;
  readonly limits: BodyLimits;
};

export type Pipeline = {
  /** Takes one request; never rejects. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  /** Exchanges under way. */
  readonly open: number;
  /** Takes no new work from now on. */
  drain(): void;
  /** Ends the answers that are under way, or some of them, with an error that their callers are told. */
  end(error: GatewayError, which?: WhichExchanges): void;
};

/** Makes the pipeline of the data port. */
export function createPipeline(deps: PipelineDeps): Pipeline {
  const journal = createJournal(deps);
  const decider = createDecider(deps, journal);
  const exchanges = createOpenExchanges();
  let open = 0;
  let isDraining = false;

  async function decide(progress: Progress): Promise<void> {
    const { id, incoming, sink } = progress;
    const lap = createLaps(progress);

    // identity
    const identify = () => deps.authenticate(readAuthorization(incoming.rawHeaders), incoming);
    const found = identify();
    const caller = "then" in found ? await found : found;
    progress.caller = caller;
    lap("identity");

    // parse
    const { route, query } = matchRoute(incoming.method ?? "", incoming.url ?? "");
    progress.route = route;
    const open = deps.connections.get(route.connection);
    progress.open = open;
    requireOpen(route);
    const grant = readGrant(caller, route, open.connection.name);
    if (route.spec.lists !== null) {
      const share = deps.shares.open(caller, "lists");
      sink.onClose(() => share.close());
      share.add(1);
    }
    const isFile = route.spec.answer === "bytes" || route.spec.answer === "any";
    const crossing = pickHeaders(incoming.rawHeaders, isFile && incoming.method === "GET");
    const beta = incoming.headers["openai-beta"];
    const betaHeader = typeof beta === "string" ? beta : undefined;
    const { tenant } = caller;
    const toInput = ({ bytes, contentType }: TakenBody): RequestInput => {
      return { route, query, contentType, betaHeader, bytes, tenant };
    };
    const sessionHeader = toSessionHeader(incoming);
    // What nobody reads is not kept either where method and path are refused.
    const isUnread =
      route.spec.body === "any" &&
      decider.isRefusedUnread(progress, {
        caller,
        route,
        open,
        request: deps.parser.parse(toInput(UNREAD)),
        sessionHeader,
      });
    if (isUnread) progress.besides = "unread";
    const body = isUnread
      ? UNREAD
      : await takeRequestBody(
          incoming,
          route,
          shareSpools(deps.spools, deps.shares, caller),
          deps.limits,
          grant && toCallSession(grant),
        );
    if (body.spooled !== null) {
      sink.onClose(() => {
        body.close().catch((error: unknown) => deps.events.failed(progress.id, toGatewayError(error)));
      });
    }
    progress.requestBytes = body.size;
    lap("read");
    const { contentType } = body;
    const parsed = deps.parser.parseInTurns(toInput(body));
    const request = withBody(parsed instanceof Promise ? await parsed : parsed, query, body);
    progress.request = request;
    lap("parse");

    const waiting = {
      head: [incoming.method ?? "", route.path, query, betaHeader ?? null],
      patienceMs: toPatience(toClientTimeout(incoming)),
      renew: async () => ({ caller: await identify(), open: deps.connections.get(route.connection) }),
    };
    const asked = { caller, route, open, request, sessionHeader, body, waiting };
    const decided = await decider.decide(progress, asked, lap);
    if (sink.gone) {
      await Promise.all([journal.left(progress), decided.reservation?.end({ isReached: false })]);
      journal.ended(progress, "allow", [], 0);
      return;
    }

    const isTraces = route.operation === "traces.ingest";
    const traces = isTraces ? await takeTraces(deps.recorder, { id, ...toTraces(decided) }) : null;

    // forward
    const { target, account, credential, adminCredential, connection } = decided.open;
    const { repaired, spooled } = decided;
    const isOutput = await isBatchOutput(deps.ledger, connection.name, route);
    const giving = route.spec.isGrant ? toGiving(decided, id, sink) : null;
    const shown = asksForOriginals(route)
      ? await showOriginals(deps.reveals, id, decided, progress.names ?? decider.strictNames())
      : null;
    const context = decider.openContext(progress, decided, giving?.sink ?? sink, () => close());
    const key = route.spec.isAdmin ? adminCredential() : credential();
    const reader = openAnswer(context, { isOutput });
    const answer = guardCredential(giving === null ? reader : giving.take(reader), decided.open.secrets());
    const close = exchanges.add({
      caller: decided.caller,
      connection: connection.name,
      fail: (error) => answer.onError(error),
    });
    decided.reservation?.onLost((error) => answer.onError(error));
    if (shown !== null) return answerOriginals(context, shown);
    if (isTraces && traces === null) return answerTraces(context);
    const sent = {
      method: incoming.method ?? "GET",
      path: query === "" ? route.path : `${route.path}?${query}`,
      headers: toTargetHeaders(crossing, {
        credential: key,
        account,
        ...(spooled === null
          ? { contentType: repaired.bytes === null ? null : (contentType ?? null) }
          : { contentType: spooled.contentType, contentLength: spooled.length }),
        bindKey: (name) => deps.digest(toKeyText(decided.caller, name)),
      }),
      body: spooled === null ? (traces ?? repaired.bytes) : spooled.stream(),
    };
    const repairing: Pick<Target, "send"> = {
      send: (asked, taken) => sendRepaired(target, asked, repaired.without, taken),
    };
    const call =
      route.spec.lists === null
        ? sendForPart(repairing, sent, toJudging(route, isOutput, searchesFiles(context)), answer)
        : sendList(
            {
              target,
              ledger: deps.ledger,
              caller: decided.caller,
              connection,
              kind: route.spec.lists,
              shares: decided.verdict.decision.share,
              bytes: deps.limits.answer_bytes,
              own: (objects) => context.own(objects),
            },
            { ...sent, path: route.path },
            query,
            answer,
          );
    context.attach(call);
    // A revocation that came on the way has found nothing to end.
    if (deps.isRevoked(decided.caller))
      answer.onError(new GatewayError("token_revoked", "The token was revoked."));
    sink.onLeave(() => {
      call.abort();
      context.leave();
    });
  }

  /** Writes down a request for originals that is refused; gives the error to tell, the record's own where that is away. */
  async function noteReveal(progress: Progress, thrown: unknown): Promise<unknown> {
    if (!asksForOriginals(progress.route)) return thrown;
    try {
      const names = progress.names ?? decider.strictNames();
      await noteRefused(deps.reveals, progress, names, toGatewayError(thrown));
      return thrown;
    } catch (failure) {
      return failure;
    }
  }

  function toGiving(
    { caller, open: { connection }, request, masked, set }: Decided,
    exchangeId: string,
    sink: Sink,
  ): Giving {
    const body = set.applyTo(masked?.body() ?? request.body() ?? {});
    const asked = { sink, caller, connection: connection.name, request, body, exchangeId };
    return createGiving({ secrets: deps.clientSecrets, answerBytes: deps.limits.answer_bytes }, asked);
  }

  return {
    get open() {
      return open;
    },
    drain() {
      isDraining = true;
    },
    end: (error, which) => exchanges.end(error, which),
    async handle(incoming, outgoing) {
      const id = newId();
      open += 1;
      deps.events.exchangeBegan();
      outgoing.once("close", () => {
        open -= 1;
        readLeftover(incoming);
      });
      const sink = createSink(outgoing, id, deps.heart, toBeat(toClientTimeout(incoming)));
      const progress = toProgress(id, incoming, sink);
      try {
        if (isDraining) throw new GatewayError("shutting_down", "The gateway is draining; try again.");
        await decide(progress);
      } catch (error) {
        await decider.turnAway(progress, await noteReveal(progress, error));
      }
    },
  };
}

/** Traces are kept and sent on as they are masked. */
function toTraces({
  caller,
  verdict: { decision },
  masked,
  request,
}: Decided): Pick<Traces, "caller" | "body" | "decision"> {
  return { caller, decision, body: masked?.body() ?? request.body() ?? {} };
}

/** Throws where the gateway cannot see, or must not hand out, what an operation carries. */
function requireOpen({ spec }: Route): void {
  const closure = findClosure(spec);
  if (closure !== null) throw new GatewayError(closure, "The gateway does not pass this operation on.");
}

/** Milliseconds that the client waits for a read: Python tells seconds, and so does JavaScript where it is set. */
function toClientTimeout(incoming: IncomingMessage): number {
  const told = incoming.headers["x-stainless-read-timeout"] ?? incoming.headers["x-stainless-timeout"];
  const seconds = typeof told === "string" ? Number(told) : Number.NaN;
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 600_000;
}

/** The program's own name for its session. */
function toSessionHeader(incoming: IncomingMessage): string | null {
  const header = incoming.headers["x-tollgate-session"];
  return typeof header === "string" && header !== "" ? header : null;
}
