// Reads an answer that is not a stream: whole, judged once, and sent as it came or with the denied calls replaced.
import { isUtf8 } from "node:buffer";
import { replaceInMessage } from "../apply/chat-denial.ts";
import { toCallDenial, toRefusal } from "../apply/refusal.ts";
import type { CallDenial } from "../apply/refusal.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import type { Decision, Finding, Json, JsonObject, Segment, ToolCall, Usage } from "../exchange.ts";
import { maskText } from "../mask/mask-text.ts";
import { writeChanges, type Change } from "../mask/write-changes.ts";
import { parseAnswer } from "../parse/answer.ts";
import type { ParsedAnswer } from "../parse/answer.ts";
import { parseAnswerJson } from "../parse/answer-json.ts";
import { readAnswerSaid } from "../parse/said.ts";
import { getAt, isObject, setAt } from "../parse/pointer.ts";
import { isPartOfJson } from "../segment.ts";
import { estimateUsage } from "./context.ts";
import type { AnswerContext, AnswerReader, End } from "./context.ts";
import { MAX_CALLS, requireWellFormed } from "./judge-call.ts";
import { dropOwnOutputs, replaceInResponse } from "./replace.ts";
import { refuse } from "./refuse.ts";
import { createTally } from "./tally.ts";

function toBody(bytes: Buffer): Json {
  if (!isUtf8(bytes)) throw new GatewayError("answer_unreadable", "The target's answer is not valid UTF-8.");
  return parseAnswerJson(bytes.toString("utf8"), "The target's answer");
}

/** Operations that give what a conversation holds, item by item. */
const LISTS_ITEMS: ReadonlySet<string> = new Set(["conversations.items.list", "responses.input_items"]);

/** What stands in one text of the answer. */
type Found = { readonly segment: Segment; readonly findings: readonly Finding[] };

type Denied = CallDenial & { readonly call: ToolCall };

/** Gives the completion with the denied calls taken out of their messages, wherever these stand. */
function replaceInCompletion(body: JsonObject, denied: readonly Denied[]): Json {
  const byMessage = new Map<string, { places: Set<number>; texts: Set<string> }>();
  for (const { call, text } of denied) {
    const [, message, place] = /^(.*)\/(?:tool_calls\/(\d+)|function_call)$/.exec(call.pointer) ?? [];
    if (message === undefined) throw unreplaceable();
    const found = byMessage.get(message) ?? { places: new Set(), texts: new Set() };
    if (place !== undefined) found.places.add(Number(place));
    found.texts.add(text);
    byMessage.set(message, found);
  }
  let replaced: Json = body;
  for (const [pointer, { places, texts }] of byMessage) {
    const message = getAt(body, pointer);
    if (!isObject(message)) throw unreplaceable();
    const next = replaceInMessage(message, { places, text: [...texts].join("\n") });
    replaced = setAt(replaced, pointer, next) ?? null;
    const reason = pointer.replace(/\/message$/, "/finish_reason");
    const hasReason = reason !== pointer && typeof getAt(body, reason) === "string";
    if (hasReason && !("tool_calls" in next)) replaced = setAt(replaced, reason, "stop") ?? null;
  }
  return replaced;
}

function unreplaceable(): GatewayError {
  return new GatewayError("answer_unreadable", "A denied call cannot be taken out of the answer.");
}

