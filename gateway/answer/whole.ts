// Reads an answer that is not a stream: whole, judged once, and sent as it came or with the denied calls replaced.
import { isUtf8 } from "node:buffer";
import { GatewayError, toGatewayError } from "../errors.ts";
import type { Json, Usage } from "../exchange.ts";
import { parseAnswer } from "../parse/answer.ts";
import type { ParsedAnswer } from "../parse/answer.ts";
import { parseAnswerJson } from "../parse/answer-json.ts";
import { readAnswerSaid } from "../parse/said.ts";
import { isApart } from "../parse/apart.ts";
import { STEP } from "../parse/steps.ts";
import { estimateUsage } from "./context.ts";
import type { AnswerContext, AnswerReader, End } from "./context.ts";
import { judgeAnswer, replaceDenied } from "./judge-answer.ts";
import { askAhead, findAll, maskAnswer } from "./mask-answer.ts";
import { dropOwnOutputs } from "./replace.ts";
import { refuse } from "./refuse.ts";
import { toStatusError } from "./target-error.ts";

function toBody(bytes: Buffer): Json {
  if (!isUtf8(bytes)) throw new GatewayError("answer_unreadable", "The target's answer is not valid UTF-8.");
  return parseAnswerJson(bytes.toString("utf8"), "The target's answer");
}

/** States of a response that runs no further. */
const ENDED: ReadonlySet<string | null> = new Set(["cancelled", "completed", "failed", "incomplete"]);

/** Operations that give what a conversation holds, item by item. */
const LISTS_ITEMS: ReadonlySet<string> = new Set(["conversations.items.list", "responses.input_items"]);

/** Opens the reader of an answer whose head has arrived and has not been sent. */
export function createWholeReader(
  context: AnswerContext,
  status: number,
  headers: Readonly<Record<string, string>>,
): AnswerReader {
  const { sink, id, request } = context;
  const { spec } = request.route;
  const chunks: Buffer[] = [];
  let size = 0;
  let over = false;

  function closeWith(error: GatewayError): Promise<void> {
    const outcome = error.code === "policy_denied" ? "refused" : "failed";
    const end: End = {
      outcome,
      httpStatus: error.status,
      errorCode: error.recordedCode,
      model: null,
      usage: null,
      responseId: null,
    };
    return context.close(end);
  }

  function fail(thrown: unknown): void {
    if (over) return;
    over = true;
    const error = toGatewayError(thrown);
    context.target.abort();
    context.report(error);
    // A stream that waited for people has its head already.
    const begun = sink.begun ? { sequenceNumber: 0, isChat: spec.dialect === "chat" } : null;
    const say = (): void => refuse(sink, error, id, begun);
    closeWith(error).then(say, say);
  }

  /** Estimates what a finished answer took where the target does not say; one that still runs tells it later. */
  function estimateWhole({ segments, status: state }: ParsedAnswer): Usage | null {
    const isMade = spec.namesModel && !spec.isGrant && size > 0 && status === 200;
    if (!isMade || state === "queued" || state === "in_progress") return null;
    return estimateUsage(
      request.facts.chars,
      segments.reduce((sum, { text, part }) => sum + (isApart(part) ? 0 : text.length), 0),
    );
  }

  function read(bytes: Buffer): Json {
    try {
      return toBody(bytes);
    } catch (cause) {
      // The API's errors are JSON; what stands in front of it may say otherwise, whatever it calls that.
      throw status < 400 ? cause : toStatusError(status, headers, cause);
    }
  }

  /** Lets others go first behind a step over a long answer. */
  function pause(): Promise<void> | null {
    return size > STEP ? new Promise(setImmediate) : null;
  }

  async function finish(): Promise<void> {
    const [only] = chunks;
    const bytes = only?.length === size ? only : Buffer.concat(chunks, size);
    await pause();
    const body = size === 0 ? null : read(bytes);
    await pause();
    const answer = parseAnswer(spec, body);
    await pause();
    // An answer that is refused, or whose caller leaves, has cost what it says.
    context.describe(() => ({ model: answer.model, responseId: answer.id, usage: answer.usage }));
    await askAhead(context, answer.segments);
    const found = await findAll(context, answer.segments);
    const whole = { spec, body, answer, found, status, bytes: size };
    const denied = await judgeAnswer(context, whole);
    let sent = bytes;
    let out = body;
    if (denied.length > 0) {
      const replaced = replaceDenied(whole, denied);
      out = replaced.body;
      sent = Buffer.from(JSON.stringify(out));
      await context.replaced(replaced.calls);
    }
    if (LISTS_ITEMS.has(request.route.operation)) {
      const left = dropOwnOutputs(out);
      if (left !== out) sent = Buffer.from(JSON.stringify(left));
      out = left;
    }
    await pause();
    const masked = maskAnswer(context, found, out, answer.segments);
    await pause();
    if (masked.body !== out) sent = Buffer.from(JSON.stringify(masked.body));
    void context.own(answer.objectIds);
    context.said(readAnswerSaid(masked.body));
    if (context.keepsTexts) await context.keepTexts(masked.segments);
    await context.close({
      outcome: "completed",
      httpStatus: status,
      errorCode: null,
      model: answer.model,
      usage: answer.usage ?? estimateWhole(answer),
      responseId: answer.id,
      isEnded: ENDED.has(answer.status),
    });
    if (over) return;
    over = true;
    sink.head(status, { ...headers, ...context.effects(), "content-length": String(sent.length) });
    context.sent(sent.length);
    sink.end(sent);
  }

  return {
    push(chunk) {
      if (over) return;
      size += chunk.length;
      chunks.push(chunk);
      if (size > context.limits.answerBytes)
        fail(new GatewayError("answer_unreadable", "The target's answer is over the limit."));
    },
    end() {
      if (!over) finish().catch(fail);
    },
    fail,
  };
}
