// Opens WebSockets: a request for one is judged like any other, then the target is called, then the program is let in.
import { ServerResponse } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Socket as NetSocket } from "node:net";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { openAnswer } from "../answer/open-answer.ts";
import type { OpenContext } from "../answer/create-context.ts";
import { createSink } from "../answer/sink.ts";
import type { Sink } from "../answer/sink.ts";
import type { Connections } from "../connections/registry.ts";
import { readGrant, toBoundQuery, toFirstUpdate, withBeta } from "../ownership/client-secret.ts";
import { createDecider, createLaps, toProgress } from "../decide.ts";
import type { DeciderDeps } from "../decide.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import type { Caller, Grant, Route } from "../exchange.ts";
import { guardCredential } from "../forward/guard-credential.ts";
import { isMeant } from "../open-exchanges.ts";
import type { WhichExchanges } from "../open-exchanges.ts";
import type { MaskedRequest } from "../mask/mask-request.ts";
import { isObject } from "../parse/pointer.ts";
import { pickHeaders, toKeyText, toTargetHeaders } from "../forward/headers.ts";
import { createJournal } from "../journal.ts";
import type { Progress } from "../journal.ts";
import { newId } from "../new-id.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import type { RequestInput, RequestParser } from "../parse/request.ts";
import { matchRoute } from "../parse/route.ts";
import { dial } from "./dial.ts";
import { PROTOCOL, readToken, requireHandshake } from "./handshake.ts";
import { createLane } from "./lane.ts";
import { createMessageFraming, splitMessages, toErrorEvent } from "./message-framing.ts";
import { createRealtimeSession } from "./realtime-session.ts";
import { createResponsesSession } from "./responses-session.ts";
import { runSession } from "./run-session.ts";
import type { Running, RunLimits } from "./run-session.ts";
import type { SessionDeps, SessionParts, SocketSession } from "./session.ts";
import { createSwitchSink } from "./switch-sink.ts";
import type { SwitchSink } from "./switch-sink.ts";
import { wrapSocket } from "./socket.ts";
import type { Socket } from "./socket.ts";

export type UpgradeDeps = DeciderDeps & {
  readonly authenticate: (
    authorization: string | undefined,
    incoming: IncomingMessage,
  ) => Caller | Promise<Caller>;
  readonly isRevoked: (caller: Caller) => boolean;
  /** Asks anew about a caller whose client secret has opened a socket. */
  readonly confirm: (caller: Caller) => Caller | Promise<Caller>;
  readonly connections: Connections;
  readonly parser: RequestParser;
  readonly limits: RunLimits & { readonly request_bytes: number; readonly event_bytes: number };
};

export type Upgrades = {
  /** Takes a request for a WebSocket; never rejects. */
  handle(incoming: IncomingMessage, raw: Duplex, head: Buffer): Promise<void>;
  /** Sockets that are open, or about to be. */
  readonly open: number;
  /** Takes no new work from now on; what is idle closes. */
  drain(): void;
  /** Closes all sockets, or some of them, with an error that is told to what is under way. */
  end(error: GatewayError, which?: WhichExchanges): void;
  /** Closes the sockets over a connection as soon as nothing is under way in them. */
  endIdle(error: GatewayError, connection: string): void;
};

/** What reads a socket of each operation. */
const SESSIONS: ReadonlyMap<string, (deps: SessionDeps, parts: SessionParts) => SocketSession> = new Map([
  ["responses.connect", createResponsesSession],
  ["realtime.connect", createRealtimeSession],
  ["realtime.translations.connect", createRealtimeSession],
  ["live.sessions.connect", createRealtimeSession],
  ["live.sessions.attach", createRealtimeSession],
  ["live.sessions.fork_connect", createRealtimeSession],
]);

/** An upgrade has no signs of life: what reads its answer knows of no interim one. */
const QUIET = {
  start: () => ({ stop: () => undefined, touch: () => undefined }),
  close: () => undefined,
};
const EMPTY = Buffer.alloc(0);

