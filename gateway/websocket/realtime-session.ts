// The Realtime API: what a program says is judged as requests, each response as an answer, and the rest by its strings.
import type { OpenContext } from "../answer/create-context.ts";
import { refuseStream } from "../answer/open-answer.ts";
import { CALL_EVENT, createResponsesDialect } from "../answer/responses-dialect.ts";
import { createEventReader } from "../answer/stream.ts";
import type { EventReader } from "../answer/stream.ts";
import { toTargetCode } from "../answer/target-error.ts";
import { GatewayError, toErrorDetail } from "../errors.ts";
import type { Json, JsonObject, RequestFacts, Route, ToolFacts } from "../exchange.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { toCall } from "../parse/calls.ts";
import { isObject } from "../parse/pointer.ts";
import type { CallRow } from "../record/rows.ts";
import { createHeard } from "./heard.ts";
import { judgeMessage } from "./judge-message.ts";
import type { Judged } from "./judge-message.ts";
import { createLane } from "./lane.ts";
import type { LaneSink } from "./lane.ts";
import { createMessageFraming, splitMessages } from "./message-framing.ts";
import type { ErrorTelling } from "./message-framing.ts";
import { toUntraced } from "../request/realtime-body.ts";
import { parseMessage } from "./parse-message.ts";
import { readRealtimeMessage } from "./realtime-messages.ts";
import { createSessionEvents } from "./session-events.ts";
import type { SessionDeps, SessionParts, SocketSession } from "./session.ts";
import { createVerdicts } from "./verdicts.ts";

/** What the session is set to, as far as rules ask. */
type Config = {
  readonly model: string | null;
  readonly maxOutputTokens: number | null;
  /** The bound of an answer, as the target was told it. */
  readonly bound: JsonObject;
  readonly hidden: RequestFacts["hidden"];
  readonly tools: readonly ToolFacts[];
};

/** A response under way. */
type Running = {
  readonly context: OpenContext;
  readonly reader: EventReader;
  readonly sink: LaneSink;
  /** Calls that were denied: the conversation waits for their outputs. */
  readonly denied: { readonly id: string; readonly type: string; readonly code: string }[];
};

/** A response that was asked for and has not begun. */
type Waiting = {
  readonly judged: Judged;
  /** By which an error names the message that asked: the program's, or one of ours. */
  readonly eventId: string;
  readonly isOwn: boolean;
};

const MOST_TOOLS = 64;
/** Responses that were asked for and have not begun: each is kept until it does. */
const MOST_WAITING = 64;
/** So long a decision about audio holds. */
const AUDIO_MS = 10_000;
/** Responses that were refused, whose events are dropped until they end. */
const MOST_DROPPED = 1_000;
const AUDIO_APPEND = Buffer.from('{"type":"input_audio_buffer.append"}');
const TRANSCRIBED = "conversation.item.input_audio_transcription.completed";
/** What somebody says, in pieces that nothing ends. */
const HEARD = "session.input_transcript.delta";
/** An event of the response that a live session had made for it. */
const NESTED = "response.event";
const EMPTY = Buffer.alloc(0);

