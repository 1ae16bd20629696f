// Chat Completions' stream: from the first piece of a tool call on everything waits until the calls are whole and decided.
import { joinContent } from "../apply/chat-denial.ts";
import { toSseFrame } from "../apply/stream-error.ts";
import { GatewayError } from "../errors.ts";
import type { Json, JsonObject, ToolCall, Usage } from "../exchange.ts";
import type { AnswerObject } from "../parse/answer.ts";
import { isList, isObject } from "../parse/pointer.ts";
import type { Said } from "../parse/said.ts";
import type { SseFrame } from "../parse/sse.ts";
import { readChatChunk } from "../parse/chat-chunk.ts";
import type { CallFragment, ChunkChoice } from "../parse/chat-chunk.ts";
import { estimateUsage } from "./context.ts";
import type { ReplacedCall } from "./context.ts";
import { applyEdits } from "../mask/edits.ts";
import type { EventText } from "../parse/stream-event.ts";
import type { Entry } from "./gate.ts";
import { judgeCall, MAX_CALLS } from "./judge-call.ts";
import type { Dialect, StreamTools } from "./stream.ts";
import { toTargetError } from "./target-error.ts";

const NOTHING = Buffer.alloc(0);
const DONE = Buffer.from("data: [DONE]\n\n");

/** A call as its pieces add up. */
type Pieces = { id: string; type: string; name: string; arguments: string };

type Choice = {
  calls: Map<number, Pieces>;
  finishReason: string | null;
  content: string;
  readonly channel: string;
};

/** The calls of a choice, whole. */
type WholeCalls = { readonly index: number; readonly calls: ReadonlyMap<number, Pieces> };

/** A choice's denied calls by place, and what is said instead. */
type Denial = { readonly places: ReadonlySet<number>; readonly text: string };

/** A chunk that waits, with the pieces of arguments in it: a denial rewrites it. */
type Waiting = { readonly entry: Entry; readonly pieces: readonly EventText[] };

