// Binds what an answer's readers may do to one exchange: decisions get their numbers, the end is written once.
import { toLeft } from "../ownership/earlier.ts";
import { GatewayError, toGatewayError } from "../errors.ts";
import { SEGMENT_KINDS } from "../exchange.ts";
import type { CallFacts, Caller, Decision, Earlier, ParameterChange, ToolCall } from "../exchange.ts";
import type { Events } from "../events.ts";
import type { RequestScanner } from "../findings.ts";
import { isUnreached, type TargetCall } from "../forward/target.ts";
import type { Judge } from "../judge.ts";
import { toPlace } from "../mask/account.ts";
import { createEditor } from "../mask/edits.ts";
import { withFieldStreams } from "../mask/field-scan.ts";
import { toEffectsHeader } from "../mask/mask-tally.ts";
import type { MaskTally } from "../mask/mask-tally.ts";
import type { Names } from "../mask/names.ts";
import type { Masks } from "../mask/masks.ts";
import type { Placeholders } from "../mask/placeholders.ts";
import { createRestorer, restoreText } from "../mask/restore.ts";
import type { AnswerObject } from "../parse/answer.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import type { Said } from "../parse/said.ts";
import type { TurnEnd } from "../record/earlier.ts";
import { NO_RECOGNITION } from "../recognise/recognition.ts";
import type { Recognition } from "../recognise/recognition.ts";
import { withRecognised } from "../recognised.ts";
import type { Recorder } from "../record/recorder.ts";
import {
  toRecordedCall,
  toRecordedDecision,
  toRecordedFacts,
  toRecordedLeft,
  toToldDecision,
} from "../record-names.ts";
import type { Reservation } from "../quotas/quotas.ts";
import type { CallRow, OwnerContext, Session } from "../record/rows.ts";
import { continueSession, toMarks } from "../ownership/said.ts";
import { boundUsage } from "./context.ts";
import type { AnswerContext, End, SoFar, TextScanner } from "./context.ts";
import { toSignal } from "./sink.ts";
import type { Sink } from "./sink.ts";

export type ContextDeps = {
  readonly id: string;
  readonly request: ParsedRequest;
  readonly judge: Judge;
  readonly scanner: RequestScanner & TextScanner;
  readonly recognition: Recognition;
  readonly sink: Sink;
  readonly readCall: (call: ToolCall) => CallFacts;
  readonly caller: Caller;
  /** What the request continues. */
  readonly earlier: Earlier | null;
  /** Count of hits in the request, by class. */
  readonly findings: Readonly<Record<string, number>>;
  /** Who gets what the answer names; null: nobody. */
  readonly finder: OwnerContext["caller"] | null;
  readonly connection: string;
  readonly session: Session;
  readonly events: Events;
  readonly recorder: Recorder;
  /** Tells whether an object belongs to another; what `recorder` has just written is known without a question. */
  readonly isAnothers: (object: AnswerObject, finder: OwnerContext["caller"]) => Promise<boolean>;
  /** Completes what is held of a response, now that its end is seen. */
  readonly finishTurn: (responseId: string, end: TurnEnd) => Promise<void>;
  readonly digest: (text: string) => string;
  readonly limits: AnswerContext["limits"];
  readonly requestBytes: number;
  readonly timings: Record<string, number>;
  /** Taints that the request's rules left. */
  readonly labels: readonly string[];
  /** What the request's rules mask; those of later phases are added. */
  readonly masks: Masks;
  /** Masks names for what is recorded and told. */
  readonly names: Names;
  /** The key of the tenant's tokens. */
  readonly maskKey: Buffer;
  /** The session's placeholders. */
  readonly placeholders: Placeholders;
  /** What was masked so far. */
  readonly masked: MaskTally;
  /** What was changed of the request's parameters. */
  readonly changes: readonly ParameterChange[];
  /** Whether the request's rules asked for texts. */
  readonly keepsTexts: boolean;
  /** Notes that the target has taken what the request made good, with its answer's id; null where there is nothing to note. */
  readonly settle: ((answerId: string | null) => Promise<void>) | null;
  /** What it has reserved of its limits; null: none is for it. */
  readonly reservation: Pick<Reservation, "headers" | "end"> | null;
  readonly onClosed: (end: End) => void;
  /** Told what became of calls once that is durable. */
  readonly onCalls: ((calls: readonly CallRow[]) => void) | null;
};

