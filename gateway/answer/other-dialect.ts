// A stream of any other operation: every string of every event is scanned, calls are judged, the last event waits.
import { GatewayError } from "../errors.ts";
import type { Json, ToolCall, Usage } from "../exchange.ts";
import { findMade, readOtherEvent, walkAnswer } from "../parse/other-answer.ts";
import { toText } from "../parse/calls.ts";
import { isObject } from "../parse/pointer.ts";
import { createSink } from "../parse/sink.ts";
import type { SseFrame } from "../parse/sse.ts";
import { readUsage } from "../parse/usage.ts";
import { estimateUsage } from "./context.ts";
import type { Entry } from "./gate.ts";
import { judgeCall, MAX_CALLS } from "./judge-call.ts";
import type { Dialect, StreamTools } from "./stream.ts";
import { toTargetError } from "./target-error.ts";

/** Events after which a program takes its answer for whole. */
const LAST =
  /^(?:image_generation|image_edit)\.completed$|^transcript\.text\.done$|^speech\.audio\.done$|^thread\.run\.(?:completed|failed|cancelled|expired|incomplete|requires_action)$|^done$/;

/** Opens the dialect for one stream. */
export function createOtherDialect(tools: StreamTools): Dialect {
  const { context, gate, scan } = tools;
  const { framing } = context.sink;
  const { spec } = context.request.route;
  /** Events that end the answer: they wait for the end to be durable. */
  const last: Entry[] = [];
  const pending: Promise<unknown>[] = [];
  const owned = new Set<string>();
  let calls = 0;
  let model: string | null = null;
  let id: string | null = null;
  let usage: Usage | null = null;
  let isDone = false;
  let isOver = false;

  async function vet(entry: Entry, call: ToolCall): Promise<void> {
    const { denial } = await judgeCall(context, call);
    // These streams have no place for a text of ours: the answer ends with the rule's error.
    if (denial !== null) throw new GatewayError("policy_denied", denial.text, { publicCode: denial.code });
    gate.release(entry);
  }

  function waitFor(work: Promise<void>): void {
    pending.push(work);
    tools.during(work);
  }

  function finish(): void {
    if (isOver) return;
    isOver = true;
    tools.during(
      (async () => {
        await Promise.all(pending);
        scan.end();
        for (const entry of last) gate.release(entry);
        await tools.finish(
          {
            model,
            usage: usage ?? (spec.namesModel ? estimateUsage(context.request.facts.chars, scan.chars) : null),
            responseId: id,
            outcome: "completed",
          },
          { body: () => null, texts: scan.segments, bytes: scan.chars },
        );
      })(),
    );
  }

  return {
    isChat: false,
    sequenceNumber: () => 0,
    model: () => model,
    responseId: () => id,
    shown: () => ({ said: [], objects: [] }),
    event(frame: SseFrame, value: Json) {
      if (isOver) return;
      if (!isObject(value))
        throw new GatewayError("answer_unreadable", "An event of the target's stream is no object.");
      const { error } = value;
      if (frame.event === "error" || value["type"] === "error" || isObject(error))
        throw toTargetError(isObject(error) ? error : value, tools);
      const sink = createSink();
      const found: ToolCall[] = [];
      walkAnswer(sink, found, value, "");
      model = toText(value["model"]) ?? model;
      id ??= toText(value["id"]);
      usage = readUsage(value["usage"]) ?? usage;
      const made = findMade(spec.operation, value).filter((object) => !owned.has(object.id));
      const owning = made.length > 0 ? context.own(made) : null;
      for (const object of made) owned.add(object.id);
      const name = typeof value["type"] === "string" ? value["type"] : frame.event;
      const isLast = name !== null && LAST.test(name);
      calls += found.length;
      if (calls > MAX_CALLS)
        throw new GatewayError("answer_unreadable", "The answer holds more tool calls than can be judged.");
      const waits = found.length + (isLast ? 1 : 0) + (owning === null ? 0 : 1);
      const entry = gate.push(framing.pass(frame), waits, {
        value,
        write: (masked) => framing.rewrite(frame, masked),
      });
      if (owning !== null) waitFor(owning.then(() => gate.release(entry)));
      if (isLast) last.push(entry);
      const texts = readOtherEvent(frame.event, value, sink.segments);
      for (const { channel, text, continues, pointer, apart } of texts) {
        if (apart !== undefined) scan.apart(apart, "message", text, entry, pointer ?? "");
        else if (continues) scan.push(channel, "message", text, entry, pointer);
        else scan.whole(channel, "message", text, entry, pointer);
      }
      for (const call of found) waitFor(vet(entry, call));
    },
    done(frame) {
      isDone = true;
      last.push(gate.push(framing.pass(frame), 1));
      finish();
    },
    end() {
      if (spec.operation === "completions.create" && !isDone)
        throw new GatewayError("target_broke_off", "The target's answer ended before it was whole.");
      finish();
    },
  };
}