/** Opens the dialect for one stream. */
export function createChatDialect(tools: StreamTools): Dialect {
  const { context, gate, scan } = tools;
  const { answer, facts } = context.request;
  const hidesUsage = answer.includeUsage !== true;
  const choices = new Map<number, Choice>();
  let waiting: Waiting[] | null = null;
  /** Chunks that end a choice: they wait for the end to be durable. */
  const last: Entry[] = [];
  /** Calls that went out, for rules that read the whole answer at its end. */
  const released: { readonly choice: number; readonly call: ToolCall }[] = [];
  let judging: Promise<void> = Promise.resolve();
  let id: string | null = null;
  let model: string | null = null;
  let usage: Usage | null = null;
  /** Spoken answers, which a later request may name. */
  const spoken: AnswerObject[] = [];
  /** Chunks that name an object for the first time wait until it is the caller's. */
  const owning: Promise<void>[] = [];
  let isTerminated = false;

  function choiceAt(index: number): Choice {
    // A choice that was not asked for is one that only some programs read.
    if (index >= Math.max(1, facts.n)) throw unreadable();
    let choice = choices.get(index);
    if (choice === undefined) {
      choice = { calls: new Map(), finishReason: null, content: "", channel: toContentChannel(index) };
      choices.set(index, choice);
    }
    return choice;
  }

  /** Has a text scanned; a member's name is whole in each chunk. */
  function take({ channel, kind, text, whole, pointer, apart }: EventText, entry: Entry): void {
    if (apart !== undefined) scan.apart(apart, kind, text, entry, pointer);
    else if (whole) scan.whole(channel, kind, text, entry, pointer);
    else scan.push(channel, kind, text, entry, pointer);
  }

  function takeChoice(piece: ChunkChoice, entry: Entry): void {
    const choice = choiceAt(piece.index);
    if (choice.finishReason !== null && piece.calls.length > 0) throw unreadable();
    for (const fragment of piece.calls) {
      waiting ??= [];
      addFragment(choice, piece.index, fragment);
    }
    for (const one of piece.texts) {
      const { channel, kind, text } = one;
      if (channel === choice.channel) choice.content += text;
      // Arguments are scanned when the call is whole.
      if (kind !== "tool_arguments") take(one, entry);
    }
    if (piece.audioId !== null && !spoken.some((known) => known.id === piece.audioId)) {
      if (spoken.length >= facts.n) throw unreadable();
      const audio = { kind: "other", id: piece.audioId };
      spoken.push(audio);
      own(audio, entry);
    }
    choice.finishReason = piece.finishReason ?? choice.finishReason;
  }

  function own(object: AnswerObject, entry: Entry): void {
    const written = context.own([object]);
    if (written === null) return;
    entry.waits += 1;
    const released = written.then(() => gate.release(entry));
    owning.push(released);
    tools.during(released);
  }

  function isAllFinished(): boolean {
    return choices.size >= facts.n && [...choices.values()].every((choice) => choice.finishReason !== null);
  }

  async function judgeAll(whole: readonly WholeCalls[], chunks: readonly Waiting[]): Promise<void> {
    const denials = new Map<number, Denial>();
    const replaced: ReplacedCall[] = [];
    for (const { index, calls } of whole) {
      const places = new Set<number>();
      const texts = new Set<string>();
      for (const [place, pieces] of calls) {
        const call: ToolCall = {
          ...pieces,
          name: pieces.name === "" ? null : pieces.name,
          pointer: toPointer(index, place),
        };
        const { denial } = await judgeCall(context, call);
        if (denial === null) {
          released.push({ choice: index, call });
          continue;
        }
        places.add(place);
        texts.add(denial.text);
        const { code } = denial;
        replaced.push({
          call,
          itemId: null,
          responseId: id,
          conversationId: null,
          messageId: null,
          reasoningIds: [],
          code,
        });
      }
      if (places.size === 0) continue;
      const text = [...texts].join("\n");
      denials.set(index, { places, text });
      const choice = choiceAt(index);
      choice.content = joinContent(choice.content, text);
    }
    if (denials.size > 0) {
      await context.replaced(replaced);
      const rewrite = createRewriter(denials, hidesUsage);
      for (const { entry } of chunks)
        if (entry.event !== null) entry.event = { ...entry.event, write: rewrite, isNew: true };
    }
    // All pieces first: a value may stand in several.
    for (const { entry, pieces } of chunks) for (const piece of pieces) take(piece, entry);
    for (const { channel } of chunks.flatMap(({ pieces }) => pieces)) scan.finish(channel);
    for (const { entry } of chunks) gate.release(entry);
  }

  function judgeWaiting(): void {
    const chunks = waiting;
    if (chunks === null) return;
    waiting = null;
    // Taken at once: what came later would not be judged with them.
    const whole: WholeCalls[] = [];
    for (const [index, choice] of choices) {
      if (choice.calls.size > 0) whole.push({ index, calls: choice.calls });
      choice.calls = new Map();
    }
    if (whole.reduce((count, { calls }) => count + calls.size, 0) > MAX_CALLS) throw unreadable();
    judging = judging.then(() => judgeAll(whole, chunks));
    tools.during(judging);
  }

  function toSaid([index, { content }]: readonly [number, Choice]): Said {
    const calls = released.flatMap(({ choice, call }) => (choice === index ? [call.id] : []));
    return { id: null, calls, text: applyEdits(content, scan.edits(toContentChannel(index))).trim() };
  }

  /** Puts the answer together as it would have come without a stream. */
  function toCompletion(): JsonObject {
    const texts = new Map(scan.segments().map(({ pointer, text }) => [pointer, text]));
    const list = [...choices].map(([index, { finishReason }]): Json => {
      const calls = released.filter(({ choice }) => choice === index).map(({ call }) => toMessageCall(call));
      const content = texts.get(toContentChannel(index)) ?? null;
      const message = { role: "assistant", content, ...(calls.length > 0 && { tool_calls: calls }) };
      return { index, message, finish_reason: finishReason };
    });
    return { id, object: "chat.completion", model, choices: list };
  }

  async function terminate(): Promise<void> {
    judgeWaiting();
    await Promise.all([judging, ...owning]);
    scan.end();
    for (const entry of last) gate.release(entry);
    context.said([...choices].map(toSaid));
    await tools.finish(
      {
        model,
        usage: usage ?? estimateUsage(facts.chars, scan.chars),
        responseId: id,
        outcome: "completed",
      },
      { body: toCompletion, texts: scan.segments, bytes: scan.chars },
    );
  }

  return {
    isChat: true,
    sequenceNumber: () => 0,
    model: () => model,
    responseId: () => id,
    shown: () => ({ said: [...choices].map(toSaid), objects: [] }),
    event(frame: SseFrame, value) {
      if (isTerminated) return;
      if (!isObject(value))
        throw new GatewayError("answer_unreadable", "A chunk of the target's stream is not an object.");
      const reading = readChatChunk(value);
      const error = reading.error ?? (frame.event === "error" ? value : null);
      if (error !== null) throw toTargetError(error, tools);
      const isNamed = id === null && reading.id !== null;
      id ??= reading.id;
      model ??= reading.model;
      if (reading.usage !== null) usage = reading.usage;
      const isUsageOnly = reading.choices.length === 0 && reading.usage !== null;
      const isHidden = isUsageOnly && hidesUsage;
      const write = (chunk: JsonObject): Buffer =>
        isHidden ? NOTHING : toSseFrame(hidesUsage ? withoutUsage(chunk) : chunk, false);
      const entry = gate.push(isHidden ? NOTHING : toBytes(frame, value, hidesUsage), 0, { value, write });
      if (isNamed && id !== null) own({ kind: "chat_completion", id }, entry);
      for (const one of reading.texts) take(one, entry);
      for (const piece of reading.choices) takeChoice(piece, entry);
      if (waiting !== null) {
        entry.waits += 1;
        const pieces = reading.choices.flatMap(({ texts }) =>
          texts.filter(({ kind }) => kind === "tool_arguments"),
        );
        waiting.push({ entry, pieces });
      }
      if (!isAllFinished()) return;
      if (reading.choices.some((piece) => piece.finishReason !== null)) {
        entry.waits += 1;
        last.push(entry);
      }
      judgeWaiting();
    },
    done() {
      if (isTerminated) return;
      if (
        choices.size > 0 &&
        !isAllFinished() &&
        [...choices.values()].some((choice) => choice.finishReason === null)
      ) {
        throw new GatewayError("target_broke_off", "The target's answer ended before it was whole.");
      }
      isTerminated = true;
      last.push(gate.push(DONE, 1));
      tools.during(terminate());
    },
    end() {
      if (isTerminated) return;
      if (!isAllFinished())
        throw new GatewayError("target_broke_off", "The target's answer ended before it was whole.");
      isTerminated = true;
      tools.during(terminate());
    },
  };
}

