// The Responses API over a WebSocket: each message that asks for something is an exchange, each answer has its lane.
import { refuseStream } from "../answer/open-answer.ts";
import { createResponsesDialect } from "../answer/responses-dialect.ts";
import { createEventReader } from "../answer/stream.ts";
import { GatewayError, toErrorDetail } from "../errors.ts";
import type { Json, JsonObject, Route } from "../exchange.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { isObject } from "../parse/pointer.ts";
import { TERMINAL } from "../parse/stream-event.ts";
import { getRoute } from "../routes.ts";
import { judgeMessage } from "./judge-message.ts";
import { createLane } from "./lane.ts";
import type { Lane } from "./lane.ts";
import { createMessageFraming, splitMessages, toErrorEvent } from "./message-framing.ts";
import type { ErrorTelling, TargetError } from "./message-framing.ts";
import { createOutside } from "./outside.ts";
import { parseMessage } from "./parse-message.ts";
import type { SessionDeps, SessionParts, SocketSession } from "./session.ts";
import { createTurns } from "./turn.ts";
import type { Inherited, Turn } from "./turn.ts";

/** What a program may send. */
const TYPES: ReadonlyMap<string, Turn["does"]> = new Map([
  ["response.create", "create"],
  ["response.steer", "steer"],
  ["response.inject", "inject"],
] as const);

/** Responses of this socket whose settings are kept for those that steering makes of them. */
const KEPT_SETTINGS = 1_000;
/** Messages of one socket that may be unanswered: each is kept until it is answered. */
const MOST_TURNS = 256;
/** The bound on each list in the facts. */
const MOST_TOOLS = 64;
const ADDED = /^response\.(steer|inject)\.(accepted|created|failed|pending)$/;

/** What is kept of a response that this socket has made. */
type Kept = Pick<Turn, "inherited" | "lane" | "streamId">;

