// A realtime target's events outside of any response, in their order: every string is searched and masked, every call has its verdict.
import { toRefusal } from "../apply/refusal.ts";
import type { OpenContext } from "../answer/create-context.ts";
import { createAskedFirst } from "../answer/asked-first.ts";
import { createGate, replaceEntry } from "../answer/gate.ts";
import type { Entry } from "../answer/gate.ts";
import { judgeCall } from "../answer/judge-call.ts";
import { createTextScan } from "../answer/text-scan.ts";
import { GatewayError } from "../errors.ts";
import type { JsonObject, ToolCall } from "../exchange.ts";
import { NO_CONTENT } from "../judge.ts";
import { isBlob, isCipher } from "../parse/fields.ts";
import { readOtherEvent, walkAnswer } from "../parse/other-answer.ts";
import type { OtherText } from "../parse/other-answer.ts";
import { createSink } from "../parse/sink.ts";
import { toMessage } from "./message-framing.ts";
import { createPieceChannels } from "./piece-channels.ts";
import type { PieceEnds } from "./piece-channels.ts";
import type { Verdicts } from "./verdicts.ts";

export type SessionEvents = {
  /** Takes one event; `decided` keeps it, and what is behind it, until it resolves, and drops it where it gives false. */
  take(data: Buffer, value: JsonObject, decided?: Promise<boolean>): void;
  /** The target closed: nothing more comes of any text. */
  end(): void;
};

const NOTHING = Buffer.alloc(0);
/** So long a text in pieces may be silent until what a value could still begin in is told. */
const SILENT_MS = 2_000;

const SOUND = /(?:^|[._])audio\.delta$/;

/** The texts of an event, and those in pieces that end before it, or with it. */
type Texts = PieceEnds & { readonly texts: readonly OtherText[] };