export type OpenContext = AnswerContext & {
  /** Hands over the target's call once it is under way. */
  attach(call: TargetCall): void;
  /** The caller left: the end is written as it is. */
  leave(): void;
};

/** Objects of one answer that are known to be written, so that they are not written twice. */
const MOST_OWNED = 1_000;

/** Kinds that answers cite; the others are made by the answer itself. */
const CITED: ReadonlySet<string> = new Set([
  "container",
  "conversation",
  "file",
  "fine_tuned_model",
  "other",
]);

function toKey({ kind, id }: AnswerObject): string {
  return `${kind}\0${id}`;
}

function isSuccess(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** Gives the taints that a decision leaves. */
export function toLabels(decision: Decision): string[] {
  return decision.label.flatMap((effect) => effect.label ?? []);
}

/** Gives the classes of which what was masked is kept. */
export function toKept(decision: Decision): string[] {
  return decision.record.flatMap((effect) => effect.originals ?? []);
}

/** Tells whether what a recogniser finds is masked, or only to be found, in any text of an answer. */
function isRecognised(masks: Masks, { classes }: Recognition): boolean {
  return [...classes].some((one) => SEGMENT_KINDS.some((kind) => masks.look(one, kind, "answer") !== null));
}

/** Tells whether a rule asks for the texts. */
export function asksForTexts(decision: Decision): boolean {
  return decision.record.some((effect) => effect.texts === "original");
}

/** Opens the context of one exchange. */
export function createAnswerContext(deps: ContextDeps): OpenContext {
  const { id, judge, events, recorder, caller, session, names } = deps;
  const began = performance.now();
  let seq = 0;
  let answerBytes = 0;
  /** Taints and owners on their way to the record: the end waits for them. */
  const writing = new Set<Promise<void>>();
  const owned = new Set<string>();
  /** All that the answer is tainted by: what it continues, the request, and what was found in it. */
  const taints = new Set([...session.labels, ...deps.labels]);
  let answerFindings: Readonly<Record<string, number>> = {};
  let said: readonly Said[] = [];
  let soFar: (() => SoFar) | null = null;
  let closing: Promise<void> | null = null;
  let call: TargetCall | null = null;
  let isReached = true;

  function owner(): OwnerContext {
    const { tenant, issuer, subject, groups } = caller;
    return {
      connection: deps.connection,
      caller: { tenant, issuer, subject, groups },
      sessionId: session.id,
      exchangeId: id,
      labels: [...taints],
      at: Date.now(),
    };
  }

  function toHistory(): string | null {
    return session.history === null ? null : continueSession(session.history, said, deps.digest);
  }

  function report(error: GatewayError): void {
    if (isUnreached(error)) isReached = false;
    events.failed(id, error);
  }

  function label(labels: readonly string[], itemHashes: readonly string[], sessionId: string | null): void {
    if (labels.length === 0 || (itemHashes.length === 0 && sessionId === null)) return;
    const row = { tenant: caller.tenant, labels, itemHashes, sessionId, exchangeId: id, at: Date.now() };
    keep(recorder.labelled(row));
  }

  /** Keeps work that the end waits for; what becomes of it shows then. */
  function keep(work: Promise<void>): void {
    writing.add(work);
    work.then(
      () => writing.delete(work),
      () => undefined,
    );
  }

  function taint(answer: readonly Said[]): void {
    if (taints.size === 0) return;
    const marks = answer.flatMap((item) => toMarks(item, deps.digest, caller));
    label([...taints], marks, null);
  }

  function own(objects: readonly AnswerObject[]): Promise<void> | null {
    const { finder } = deps;
    if (finder === null) return null;
    const given = objects.filter(isToOwn);
    if (given.length === 0) return null;
    // A file of many answers names more than is worth knowing.
    if (owned.size > MOST_OWNED) owned.clear();
    for (const object of given) owned.add(toKey(object));
    const owning = claim(given, finder);
    keep(owning);
    return owning;
  }

  function isToOwn(object: AnswerObject): boolean {
    const { operation, spec, objects: named } = deps.request.route;
    const { store } = deps.request.facts;
    // What the provider does not store cannot be referred to: Responses stores unless told not to, Chat the other way.
    // Over a socket a response can be continued whether or not it is stored.
    const isKept = spec.method === "WS";
    const isStored = isKept || (operation === "chat.completions.create" ? store === true : store !== false);
    // An id that the caller named is not made its own by an answer that repeats it.
    // Containers, files and spoken answers are there whether or not the answer is stored.
    return (
      (CITED.has(object.kind) ? !deps.request.bytes.includes(object.id) : isStored) &&
      !named.some(({ id: one }) => one === object.id) &&
      !owned.has(toKey(object))
    );
  }

  async function claim(objects: readonly AnswerObject[], finder: OwnerContext["caller"]): Promise<void> {
    await recorder.owns(objects, { ...owner(), caller: finder });
    for (const object of objects) {
      if (object.kind === deps.request.route.spec.makes && (await deps.isAnothers(object, finder)))
        throw new GatewayError("answer_unreadable", "The target gave an object an id that is another's.");
    }
  }

  async function write(end: End): Promise<void> {
    const known = end.outcome === "completed" ? null : (soFar?.() ?? null);
    if (known?.shown !== undefined) {
      // What was cut off is known by what the program has of it.
      if (said.length === 0) said = known.shown.said;
      void own(known.shown.objects);
    }
    taint(said);
    // What failed is written down whatever else could not be.
    await (end.outcome === "completed" ? Promise.all(writing) : Promise.allSettled(writing));
    const responseId = end.responseId ?? known?.responseId ?? null;
    const { facts, route } = deps.request;
    const usage = end.usage ?? known?.usage ?? null;
    const model = end.model ?? known?.model ?? null;
    const isLeft = end.outcome === "aborted" && route.operation.endsWith(".create");
    // A target that refused or failed has taken nothing.
    if (deps.settle !== null && end.outcome === "completed" && isSuccess(end.httpStatus))
      await deps.settle(responseId);
    const left = toLeft(deps.request, deps.earlier, {
      outcome: end.outcome,
      isEnded: end.isEnded === true,
      answerId: responseId,
      usage,
      tokens: judge.tokens.count,
      labels: taints,
      findings: [deps.findings, answerFindings],
    });
    const isNamed = route.objects.some(({ kind, id: one }) => kind === "response" && one === responseId);
    if (responseId !== null && isNamed && end.isEnded === true && end.outcome === "completed")
      await deps.finishTurn(responseId, { usage, labels: taints, findings: answerFindings });
    await recorder.masked({
      exchangeId: id,
      tenant: caller.tenant,
      at: Date.now(),
      values: deps.masks.account.take("answer"),
    });
    await recorder.closed({
      left: { ...toRecordedLeft(left, names), connection: deps.connection },
      exchangeId: id,
      at: Date.now(),
      outcome: end.outcome,
      httpStatus: end.httpStatus ?? (deps.sink.begun ? 200 : null),
      errorCode: end.errorCode,
      model: model === null ? null : names.mask(model),
      usage: isLeft ? boundUsage(facts, judge.tokens.count, usage) : usage,
      responseIds: responseId === null ? [] : [responseId],
      sessionId: session.id,
      history: toHistory(),
      requestBytes: deps.requestBytes,
      answerBytes,
      timings: { answer: Math.round((performance.now() - began) * 1000) / 1000 },
    });
  }

  /** Writes the end, and settles what was reserved whether or not that can be written. */
  async function finish(end: End): Promise<void> {
    const settled = deps.reservation?.end({ isReached });
    try {
      await write(end);
    } finally {
      await settled;
      deps.onClosed(end);
    }
  }

  const restorer = createRestorer(deps.masks, deps.placeholders);
  // The way of an answer over a WebSocket may be another than its request's, which is over by then.
  const recognition = isRecognised(deps.masks, deps.recognition)
    ? deps.recognition.fork(toSignal(deps.sink))
    : NO_RECOGNITION;
  const context: OpenContext & { keepsTexts: boolean } = {
    id,
    request: deps.request,
    judge,
    scanner: withFieldStreams(withRecognised(deps.scanner, recognition), deps.masks),
    nameScanner: deps.scanner,
    recognition,
    sink: deps.sink,
    limits: deps.limits,
    // What the program would run is judged, not what the model said.
    toName: (name) => (name === null ? null : names.mask(name)),
    readCall: (found) =>
      deps.readCall({ ...found, arguments: restoreText(restorer, found.arguments, "tool_arguments") }),
    report,
    keepsTexts: deps.keepsTexts,
    masks: deps.masks,
    editor: createEditor(
      deps.masks,
      "answer",
      deps.maskKey,
      (ofClass) => deps.masked.add(ofClass),
      deps.placeholders,
    ),
    restorer,
    effects: () => ({ ...toEffectsHeader(deps.masked, deps.changes), ...deps.reservation?.headers }),
    async keepTexts(segments) {
      const { tenant } = caller;
      const told = segments.map((segment) => ({ ...segment, pointer: toPlace(segment.pointer) }));
      await recorder.texts({ exchangeId: id, tenant, direction: "answer", segments: told, at: Date.now() });
    },
    target: {
      pause: () => call?.pause(),
      resume: () => call?.resume(),
      abort: () => call?.abort(),
    },
    attach(started) {
      call = started;
    },
    ask(phase, added, content) {
      const said = judge.ask(phase, added, content);
      names.add(said.decision.mask);
      const verdict = { ...said, decision: toToldDecision(said.decision, names) };
      answerFindings = added.findings ?? answerFindings;
      events.policyAsked(phase, verdict.micros);
      if (asksForTexts(verdict.decision)) context.keepsTexts = true;
      deps.masks.account.keep(toKept(verdict.decision));
      if (verdict.decision.mask.length > 0) deps.masks.add(verdict.decision.mask);
      if (recognition === NO_RECOGNITION && isRecognised(deps.masks, deps.recognition))
        throw new GatewayError(
          "policy_effect_unsupported",
          "A rule masks names or addresses of an answer that has begun; the request's rules must say so.",
        );
      const labels = toLabels(verdict.decision);
      for (const each of labels) taints.add(each);
      label(labels, [], session.id);
      return verdict;
    },
    decided(verdict, effect, calls) {
      for (const { outcome } of calls) events.callJudged(outcome === "denied" ? "deny" : "allow");
      seq += 1;
      const written = recorder.decided({
        exchangeId: id,
        seq,
        phase: verdict?.phase ?? "tool_call",
        at: Date.now(),
        facts: verdict === null ? null : toRecordedFacts(verdict.facts, names),
        decision: verdict === null ? null : toRecordedDecision(verdict.decision, names),
        effect,
        errorCode: null,
        calls: calls.map((row) => toRecordedCall(row, names)),
        timings: verdict === null ? {} : { policy: verdict.micros / 1000 },
      });
      const { onCalls } = deps;
      return onCalls === null || calls.length === 0 ? written : written.then(() => onCalls(calls));
    },
    toCallRow: (found, code) => ({
      id: found.id,
      type: found.type,
      name: found.name,
      outcome: code === null ? "released" : "denied",
      codes: code === null ? [] : [code],
      argumentsDigest: deps.digest(found.arguments),
      argumentsBytes: Buffer.byteLength(found.arguments),
    }),
    own,
    async replaced(calls) {
      const context = owner();
      await Promise.all(
        calls.map(({ call: denied, ...ids }) =>
          recorder.replaced({ ...context, ...ids, callId: denied.id, type: denied.type }),
        ),
      );
    },
    said(answer) {
      said = answer;
    },
    shown: taint,
    describe(tell) {
      soFar = tell;
    },
    close(end) {
      closing ??= finish(end);
      return closing;
    },
    sent(bytes) {
      answerBytes += bytes;
    },
    leave() {
      context
        .close({
          outcome: "aborted",
          httpStatus: null,
          errorCode: null,
          model: null,
          usage: null,
          responseId: null,
        })
        .catch((error: unknown) => report(toGatewayError(error)));
    },
  };
  return context;
}
