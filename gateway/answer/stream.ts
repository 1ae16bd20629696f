// Reads a stream of server-sent events, puts each before its dialect, and sends what the gate lets through.
import { toRefusal } from "../apply/refusal.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import type { Json, JsonObject } from "../exchange.ts";
import { toTextContent } from "../judge.ts";
import type { Content } from "../judge.ts";
import { createEventParser } from "../parse/event-json.ts";
import { createSseParser } from "../parse/sse.ts";
import type { SseFrame } from "../parse/sse.ts";
import { askFirst } from "./asked-events.ts";
import { estimateUsage } from "./context.ts";
import type { AnswerContext, AnswerReader, End, Shown } from "./context.ts";
import { createGate } from "./gate.ts";
import type { Gate } from "./gate.ts";
import { refuse } from "./refuse.ts";
import { createTextScan } from "./text-scan.ts";
import type { TextScan } from "./text-scan.ts";

/** One API's way to stream. */
export type Dialect = {
  readonly isChat: boolean;
  /** The last sequence number that was seen. */
  sequenceNumber(): number;
  model(): string | null;
  responseId(): string | null;
  /** What the program has of the answer, should it end now. */
  shown(): Shown;
  /** Takes one event; pushes what goes on to the gate. `like`: an event that was taken, of which only the text differs. */
  event(frame: SseFrame, value: Json, like: JsonObject | null): void;
  /** The target sent `[DONE]`. */
  done(frame: SseFrame): void;
  /** The target ended; throws `target_broke_off` where no terminal event had come. */
  end(): void;
};

/** What a dialect works with. */
export type StreamTools = {
  readonly context: AnswerContext;
  readonly gate: Gate;
  readonly scan: TextScan;
  /** Writes what no longer waits. */
  flush(): void;
  /** Runs work that takes time; its failure is the stream's. */
  during(work: Promise<void>): void;
  /** Asks at the end, makes the end durable, lets all through and ends the answer. */
  finish(end: Omit<End, "httpStatus" | "errorCode">, content: Content): Promise<void>;
};

/** Reads the events of one answer, whatever they come in. */
export type EventReader = {
  /** Takes one event, and nothing of it once the answer is over. Throws what `fail` is to be given. */
  take(frame: SseFrame, value?: Json): void;
  /** Sends what may go. Throws where more would have to wait than the limit allows. */
  flush(): void;
  /** The target ended. Throws where its answer was not whole. */
  end(): void;
  /** Ends the answer with an error. */
  fail(thrown: unknown): void;
  isOver(): boolean;
};

/** Opens the reader of a stream of server-sent events whose head has been sent. */
export function createStreamReader(
  context: AnswerContext,
  createDialect: (tools: StreamTools) => Dialect,
): AnswerReader {
  const parser = createSseParser({ eventBytes: context.limits.eventBytes });
  const events = createEventReader(context, createDialect);

  function attempt(work: () => void): void {
    if (events.isOver()) return;
    try {
      work();
    } catch (error) {
      events.fail(error);
    }
  }

  return {
    push: (chunk) =>
      attempt(() => {
        for (const frame of parser.push(chunk)) events.take(frame);
        events.flush();
      }),
    end: () =>
      attempt(() => {
        const last = parser.end();
        if (last !== null) events.take(last);
        events.end();
      }),
    fail: (error) => events.fail(error),
  };
}

/** Opens the reader of the events of one answer whose head has been sent; `dialect` names what `createDialect` makes. */
export function createEventReader(
  context: AnswerContext,
  createDialect: (tools: StreamTools) => Dialect,
  dialect = context.request.route.spec.dialect,
): EventReader {
  return askFirst(context, dialect, openEvents(context, createDialect));
}