/** Opens the session. */
export function createRealtimeSession(deps: SessionDeps, parts: SessionParts): SocketSession {
  const { client, target, source } = parts;
  const { asked, answered } = toRoutes(parts.route);
  const verdicts = createVerdicts();
  const isLive = parts.route.operation.startsWith("live.");
  const { nameScanner } = parts.context;
  const heard = createHeard(nameScanner);
  const waiting: Waiting[] = [];
  const running = new Map<string, Running>();
  const dropped = new Set<string>();
  const { facts, tools } = parts.context.request;
  let config: Config = {
    model: facts.model,
    maxOutputTokens: facts.max_output_tokens,
    bound: {},
    hidden: facts.hidden,
    tools,
  };
  let audio: { readonly until: number; readonly isOpen: boolean } = { until: 0, isOpen: false };
  let draining: GatewayError | null = null;

  const write = (bytes: Buffer, onDrain: () => void): boolean => {
    let keepsUp = true;
    for (const message of splitMessages(bytes)) keepsUp = client.send(message, false, onDrain) && keepsUp;
    return keepsUp;
  };
  const lane = createLane(write, () =>
    parts.close(new GatewayError("internal_error", "An answer was cut off.")),
  );
  const rest = source.part("session");
  const events = createSessionEvents(
    parts.context,
    verdicts,
    (bytes) => {
      if (!write(bytes, () => rest.resume())) rest.pause();
    },
    ({ id, type }, code) => {
      if (isLive) settleDenied([{ id, type, code }]);
    },
    (error) => parts.close(toError(error)),
  );

  function send(value: JsonObject): void {
    target.send(Buffer.from(JSON.stringify(value)), false);
  }

  function openSink(clientEventId: string | null, responseId: string | null = null): LaneSink {
    const sink = lane.open(
      createMessageFraming(
        null,
        toTelling(clientEventId),
        responseId === null ? {} : { response_id: responseId },
      ),
      () => {
        if (lane.isIdle) parts.idle();
      },
    );
    return sink;
  }

  /** Judges with what the session is set to, beside what the message says. */
  function adapt(parsed: ParsedRequest, extra: Partial<RequestFacts> = {}): ParsedRequest {
    if (draining !== null) throw draining;
    const { facts: own } = parsed;
    const all = [...parsed.tools, ...config.tools];
    return {
      ...parsed,
      route: answered,
      tools: all.slice(0, MOST_TOOLS),
      facts: {
        ...own,
        model: own.model ?? config.model,
        max_output_tokens: own.max_output_tokens ?? config.maxOutputTokens,
        hidden: [...own.hidden, ...config.hidden].slice(0, MOST_TOOLS),
        stream: true,
        truncated: own.truncated || all.length > MOST_TOOLS,
        ...extra,
      },
    };
  }

  async function judge(
    data: Buffer,
    clientEventId: string | null,
    extra?: Partial<RequestFacts>,
    isFixed?: true,
  ): Promise<Judged | null> {
    const sink = openSink(clientEventId);
    const judged = await judgeMessage(deps, parts, {
      data,
      route: asked,
      sink,
      adapt: (parsed) => adapt(parsed, extra),
      ...(isFixed && { isFixed }),
    });
    // An answer has a way of its own; all that this one is for is the refusal.
    if (judged !== null) sink.end();
    return judged;
  }

  /** Writes down that nothing more comes of a message than that it was passed on. */
  async function closeAtOnce(judged: Judged): Promise<void> {
    const context = judged.openContext();
    await context.close({
      outcome: "completed",
      httpStatus: 200,
      errorCode: null,
      model: null,
      usage: null,
      responseId: null,
    });
  }

  async function request(data: Buffer, type: string): Promise<void> {
    if (type === "response.create" && waiting.length >= MOST_WAITING)
      throw new GatewayError("socket_flooded", "More responses were asked for than a socket may wait for.");
    const eventId = readEventId(data);
    const isTold = eventId !== null && nameScanner.scan(eventId, "message", "request").length === 0;
    const judged = await judge(data, isTold ? eventId : null);
    if (judged === null) return;
    const { request: parsed, masked, set } = judged.decided;
    const body = masked?.body() ?? parsed.body() ?? {};
    const changed = { ...toUntraced(body), ...(type === "response.create" && waitFor(judged, body)) };
    if (type !== "response.create") await closeAtOnce(judged);
    const isAsCame = masked === null && Object.keys(changed).length === 0;
    const sent = set.apply(isAsCame ? data : Buffer.from(JSON.stringify({ ...body, ...changed })));
    if (isObject(body["session"]))
      config = toConfig(config, body["session"], parsed, readBound(parseMessage(sent.toString("utf8"))));
    target.send(sent, false);
  }

  /** Waits for the response that a message asks for. Gives it an id, where it has none, by which an error is known. */
  function waitFor(judged: Judged, body: JsonObject): JsonObject {
    const given = toText(body["event_id"]);
    const eventId = given ?? `event_tg_${judged.id.replaceAll("-", "")}`;
    waiting.push({ judged, eventId, isOwn: given === null });
    return given === null ? { event_id: eventId } : {};
  }

  /**
   * Takes an error. A response that it is about will not begin: its exchange ends. Gives what the program is told, to
   * which an id that is not its own would mean nothing.
   */
  function takeError(value: JsonObject): JsonObject {
    const { error } = { error: value["error"] };
    if (!isObject(error)) return value;
    const index = waiting.findIndex(({ eventId }) => eventId === error["event_id"]);
    const [failed] = index === -1 ? [] : waiting.splice(index, 1);
    if (failed === undefined) return value;
    const context = failed.judged.openContext();
    const code = toTargetCode(error, context);
    const errorCode = code === null ? "target_failed" : `target:${code}`;
    context
      .close({ outcome: "failed", httpStatus: 200, errorCode, model: null, usage: null, responseId: null })
      .catch((failure: unknown) => context.report(toError(failure)));
    return failed.isOwn ? { ...value, error: { ...error, event_id: null } } : value;
  }

  async function mayHear(): Promise<boolean> {
    if (performance.now() < audio.until) return audio.isOpen;
    const media = { images: 0, audio: 1, files: 0 };
    const judged = await judge(AUDIO_APPEND, null, { media });
    if (judged !== null) await closeAtOnce(judged);
    audio = { until: performance.now() + AUDIO_MS, isOpen: judged !== null };
    return audio.isOpen;
  }

  function run(responseId: string, judged: Judged): Running {
    const sink = openSink(null, responseId);
    const denied: { id: string; type: string; code: string }[] = [];
    const onCalls = (calls: readonly CallRow[]): void => {
      for (const { id, type, outcome, codes, argumentsDigest } of calls) {
        verdicts.settle(id, { isDenied: outcome === "denied", argumentsDigest });
        if (outcome === "denied") denied.push({ id, type, code: codes[0] ?? "" });
      }
    };
    const context = judged.openContext(onCalls, sink);
    // What is refused ends at the target too.
    const cancel = (): void => {
      if (running.get(responseId)?.context === context)
        send({ type: "response.cancel", response_id: responseId });
    };
    context.attach(source.part(responseId, cancel));
    const started: Running = {
      context,
      reader: createEventReader(context, createResponsesDialect),
      sink,
      denied,
    };
    sink.onClose(() => {
      verdicts.end();
      settleDenied(denied);
    });
    running.set(responseId, started);
    verdicts.begin();
    attempt(started, () => {
      const fail = (error: unknown): void => started.reader.fail(error);
      refuseStream(context)?.then(fail, fail);
    });
    return started;
  }

  /** Gives the conversation what the program never will: outputs of calls that it has not seen. */
  function settleDenied(denied: Running["denied"]): void {
    for (const { id, type, code } of denied) {
      if (type !== "function_call") continue;
      const item = { type: "function_call_output", call_id: id, output: `Refused by policy (${code}).` };
      send({ type: isLive ? "response.item.create" : "conversation.item.create", item });
    }
  }

  function attempt({ reader }: Running, work: () => void): void {
    try {
      work();
    } catch (error) {
      reader.fail(error);
    }
  }

  function give(to: Running, data: string, value: JsonObject): void {
    attempt(to, () => {
      to.reader.take({ bytes: EMPTY, event: null, data, plain: true }, value);
      to.reader.flush();
    });
  }

  async function begin(responseId: string, data: string, value: JsonObject): Promise<void> {
    // What the target begins by itself, at the end of somebody's words, is asked about like what a program asks for.
    const judged = waiting.shift()?.judged ?? (await judge(toBegun(config), null, {}, true));
    if (judged === null) {
      dropped.add(responseId);
      if (dropped.size > MOST_DROPPED) dropped.delete(dropped.values().next().value ?? "");
      send({ type: "response.cancel", response_id: responseId });
      return;
    }
    give(run(responseId, judged), data, value);
  }

  function takeOfResponse(responseId: string, data: string, value: JsonObject): void | Promise<void> {
    const isDone = value["type"] === "response.done";
    const found = running.get(responseId);
    if (found === undefined) {
      if (dropped.has(responseId)) {
        if (isDone) dropped.delete(responseId);
        return;
      }
      return begin(responseId, data, value);
    }
    if (isDone) running.delete(responseId);
    give(found, data, value);
  }

  /** Judges words like a message that was typed; says whether they pass. */
  async function judgeWords(text: string): Promise<boolean> {
    const content = [{ type: "input_text", text }];
    const item = { type: "message", role: "user", content };
    const judged = await judge(Buffer.from(JSON.stringify({ type: "conversation.item.create", item })), null);
    if (judged !== null) await closeAtOnce(judged);
    return judged !== null;
  }

  /** Judges what somebody says where it never stands as a whole: nothing that comes of it could be taken back. */
  async function judgeHeard(words: string): Promise<boolean> {
    if (await judgeWords(words)) return true;
    parts.close(new GatewayError("policy_denied", "What was said is refused."));
    return false;
  }

  /** Judges what somebody has said as soon as it stands as text. */
  async function judgeTranscript(value: JsonObject): Promise<boolean> {
    const text = value["transcript"];
    if (typeof text !== "string" || text === "" || (await judgeWords(text))) return true;
    for (const responseId of running.keys()) send({ type: "response.cancel", response_id: responseId });
    if (typeof value["item_id"] === "string")
      send({ type: "conversation.item.delete", item_id: value["item_id"] });
    return false;
  }

  return {
    async fromClient(data, isBinary) {
      if (isBinary)
        throw new GatewayError("message_unreadable", "The Realtime API takes no binary messages.");
      const message = readRealtimeMessage(data.toString("utf8"));
      switch (message.kind) {
        case "command":
          // It is no request, but it needs a token that still counts.
          await parts.authenticate();
          return send(message.value);
        case "audio":
          if (await mayHear()) send(message.value);
          return;
        case "request":
          return request(data, message.type);
      }
    },
    fromTarget(data, isBinary) {
      if (isBinary) throw new GatewayError("answer_unreadable", "The target sent a binary message.");
      const text = data.toString("utf8");
      const value = parseMessage(text);
      const type = toText(value["type"]) ?? "";
      const { response } = { response: value["response"] };
      const responseId = isObject(response) ? toText(response["id"]) : toText(value["response_id"]);
      if (type === NESTED) {
        if (!isUnfinishedCall(value["event"])) events.take(data, value);
        return;
      }
      if (type.startsWith("response.") && responseId !== null) return takeOfResponse(responseId, text, value);
      // A part of a call belongs to a response that can hold it.
      if (type.startsWith("response."))
        throw new GatewayError("answer_unreadable", "An event of a response does not say of which.");
      if (type === "error") {
        const told = takeError(value);
        events.take(told === value ? data : Buffer.from(JSON.stringify(told)), told);
        return;
      }
      if (type === TRANSCRIBED) return events.take(data, value, judgeTranscript(value));
      const words = type === HEARD ? heard.take(toText(value["delta"]) ?? "") : null;
      const decided = words === null ? own(value)?.then(() => true) : judgeHeard(words);
      events.take(data, value, decided);
    },
    fail(error) {
      if (error.code === "target_broke_off") events.end();
      for (const { reader } of running.values()) reader.fail(error);
    },
    leave() {
      for (const { judged } of waiting) judged.openContext().leave();
      for (const { context, sink } of running.values()) {
        sink.leave();
        context.leave();
      }
    },
    get isBusy() {
      return !lane.isIdle;
    },
    drain(error) {
      draining = error;
    },
  };

  /** A session that is made over its socket tells its id in its first event. */
  function own(value: JsonObject): Promise<void> | null {
    const { makes } = parts.route.spec;
    const { session } = { session: value["session"] };
    const id = makes !== null && isObject(session) ? toText(session["id"]) : null;
    return makes !== null && id !== null ? parts.context.own([{ kind: makes, id }]) : null;
  }
}