function toContentChannel(choice: number): string {
  return `/choices/${choice}/message/content`;
}

/** The place of the legacy `function_call`, beside `tool_calls`. */
const LEGACY = -1;

function toPointer(choice: number, place: number): string {
  const message = `/choices/${choice}/message`;
  return place === LEGACY ? `${message}/function_call` : `${message}/tool_calls/${place}`;
}

function addFragment(choice: Choice, index: number, fragment: CallFragment): void {
  const place = fragment.index ?? LEGACY;
  const known = choice.calls.get(place);
  if (known === undefined) {
    choice.calls.set(place, {
      id: fragment.id ?? toPointer(index, place),
      type: toItemType(fragment.type),
      name: fragment.name ?? "",
      arguments: fragment.arguments,
    });
    return;
  }
  // Of a second name or id some SDKs take the first, some the last, and some join them.
  if (isOther(known.name, fragment.name) || isOther(known.id, fragment.id)) throw unreadable();
  if (fragment.type !== null && toItemType(fragment.type) !== known.type) throw unreadable();
  known.name = fragment.name ?? known.name;
  known.arguments += fragment.arguments;
}

/** Tells whether a member is told again; one that is told empty first and then in full is told once. */
function isOther(known: string, told: string | null): boolean {
  return told !== null && told !== "" && known !== "" && told !== known;
}