function openEvents(context: AnswerContext, createDialect: (tools: StreamTools) => Dialect): EventReader {
  const { sink, judge, target } = context;
  const parser = createEventParser();
  let over = false;

  function write(bytes: Buffer): void {
    context.sent(bytes.length);
    if (!sink.write(bytes, () => target.resume())) target.pause();
  }

  const gate = createGate(write);
  const isMasked = context.masks.applies("answer");
  const isScanned =
    isMasked ||
    context.restorer.isActive ||
    judge.speaksIn("finding") ||
    judge.speaksIn("end") ||
    context.keepsTexts;
  const scan = createTextScan(isScanned ? context.scanner : null, gate, context, judgeFindings);

  /** The head told what was masked of the request alone. */
  const toldEffects = context.effects()["x-tollgate-effects"];

  function tellEffects(): void {
    const effects = context.effects()["x-tollgate-effects"];
    if (effects !== undefined && effects !== toldEffects)
      write(sink.framing.remark(`x-tollgate-effects: ${effects}`));
  }

  function fail(thrown: unknown): void {
    if (over) return;
    over = true;
    const error = toGatewayError(thrown);
    gate.drop();
    target.abort();
    context.report(error);
    const isDenied = error.code === "policy_denied";
    const say = (): void =>
      refuse(sink, error, context.id, { sequenceNumber: dialect.sequenceNumber(), isChat: dialect.isChat });
    const end: End = {
      outcome: isDenied ? "refused" : "failed",
      httpStatus: 200,
      errorCode: error.recordedCode,
      model: null,
      usage: null,
      responseId: null,
    };
    // The error is told whether or not the end could be written: nothing is released by it.
    context.close(end).then(say, say);
  }

  function judgeFindings(): void {
    if (!judge.speaksIn("finding")) return;
    const { patterns, findings } = scan.tally;
    const verdict = context.ask("finding", { patterns, findings }, toTextContent(scan.segments, scan.chars));
    const refusal = toRefusal(verdict.decision, judge.rules, context.id);
    if (refusal === null) return;
    context.decided(verdict, "deny", []).then(() => fail(refusal), fail);
    throw refusal;
  }

  const tools: StreamTools = {
    context,
    gate,
    scan,
    flush: () => gate.flush(),
    during(work) {
      work
        .then(() => {
          if (!over) gate.flush();
        })
        .catch(fail);
    },
    async finish(end, content) {
      // Nothing may end as whole while something of it is undecided.
      if (gate.isWaiting())
        throw new GatewayError("internal_error", "A part of the answer was never decided.");
      if (judge.speaksIn("end")) {
        const { patterns, findings } = scan.tally;
        const usage = end.usage === null ? {} : { usage: end.usage };
        const answer = { status: 200, stream: true, model: end.model };
        const verdict = context.ask("end", { patterns, findings, answer, ...usage }, content);
        const refusal = toRefusal(verdict.decision, judge.rules, context.id);
        if (refusal !== null) {
          await context.decided(verdict, "deny", []);
          throw refusal;
        }
      }
      if (context.keepsTexts) await context.keepTexts(content.texts());
      await context.close({ ...end, httpStatus: 200, errorCode: null });
      if (over) return;
      tellEffects();
      gate.flush();
      over = true;
      sink.end();
      // What the target may still send after its terminal event has no reader.
      target.abort();
    },
  };
  const dialect = createDialect(tools);
  context.describe(() => ({
    model: dialect.model(),
    responseId: dialect.responseId(),
    usage: estimateUsage(context.request.facts.chars, scan.chars),
    shown: dialect.shown(),
  }));

  return {
    isOver: () => over,
    take(frame, value) {
      if (over) return;
      if (frame.data === null || frame.data === "") {
        gate.push(sink.framing.comment);
      } else if (frame.data === "[DONE]") {
        dialect.done(frame);
      } else if (value !== undefined) {
        dialect.event(frame, value, null);
      } else {
        dialect.event(frame, parser.parse(frame.data), parser.like);
      }
    },
    flush() {
      if (over) return;
      if (gate.held > context.limits.answerBytes) {
        throw new GatewayError(
          "answer_unreadable",
          "More of the answer would have to be held than the limit allows.",
        );
      }
      gate.flush();
    },
    end: () => dialect.end(),
    fail,
  };
}