/** Tells whether an event within another is of a call that is not whole: the one that has it whole is judged, and tells it. */
function isUnfinishedCall(event: Json | undefined): boolean {
  const type = isObject(event) ? toText(event["type"]) : null;
  if (!isObject(event) || type === null)
    throw new GatewayError("answer_unreadable", "An event of a response holds none.");
  const { item } = { item: event["item"] };
  return (
    CALL_EVENT.test(type) ||
    (type === "response.output_item.added" && isObject(item) && toCall(item, "") !== null)
  );
}

/** Gives the message that would ask for what the target begins by itself. */
function toBegun({ bound }: Config): Buffer {
  return Buffer.from(
    JSON.stringify({
      type: "response.create",
      ...(Object.keys(bound).length > 0 && { response: bound }),
    }),
  );
}

function readBound({ session }: JsonObject): JsonObject {
  return isObject(session)
    ? Object.fromEntries(Object.entries(session).filter(([key]) => BOUND.test(key)))
    : {};
}

const BOUND = /^max_(?:response_)?output_tokens$/;

function toConfig(
  before: Config,
  session: JsonObject,
  { facts, tools }: ParsedRequest,
  bound: JsonObject,
): Config {
  return {
    model: facts.model ?? before.model,
    maxOutputTokens: facts.max_output_tokens ?? before.maxOutputTokens,
    bound: { ...before.bound, ...bound },
    hidden: facts.hidden,
    // The tools of an update stand in place of those before; what was judged holds both.
    tools:
      "tools" in session ? tools.slice(0, Math.max(0, tools.length - before.tools.length)) : before.tools,
  };
}

/** Says how an error is told: the Realtime API's event, with the id of the message that it is about. */
function toTelling(clientEventId: string | null): ErrorTelling {
  return (error, exchangeId) => ({
    type: "error",
    event_id: `event_tg_${exchangeId.replaceAll("-", "")}`,
    error: { ...toErrorDetail(error, exchangeId), event_id: clientEventId },
  });
}

function readEventId(data: Buffer): string | null {
  const found = /"event_id"\s*:\s*"([A-Za-z0-9_-]{1,256})"/.exec(data.toString("latin1"));
  return found?.[1] ?? null;
}

function toText(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function toError(thrown: unknown): GatewayError {
  return thrown instanceof GatewayError
    ? thrown
    : new GatewayError("internal_error", "The gateway failed.", { cause: thrown });
}

/** Gives the route that messages are read by, and the one that responses are read by: their events are Responses'. */
function toRoutes(route: Route): { readonly asked: Route; readonly answered: Route } {
  const spec = { ...route.spec, body: "json", streams: "always", makes: null } as const;
  return {
    asked: { ...route, objects: [], spec },
    answered: { ...route, objects: [], spec: { ...spec, dialect: "responses" } },
  };
}