/** Gives a call as it stands in a whole message. */
function toMessageCall({ id, type, name, arguments: text }: ToolCall): JsonObject {
  if (type === "custom_tool_call") return { id, type: "custom", custom: { name, input: text } };
  return { id, type: "function", function: { name, arguments: text } };
}

function toItemType(type: string | null): string {
  if (type === null || type === "function" || type === "function_call") return "function_call";
  return type === "custom" ? "custom_tool_call" : type;
}

function unreadable(): GatewayError {
  return new GatewayError("answer_unreadable", "The target's stream tells of a call in more than one way.");
}

/** Gives a chunk as it came; rewritten where the program did not ask for usage and the chunk says that there is none. */
function toBytes(frame: SseFrame, value: JsonObject, hidesUsage: boolean): Buffer {
  const hasUsage = hidesUsage && "usage" in value;
  if (!hasUsage && frame.plain) return frame.bytes;
  return toSseFrame(hasUsage ? withoutUsage(value) : value, false);
}

function withoutUsage(value: JsonObject): JsonObject {
  const { usage: _, ...rest } = value;
  return rest;
}

/** Gives a function that takes denied calls out of chunk after chunk of one stream, and says so in the last of a choice. */
function createRewriter(
  denials: ReadonlyMap<number, Denial>,
  hidesUsage: boolean,
): (value: JsonObject) => Buffer {
  /** By choice: the new place of each call that stays. */
  const kept = new Map<number, Map<number, number>>();
  const spoken = new Map<number, string>();

  function rewriteCalls(index: number, denial: Denial, calls: readonly Json[]): Json[] {
    const places = kept.get(index) ?? new Map<number, number>();
    kept.set(index, places);
    return calls.flatMap((call): Json[] => {
      if (!isObject(call) || typeof call["index"] !== "number" || denial.places.has(call["index"])) return [];
      const old = call["index"];
      const place = places.get(old) ?? places.size;
      places.set(old, place);
      return [{ ...call, index: place }];
    });
  }

  function rewriteChoice(choice: Json): Json[] {
    if (!isObject(choice) || typeof choice["index"] !== "number") return [];
    const index = choice["index"];
    const denial = denials.get(index);
    const delta = choice["delta"];
    if (denial === undefined || !isObject(delta)) return [choice];
    const { tool_calls: calls, function_call: _, ...rest } = delta;
    const stay = isList(calls) ? rewriteCalls(index, denial, calls) : [];
    const content = rest["content"];
    if (typeof content === "string") spoken.set(index, (spoken.get(index) ?? "") + content);
    const isLast = choice["finish_reason"] !== null && choice["finish_reason"] !== undefined;
    const said = isLast ? { content: toRest(spoken.get(index) ?? "", content, denial.text) } : {};
    const next: JsonObject = { ...rest, ...(stay.length > 0 && { tool_calls: stay }), ...said };
    if (!isLast) return Object.keys(next).length === 0 ? [] : [{ ...choice, delta: next }];
    const reason = (kept.get(index)?.size ?? 0) > 0 ? (choice["finish_reason"] ?? null) : "stop";
    return [{ ...choice, delta: next, finish_reason: reason }];
  }

  return (value) => {
    const list = value["choices"];
    const choices = isList(list) ? list.flatMap(rewriteChoice) : [];
    if (choices.length === 0) return NOTHING;
    const chunk = { ...value, choices };
    return toSseFrame(hidesUsage ? withoutUsage(chunk) : chunk, false);
  };
}

/** Gives what the last chunk's content adds: its own, and the denial's text behind what was said before. */
function toRest(before: string, own: Json | undefined, text: string): string {
  const whole = joinContent(before, text);
  const already = before.length - (typeof own === "string" ? own.length : 0);
  return whole.slice(already);
}