/** Makes the door for WebSockets of the data port. */
export function createUpgrades(deps: UpgradeDeps): Upgrades {
  const decider = createDecider(deps, createJournal(deps));
  const exchangeIds = new WeakMap<IncomingMessage, string>();
  const running = new Map<Running, { readonly caller: Caller; readonly connection: string }>();
  let opening = 0;
  let isDraining = false;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: deps.limits.request_bytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  server.on("headers", (headers, incoming) => {
    const id = exchangeIds.get(incoming);
    if (id !== undefined) headers.push(`x-tollgate-exchange-id: ${id}`, `x-request-id: ${id}`);
  });

  /** Lets the program in; gives null where it has left, though it be by half. */
  function accept(incoming: IncomingMessage, raw: Duplex, head: Buffer): Promise<WebSocket | null> {
    return new Promise((resolve) => {
      const left = (): void => resolve(null);
      raw.once("close", left);
      if (raw.destroyed) return left();
      server.handleUpgrade(incoming, raw, head, (socket) => {
        raw.off("close", left);
        resolve(socket);
      });
    });
  }

  async function open(progress: Progress, sink: SwitchSink, way: Way): Promise<void> {
    const { incoming, id } = progress;
    const lap = createLaps(progress);
    const authorization = readToken(incoming);
    const caller = await deps.authenticate(authorization, incoming);
    progress.caller = caller;
    lap("identity");

    const { route, query: askedQuery } = matchRoute("WS", incoming.url ?? "");
    progress.route = route;
    const connection = deps.connections.get(route.connection);
    progress.open = connection;
    const createSession = requireOpen(route);
    requireHandshake(incoming);
    const grant = readGrant(caller, route, connection.connection.name);
    const query = grant === null ? askedQuery : toBoundQuery(grant, askedQuery);
    const authenticate = (): Caller | Promise<Caller> =>
      grant === null ? deps.authenticate(authorization, incoming) : deps.confirm(caller);
    const share = deps.shares.open(caller, "sockets");
    // However it ends, the connection below it closes.
    incoming.socket.once("close", () => share.close());
    if (!incoming.socket.destroyed) share.add(1);
    const crossing = pickHeaders(incoming.rawHeaders);
    const { tenant } = caller;
    const beta = incoming.headers["openai-beta"];
    const betaHeader = typeof beta === "string" ? beta : undefined;
    const input = { route, query, contentType: undefined, betaHeader, bytes: EMPTY, tenant };
    const request = grant === null ? deps.parser.parse(input) : parseBound(deps.parser, input, grant);
    progress.request = request;
    lap("parse");
    const header = incoming.headers["x-tollgate-session"];
    const named = typeof header === "string" && header !== "" ? header : null;
    // A conversation that lives in its socket is one session; over `/responses` each message says what it continues.
    const sessionHeader = named ?? (route.operation === "responses.connect" ? null : `socket-${id}`);
    const asked = { caller, route, open: connection, request, sessionHeader, opensSocket: true } as const;
    const decided = await decider.decide(progress, asked, lap);
    const context = decider.openContext(progress, decided, sink, () => undefined);
    const left = new AbortController();
    sink.onLeave(() => {
      left.abort();
      context.leave();
    });
    const began = performance.now();
    const dialed = await dial({
      baseUrl: connection.connection.baseUrl,
      path: query === "" ? route.path : `${route.path}?${query}`,
      headers: toTargetHeaders(grant === null ? crossing : withBeta(grant, crossing), {
        credential: connection.credential(),
        account: connection.account,
        contentType: null,
        bindKey: (name) => deps.digest(toKeyText(caller, name)),
      }),
      connectMs: connection.timeouts.connect_ms,
      outbound: connection.outbound,
      messageBytes: deps.limits.event_bytes,
      signal: left.signal,
    }).catch((error: unknown) => {
      if (!left.signal.aborted) connection.health.failed(toGatewayError(error).code);
      return failed(context, error);
    });
    if (dialed === null) return;
    if ("refusal" in dialed) {
      connection.health.heard(dialed.refusal.statusCode ?? 502, performance.now() - began);
      return passRefusal(context, dialed.refusal, connection.secrets());
    }
    connection.health.heard(101, performance.now() - began);
    if (sink.gone || deps.isRevoked(caller)) {
      dialed.socket.terminate();
      openAnswer(context).onError(new GatewayError("token_revoked", "The token was revoked."));
      return;
    }
    exchangeIds.set(incoming, id);
    const raw = way.release();
    const accepted = await accept(incoming, raw, way.head);
    if (accepted === null) {
      dialed.socket.terminate();
      context.leave();
      return;
    }
    const client = wrapSocket(accepted, raw);
    const target = wrapSocket(dialed.socket);
    const update = grant === null ? null : toFirstUpdate(toMaskedGrant(grant, decided.masked));
    if (update !== null) target.send(update, false, () => undefined);
    const close = (error: GatewayError): void => session.close(error);
    sink.turn(toMessageSink(client, id, close));
    const parts = {
      id,
      incoming,
      route,
      open: connection,
      sessionHeader,
      betaHeader,
      authenticate,
      context,
      client,
      target,
    };
    const session = runSession(
      parts,
      (whole) => createSession({ decider, parser: deps.parser, events: deps.events }, whole),
      deps.limits,
      () => running.delete(session),
    );
    running.set(session, { caller, connection: connection.connection.name });
    // What was disabled on the way has found nothing to close.
    const refusal = connection.refusal();
    if (refusal !== null) session.close(refusal);
    target.resume();
    if (isDraining) session.drain();
  }

  return {
    get open() {
      return opening + running.size;
    },
    async handle(incoming, raw, head) {
      const id = newId();
      opening += 1;
      deps.events.exchangeBegan();
      const way = createWay(incoming, raw, head);
      const sink = createSwitchSink(createSink(way.response, id, QUIET, 60_000));
      const progress = toProgress(id, incoming, sink);
      try {
        if (isDraining) throw new GatewayError("shutting_down", "The gateway is draining; try again.");
        await open(progress, sink, way);
      } catch (error) {
        await decider.turnAway(progress, error);
      } finally {
        opening -= 1;
      }
    },
    drain() {
      isDraining = true;
      for (const session of running.keys()) session.drain();
    },
    end(error, which) {
      for (const [session, owner] of running) if (isMeant(owner, which)) session.close(error);
    },
    endIdle(error, connection) {
      for (const [session, owner] of running) if (isMeant(owner, { connection })) session.drain(error);
    },
  };
}