/** Opens the session. */
export function createResponsesSession(deps: SessionDeps, parts: SessionParts): SocketSession {
  const { client, target, source } = parts;
  const route = toMessageRoute(parts.route.connection);
  const turns = createTurns();
  const lanes = new Map<string, Lane>();
  /** Settings by response, oldest first. */
  const settings = new Map<string, Kept>();
  parts.context.attach(source.part(parts.id));
  const outside = createOutside(parts.context);
  const holdsFound = (text: string): boolean =>
    parts.context.nameScanner.scan(text, "message", "request").length > 0;
  let draining: GatewayError | null = null;

  const write = (bytes: Buffer, onDrain: () => void): boolean => {
    let keepsUp = true;
    for (const message of splitMessages(bytes)) keepsUp = client.send(message, false, onDrain) && keepsUp;
    return keepsUp;
  };

  function laneOf(name: string): Lane {
    let lane = lanes.get(name);
    if (lane === undefined) {
      lane = createLane(write, () =>
        parts.close(new GatewayError("internal_error", "An answer was cut off.")),
      );
      lanes.set(name, lane);
    }
    return lane;
  }

  function endLane(name: string): void {
    if (lanes.get(name)?.isIdle === true) lanes.delete(name);
    if (lanes.size === 0) parts.idle();
  }

  function remember(id: string, { inherited, lane, streamId }: Turn): void {
    settings.set(id, { inherited, lane, streamId });
    if (settings.size <= KEPT_SETTINGS) return;
    for (const oldest of settings.keys()) {
      settings.delete(oldest);
      break;
    }
  }

  /** Gives the settings that added input is judged with: those of the response that it is added to. */
  function inherit(request: ParsedRequest, { does, previous }: Envelope): ParsedRequest {
    if (does === "create") return request;
    const found = previous === null ? undefined : settings.get(previous)?.inherited;
    if (found === undefined)
      throw new GatewayError("not_found", "The response is not one of this socket.", {
        param: TARGETS[does],
      });
    const { facts: own } = request;
    const { facts: kept } = found;
    // What the message says itself counts beside it: nobody knows whether the target heeds it.
    const tools = [...request.tools, ...found.tools];
    const limits = [own.max_output_tokens, kept.max_output_tokens].filter((limit) => limit !== null);
    return {
      ...request,
      tools: tools.slice(0, MOST_TOOLS),
      facts: {
        ...own,
        model: own.model ?? kept.model,
        max_output_tokens: limits.length === 0 ? null : Math.max(...limits),
        hidden: [...own.hidden, ...kept.hidden].slice(0, MOST_TOOLS),
        store: own.store ?? kept.store,
        truncated: own.truncated || tools.length > MOST_TOOLS,
      },
    };
  }

  /** Says where an answer goes: what is added to a response goes where that one does. */
  function findLane({ does, previous, streamId }: Envelope): Pick<Kept, "lane" | "streamId"> {
    const kept = does === "create" || previous === null ? undefined : settings.get(previous);
    return kept ?? { lane: streamId ?? "", streamId };
  }

  async function take(data: Buffer): Promise<void> {
    const envelope = readEnvelope(data);
    const { lane, streamId } = findLane(envelope);
    const fault: Turn["fault"] = { told: null };
    const sink = laneOf(lane).open(
      createMessageFraming(streamId, toTelling(envelope, fault, holdsFound)),
      () => endLane(lane),
    );
    if (envelope.does === "create") sink.join();
    const judged = await judgeMessage(deps, parts, {
      data,
      route,
      sink,
      adapt(parsed) {
        if (draining !== null) throw draining;
        if (turns.all.size >= MOST_TURNS)
          throw new GatewayError("socket_flooded", "More messages are unanswered than a socket may have.");
        requireEnvelope(parsed, envelope);
        return inherit(parsed, envelope);
      },
    });
    if (judged === null) return;
    const { id, decided } = judged;
    const context = judged.openContext();
    // The API has no way to end one response: what still comes of one that is refused is dropped.
    context.attach(source.part(id));
    if (!client.isOpen || !target.isOpen) {
      context.leave();
      sink.end();
      return;
    }
    const { does, previous } = envelope;
    const reader = createEventReader(context, createResponsesDialect);
    const inherited = toInherited(decided.request);
    turns.add({
      id,
      does,
      previous,
      lane,
      streamId,
      inherited,
      sink,
      context,
      reader,
      fault,
      without: decided.repaired.without,
      acceptedAs: null,
    });
    target.send(decided.repaired.bytes ?? data, false);
  }

  function attempt(turn: Turn, work: () => void): void {
    try {
      work();
    } catch (error) {
      turn.reader.fail(error);
    }
  }

  function give(turn: Turn, data: string, value: JsonObject): void {
    attempt(turn, () => {
      turn.reader.take({ bytes: NOTHING, event: null, data, plain: true }, value);
      turn.reader.flush();
    });
  }

  function begin(lane: string, response: JsonObject): Turn {
    const previous = response["previous_response_id"];
    const turn = turns.begin(lane, typeof previous === "string" ? previous : null);
    if (turn === null)
      throw new GatewayError("answer_unreadable", "The target began a response that nobody had asked for.");
    const id = response["id"];
    if (typeof id === "string") remember(id, turn);
    turn.sink.join();
    attempt(turn, () => {
      const refusing = refuseStream(turn.context);
      const fail = (error: unknown): void => turn.reader.fail(error);
      refusing?.then(fail, fail);
    });
    return turn;
  }

  /** Asks again where the target does not know of a denied call whose output it was given: nothing of it was done. */
  function sendsWithout(turn: Turn, error: string): boolean {
    const { without } = turn;
    const isUnknown = without?.callIds.some((id) => error.includes(id)) === true;
    if (without === null || !isUnknown || turns.running(turn.lane) === turn) return false;
    turn.without = null;
    target.send(without.bytes, false);
    return true;
  }

  function takeAdded(match: RegExpExecArray, data: string, value: JsonObject): void {
    const does = match[1] === "steer" ? "steer" : "inject";
    const told = isObject(value["steer"]) ? value["steer"] : value;
    const to = toText(told["previous_response_id"]) ?? toText(told["response_id"]);
    const turn = turns.added(does, to, toText(told["id"]));
    if (turn === null) return outside.take(data, value);
    give(turn, data, value);
    if (match[2] === "accepted") turn.acceptedAs = toText(told["id"]);
    else turns.remove(turn);
  }

  return {
    async fromClient(data, isBinary) {
      if (isBinary)
        throw new GatewayError("message_unreadable", "The Responses API takes no binary messages.");
      await take(data);
    },
    fromTarget(data, isBinary) {
      if (isBinary) throw new GatewayError("answer_unreadable", "The target sent a binary message.");
      const text = data.toString("utf8");
      const value = parseMessage(text);
      const type = toText(value["type"]) ?? "";
      const streamId = toText(value["stream_id"]);
      const lane = streamId ?? "";
      const added = ADDED.exec(type);
      if (added !== null) return takeAdded(added, text, value);
      if (type === "error") {
        const turn = turns.failing(streamId);
        if (turn === null) return outside.take(text, value);
        if (sendsWithout(turn, text)) return;
        turn.fault.told = readTargetError(value);
        turns.remove(turn);
        return give(turn, text, value);
      }
      const response = value["response"];
      const turn = turns.running(lane) ?? (isObject(response) ? begin(lane, response) : null);
      // A part of a call belongs to a response that can hold it: of one that is over, or nobody's, nothing is told.
      if (turn === null && type.startsWith("response.")) return;
      if (turn === null) return outside.take(text, value);
      if (TERMINAL.has(type)) turns.remove(turn);
      give(turn, text, value);
    },
    fail(error) {
      for (const turn of turns.all) turn.reader.fail(error);
    },
    leave() {
      for (const turn of turns.all) {
        turn.sink.leave();
        turn.context.leave();
      }
    },
    get isBusy() {
      return lanes.size > 0;
    },
    drain(error) {
      draining = error;
    },
  };
}