/** Opens the reader of an answer whose head has arrived and has not been sent. */
export function createWholeReader(
  context: AnswerContext,
  status: number,
  headers: Readonly<Record<string, string>>,
): AnswerReader {
  const { sink, judge, id, request } = context;
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
    const say = (): void => refuse(sink, error, id, null);
    closeWith(error).then(say, say);
  }

  async function judgeWhole(
    body: Json,
    answer: ParsedAnswer,
    found: readonly Found[],
  ): Promise<readonly Denied[]> {
    const { calls, usage, model } = answer;
    if (!judge.speaksIn("whole")) {
      if (calls.length > 0)
        await context.decided(
          null,
          "allow",
          calls.map((call) => context.toCallRow(call, null)),
        );
      return [];
    }
    if (calls.length > MAX_CALLS) {
      throw new GatewayError("answer_unreadable", "The answer holds more tool calls than can be judged.");
    }
    for (const call of calls) requireWellFormed(call);
    const tally = createTally();
    for (const { findings: each } of found) tally.add(each);
    const facts = calls.map((call) => context.readCall(call));
    const { patterns, findings } = tally;
    const verdict = context.ask(
      "whole",
      {
        patterns,
        findings,
        answer: { status, stream: false, model },
        calls: facts,
        ...(usage !== null && { usage }),
      },
      { body: () => body, texts: () => answer.segments, bytes: size },
    );
    const refusal = toRefusal(verdict.decision, judge.rules, id);
    const denied = calls.flatMap((call, index): Denied[] => {
      const asked = { id: facts[index]?.id ?? call.id, name: call.name };
      const denial = toCallDenial(verdict.decision, asked, judge.rules, id);
      return denial === null ? [] : [{ call, ...denial }];
    });
    const codes = new Map(denied.map(({ call, code }) => [call, code]));
    const rows = calls.map((call) => context.toCallRow(call, refusal?.publicCode ?? codes.get(call) ?? null));
    const isDenied = refusal !== null || denied.length > 0;
    // What was decided about nothing leaves no row: the request's own decision and the end tell it all.
    if (isDenied || rows.length > 0 || hasEffect(verdict.decision)) {
      await context.decided(verdict, isDenied ? "deny" : "allow", rows);
    }
    if (refusal !== null) throw refusal;
    const [first] = denied;
    // Only a conversation has a place for a text of ours.
    if (first !== undefined && request.route.spec.dialect === "other")
      throw new GatewayError("policy_denied", first.text, { publicCode: first.code });
    return denied;
  }

  function findAll({ segments }: ParsedAnswer): Found[] {
    return segments.flatMap((segment) => {
      const findings = context.scanner.scan(segment.text, segment.kind, "answer", isPartOfJson(segment.part));
      return findings.length === 0 ? [] : [{ segment, findings }];
    });
  }

  /** Gives what is masked of the body that goes out. Throws where a value stands where it cannot be. */
  function toChanges(found: readonly Found[], body: Json): Change[] {
    return found.flatMap(({ segment: { pointer, text, kind, part }, findings }): Change[] => {
      const masked = isPartOfJson(part) ? null : maskText(context.editor, text, findings, kind);
      if (masked === null) return [];
      // What a denied call said is gone.
      if (part === undefined && getAt(body, pointer) !== text) return [];
      return [
        {
          pointer: part === undefined ? pointer : `${pointer}/\0`,
          from: text,
          to: masked.text,
          edits: masked.edits,
        },
      ];
    });
  }

  /** Estimates what a finished answer took where the target does not say; one that still runs tells it later. */
  function estimateWhole({ segments, status: state }: ParsedAnswer): Usage | null {
    const { namesModel, isGrant } = request.route.spec;
    const isMade = namesModel && !isGrant && size > 0 && status === 200;
    if (!isMade || state === "queued" || state === "in_progress") return null;
    return estimateUsage(
      request.facts.chars,
      segments.reduce((sum, { text }) => sum + text.length, 0),
    );
  }

  async function finish(): Promise<void> {
    const [only] = chunks;
    const bytes = only?.length === size ? only : Buffer.concat(chunks, size);
    const isEmpty = size === 0;
    const body = isEmpty ? null : toBody(bytes);
    const answer = parseAnswer(request.route.spec, body);
    // An answer that is refused, or whose caller leaves, has cost what it says.
    context.describe(() => ({ model: answer.model, responseId: answer.id, usage: answer.usage }));
    const isScanned = judge.speaksIn("whole") || context.masks.applies("answer");
    const found = isScanned ? findAll(answer) : [];
    const denied = await judgeWhole(body, answer, found);
    let sent = bytes;
    let out = body;
    if (denied.length > 0 && isObject(body)) {
      const replaced =
        request.route.spec.dialect === "chat"
          ? { body: replaceInCompletion(body, denied), calls: [] }
          : replaceInResponse(body, answer, denied);
      // What goes out is read once more: a denied call that still stands in it stops it.
      const left = parseAnswer(request.route.spec, replaced.body).calls.length;
      if (left !== answer.calls.length - denied.length) throw unreplaceable();
      out = replaced.body;
      sent = Buffer.from(JSON.stringify(out));
      await context.replaced(replaced.calls);
    } else if (denied.length > 0) {
      throw unreplaceable();
    }
    if (LISTS_ITEMS.has(request.route.operation)) {
      const left = dropOwnOutputs(out);
      if (left !== out) sent = Buffer.from(JSON.stringify(left));
      out = left;
    }
    const changes = toChanges(found, out);
    if (changes.length > 0) {
      out = writeChanges(out, changes);
      sent = Buffer.from(JSON.stringify(out));
    }
    void context.own(answer.objectIds);
    context.said(readAnswerSaid(out));
    if (context.keepsTexts) await context.keepTexts(toMasked(answer.segments, changes));
    await context.close({
      outcome: "completed",
      httpStatus: status,
      errorCode: null,
      model: answer.model,
      usage: answer.usage ?? estimateWhole(answer),
      responseId: answer.id,
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

function toMasked(segments: readonly Segment[], changes: readonly Change[]): Segment[] {
  return segments.map((segment) => {
    const change = changes.find(({ pointer, from }) => pointer === segment.pointer && from === segment.text);
    return change === undefined ? segment : { ...segment, text: change.to };
  });
}

function hasEffect(decision: Decision): boolean {
  return decision.observe.length > 0 || decision.record.length > 0 || decision.label.length > 0;
}