/** The raw connection of an upgrade, as an HTTP answer until it is released to be a WebSocket. */
type Way = { readonly response: ServerResponse; readonly head: Buffer; release(): Duplex };

function createWay(incoming: IncomingMessage, raw: Duplex, head: Buffer): Way {
  raw.on("error", () => undefined);
  const response = new ServerResponse(incoming);
  response.shouldKeepAlive = false;
  if (raw instanceof NetSocket) response.assignSocket(raw);
  // Whatever ends the answer ends the connection: nothing else may come over it.
  response.once("finish", () => raw.end());
  return {
    response,
    head,
    release() {
      if (raw instanceof NetSocket) response.detachSocket(raw);
      return raw;
    },
  };
}

/** Reads what a client secret opens as the body of the request for it: all of it is judged before the target is called. */
function parseBound(parser: RequestParser, input: RequestInput, { session }: Grant): ParsedRequest {
  const { route } = input;
  const asJson = { ...route, spec: { ...route.spec, body: "json" } } as const;
  const bytes = Buffer.from(JSON.stringify({ session }));
  return { ...parser.parse({ ...input, route: asJson, contentType: "application/json", bytes }), route };
}

/** A session that was asked for before a value of it had to be masked is set without it. */
function toMaskedGrant(grant: Grant, masked: MaskedRequest | null): Grant {
  const { session } = { session: masked?.body()["session"] };
  return isObject(session) ? { ...grant, session } : grant;
}

function requireOpen({ operation }: Route): (deps: SessionDeps, parts: SessionParts) => SocketSession {
  if (operation === "unknown")
    throw new GatewayError("operation_unknown", "No operation is known by this path.");
  const createSession = SESSIONS.get(operation);
  if (createSession !== undefined) return createSession;
  throw new GatewayError("operation_not_open", "The gateway does not open this operation.");
}

/** Tells the caller that the target could not be called, and writes the end down. */
function failed(context: OpenContext, error: unknown): null {
  const answer = openAnswer(context);
  answer.onError(
    error instanceof GatewayError
      ? error
      : new GatewayError("internal_error", "The gateway failed.", { cause: error }),
  );
  return null;
}

/** Passes on the answer that the target gave instead of a socket, as any answer of its. */
function passRefusal(context: OpenContext, refusal: IncomingMessage, secrets: readonly Buffer[]): void {
  const answer = guardCredential(openAnswer(context), secrets);
  context.attach({
    pause: () => refusal.pause(),
    resume: () => refusal.resume(),
    abort: () => refusal.destroy(),
  });
  answer.onHead(refusal.statusCode ?? 502, refusal.headers);
  refusal.on("data", (chunk: Buffer) => answer.onData(chunk));
  refusal.once("end", () => answer.onEnd());
  refusal.once("error", (cause) =>
    answer.onError(new GatewayError("target_broke_off", "The target's answer broke off.", { cause })),
  );
}

/** Gives the way of what concerns the socket alone; an error on it closes the socket. */
function toMessageSink(client: Socket, id: string, close: (error: GatewayError) => void): Sink {
  const lane = createLane(
    (bytes, onDrain) => {
      let keepsUp = true;
      for (const message of splitMessages(bytes)) keepsUp = client.send(message, false, onDrain) && keepsUp;
      return keepsUp;
    },
    () => close(new GatewayError("internal_error", "The socket was cut off.")),
  );
  return lane.open(
    createMessageFraming(null, (error, exchangeId, sequenceNumber) =>
      toErrorEvent(error, exchangeId, sequenceNumber, null),
    ),
    () => close(new GatewayError("internal_error", `The socket ended with exchange ${id}.`)),
  );
}