const NOTHING = Buffer.alloc(0);

/** What is read of a message before anything is known of it, so that an error about it is told in its place. */
type Envelope = Pick<Turn, "previous" | "streamId"> & {
  readonly does: Turn["does"];
  readonly type: string | null;
  readonly input: Json;
};

/** Where added input names the response that it is added to. */
const TARGETS = {
  create: "previous_response_id",
  steer: "previous_response_id",
  inject: "response_id",
} as const;
/** Words of an envelope that has more to say than most. */
const WORDS = ["stream_id", "response.steer", "response.inject"];
const PLAIN: Envelope = {
  does: "create",
  type: "response.create",
  previous: null,
  streamId: null,
  input: null,
};

function readEnvelope(data: Buffer): Envelope {
  if (!WORDS.some((word) => data.includes(word))) return PLAIN;
  try {
    const value: Json = JSON.parse(data.toString("utf8"));
    if (!isObject(value)) return PLAIN;
    const type = toText(value["type"]);
    const does = TYPES.get(type ?? "") ?? "create";
    return {
      does,
      type,
      previous: toText(value[TARGETS[does]]),
      streamId: toText(value["stream_id"]),
      input: value["input"] ?? null,
    };
  } catch {
    // What cannot be read is refused where it is parsed.
    return PLAIN;
  }
}

/** Throws unless the message is what its envelope was taken for, and of a type that the gateway knows. */
function requireEnvelope(request: ParsedRequest, envelope: Envelope): void {
  const body = request.body() ?? {};
  if (!TYPES.has(toText(body["type"]) ?? ""))
    throw new GatewayError("message_unknown", "The gateway knows no message of this type.", {
      param: "type",
    });
  if (body["type"] !== envelope.type || toText(body["stream_id"]) !== envelope.streamId)
    throw new GatewayError("body_invalid", "The message's type or lane is spelt with escapes.");
}

/** Says how an error is told: added input that is refused comes back in an event of its own, unless something was found in it. */
function toTelling(
  { does, previous, input }: Envelope,
  fault: Turn["fault"],
  holdsFound: (text: string) => boolean,
): ErrorTelling {
  return (error, exchangeId, sequenceNumber) => {
    if (does === "create" || error.isTargets)
      return toErrorEvent(error, exchangeId, sequenceNumber, error.isTargets ? fault.told : null);
    const detail = { ...toErrorDetail(error, exchangeId), type: "invalid_request_error" };
    const event = { type: `response.${does}.failed`, sequence_number: sequenceNumber, error: detail };
    const id = previous !== null && !holdsFound(previous) ? previous : "";
    const told = holdsFound(JSON.stringify(input)) ? [] : input;
    return does === "steer"
      ? { ...event, steer: { previous_response_id: id, input: told } }
      : { ...event, response_id: id, input: told };
  };
}

function readTargetError(value: JsonObject): TargetError {
  const { status, error } = { status: value["status"], error: value["error"] };
  const type = isObject(error) ? error["type"] : undefined;
  return {
    status: typeof status === "number" && Number.isInteger(status) ? status : null,
    type: typeof type === "string" && /^[a-z_]{1,64}$/.test(type) ? type : null,
  };
}

function toInherited({ facts, tools }: ParsedRequest): Inherited {
  const { model, max_output_tokens, hidden, store } = facts;
  return { facts: { model, max_output_tokens, hidden, store }, tools };
}

function toText(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Gives the route of a message that asks for a response: the one over HTTP, by a socket, which always streams. */
function toMessageRoute(connection: string | null): Route {
  const spec = { ...getRoute("responses.create"), method: "WS", streams: "always" as const };
  return { operation: spec.operation, spec, connection, path: spec.template, objects: [], model: null };
}