/** Opens the reader. `denied` is told of a call that was denied here, `fail` is given what the socket is closed with. */
export function createSessionEvents(
  context: OpenContext,
  verdicts: Verdicts,
  write: (bytes: Buffer) => void,
  denied: (call: ToolCall, code: string) => void,
  fail: (error: unknown) => void,
): SessionEvents {
  const { scanner, judge, id } = context;
  const gate = createGate(write);
  const { restorer } = context;
  const isSearched = context.masks.applies("answer") || restorer.isActive || judge.speaksIn("finding");
  const scan = createTextScan(isSearched ? scanner : null, gate, context, judgeFindings);
  /** Calls that are being judged: several events may tell one at a time. */
  const asking = new Map<string, Promise<boolean>>();
  const pieces = createPieceChannels();
  const first = createAskedFirst(context.recognition, context.target, fail);
  let silent: NodeJS.Timeout | null = null;
  /** Events that wait for a decision, and those among what waits for the recogniser that will. */
  let undecided = 0;
  let coming = 0;

  /** Says whether a call may be told. What was allowed with other arguments was not allowed with these. */
  async function isOpen(call: ToolCall): Promise<boolean> {
    const { argumentsDigest } = context.toCallRow(call, null);
    const found = await verdicts.find(call.id);
    if (found !== null && (found.isDenied || found.argumentsDigest === argumentsDigest))
      return !found.isDenied;
    // Announced without its arguments it is nothing yet that anybody could run.
    if (found !== null && call.arguments === "") return true;
    const key = `${call.id} ${argumentsDigest}`;
    const asked = asking.get(key) ?? ask(call, argumentsDigest).finally(() => asking.delete(key));
    asking.set(key, asked);
    return asked;
  }

  async function ask(call: ToolCall, argumentsDigest: string | null): Promise<boolean> {
    const { denial } = await judgeCall(context, call);
    verdicts.settle(call.id, { isDenied: denial !== null, argumentsDigest });
    if (denial !== null) denied(call, denial.code);
    return denial === null;
  }

  function judgeFindings(): void {
    if (!judge.speaksIn("finding")) return;
    const { patterns, findings } = scan.tally;
    const verdict = context.ask("finding", { patterns, findings }, NO_CONTENT);
    const refusal = toRefusal(verdict.decision, judge.rules, id);
    if (refusal === null) return;
    context.decided(verdict, "deny", []).then(() => fail(refusal), fail);
    throw refusal;
  }

  /** Searches the texts of an event; pieces of one come on one channel, and are searched as one. */
  function search({ texts, before, after }: Texts, entry: Entry): void {
    before.forEach(finish);
    for (const { channel, text, continues, pointer, apart } of texts) {
      if (apart !== undefined) scan.apart(apart, "message", text, entry, pointer ?? "");
      else if (continues) scan.push(channel, "message", text, entry, pointer);
      else {
        scan.whole(channel, "message", text, entry, pointer);
        scan.forget(channel);
      }
    }
    after.forEach(finish);
  }

  /** Has the recogniser asked about what `search` searches, in the same order. */
  function askAhead({ texts, before, after }: Texts): void {
    for (const channel of before) first.finish(channel);
    for (const { channel, text, continues, apart } of texts) {
      if (continues && apart === undefined) first.piece(channel, text);
      else first.whole(channel, text);
    }
    for (const channel of after) first.finish(channel);
  }

  function finish(channel: string): void {
    scan.finish(channel);
    scan.forget(channel);
  }

  /** Nobody says when somebody stops to speak: only a further piece of a text gives it more time. */
  function watch(isSpoken: boolean): void {
    const isWaiting = gate.isWaiting();
    if (silent !== null && (isSpoken || !isWaiting)) {
      clearTimeout(silent);
      silent = null;
    }
    if (isWaiting) silent ??= setTimeout(letGo, SILENT_MS).unref();
  }

  function attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  }

  function letGo(): void {
    silent = null;
    attempt(() => {
      first.cut();
      first.run(() => {
        scan.letGo();
        gate.flush();
      });
    });
  }

  /** Takes an event of which `seen` is read: all of it, or what stands beside its sound. */
  function takeEvent(
    data: Buffer,
    value: JsonObject,
    seen: JsonObject,
    decided: readonly Promise<boolean>[],
  ): void {
    const sink = createSink();
    const calls: ToolCall[] = [];
    walkAnswer(sink, calls, seen, "");
    const isToDecide = calls.length + decided.length > 0;
    // Sound waits for what is undecided, and for no text: whoever listens would hear it stumble.
    const isSound = seen !== value && !isToDecide && sink.segments.length === 0;
    if (isSound && undecided + coming === 0) return write(toMessage(data));
    const read = readOtherEvent(null, value, sink.segments);
    const texts = { texts: read, ...pieces.take(read, value) };
    askAhead(texts);
    // They are awaited in their turn.
    for (const one of decided) one.catch(() => undefined);
    if (isToDecide) coming += 1;
    first.run(() => {
      if (isToDecide) coming -= 1;
      put(data, value, texts, [...calls.map(isOpen), ...decided]);
    });
  }

  function put(data: Buffer, value: JsonObject, texts: Texts, conditions: readonly Promise<boolean>[]): void {
    const entry = gate.push(toMessage(data), conditions.length > 0 ? 1 : 0, {
      value,
      write: (masked) => toMessage(Buffer.from(JSON.stringify(masked))),
    });
    search(texts, entry);
    if (conditions.length > 0) {
      undecided += 1;
      Promise.all(conditions)
        .then((answers) => {
          undecided -= 1;
          if (answers.includes(false)) replaceEntry(entry, NOTHING);
          gate.release(entry);
          gate.flush();
        })
        .catch(fail);
    }
    if (gate.held > context.limits.answerBytes)
      throw new GatewayError("answer_unreadable", "More events would have to be held than the limit allows.");
    gate.flush();
    watch(texts.texts.some(({ continues }) => continues));
  }

  return {
    take(data, value, decided) {
      const { type, delta } = { type: value["type"], delta: value["delta"] };
      const isSound = typeof type === "string" && SOUND.test(type) && typeof delta === "string";
      const { delta: _, ...rest } = value;
      const read = isSound && isCipher(delta) ? rest : value;
      // Sound comes in long pieces; a short one may be anything.
      if (read === rest && isSound && !isBlob(delta))
        scan.apart({ of: "token" }, "other", delta, { changes: [] }, "");
      takeEvent(data, value, read, decided === undefined ? [] : [decided]);
    },
    end() {
      attempt(() => {
        first.cut();
        first.run(() => {
          scan.end();
          gate.flush();
        });
      });
    },
  };
}
