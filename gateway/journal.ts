// Writes down what is known of an exchange: at its decision, and at its end where nothing of it reached the target.
import type { IncomingMessage } from "node:http";
import type { Sink } from "./answer/sink.ts";
import { asksForTexts } from "./answer/create-context.ts";
import { toCallOutputs } from "./request/call-outputs.ts";
import type { OpenConnection } from "./connections/registry.ts";
import { toGatewayError } from "./errors.ts";
import type { GatewayError } from "./errors.ts";
import type { Events, ExchangeSummary } from "./events.ts";
import type { Caller, ParameterChange, PolicyVersion, Route, Segment } from "./exchange.ts";
import type { Verdict } from "./judge.ts";
import type { MaskAccount } from "./mask/account.ts";
import type { MaskTally } from "./mask/mask-tally.ts";
import { createNames } from "./mask/names.ts";
import type { Names, NameScanner } from "./mask/names.ts";
import type { ParsedRequest } from "./parse/parsed.ts";
import { toRecordedChange, toRecordedDecision, toRecordedFacts } from "./record-names.ts";
import type { Basis } from "./record/basis.ts";
import type { Reservation } from "./quotas/quotas.ts";
import type { Recorder } from "./record/recorder.ts";
import type { ExchangeClosed, ExchangeOpened, Session } from "./record/rows.ts";
import { toRequestTexts } from "./request/request-texts.ts";

/** What is known of an exchange so far: a refusal records as much as there is. */
export type Progress = {
  readonly id: string;
  readonly at: number;
  /** `performance.now()` at its beginning. */
  readonly began: number;
  readonly incoming: IncomingMessage;
  readonly sink: Sink;
  readonly timings: Record<string, number>;
  caller: Caller | null;
  route: Route | null;
  open: OpenConnection | null;
  session: Session | null;
  request: ParsedRequest | null;
  /** Gives the hashes of the request's items in which something was found. */
  found: () => string[];
  verdict: Verdict | null;
  /** What was masked. */
  masked: MaskTally;
  /** Masks texts as the decision says, for the record; null before it is decided. */
  maskTexts: ((segments: readonly Segment[]) => readonly Segment[]) | null;
  /** Masks names for the record; null before it is decided. */
  names: Names | null;
  /** What was changed of its parameters. */
  changes: readonly ParameterChange[];
  /** What is judged by facts that are not recorded. */
  besides: NonNullable<Basis["besides"]> | null;
  /** What it has reserved of its limits; null: it has none, or not yet. */
  reservation: Reservation | null;
  /** What was masked, where and how; null before it is decided. */
  account: MaskAccount | null;
  version: PolicyVersion | null;
  isRecorded: boolean;
  requestBytes: number;
};

export type Journal = {
  /** Makes the decision durable, with the taints and texts that it leaves. */
  decided(progress: Progress): Promise<void>;
  /** Writes down that the exchange ended here, and gives the error to tell: the record's own where that is away. */
  turnedAway(progress: Progress, error: GatewayError): Promise<GatewayError>;
  /** Writes down that the caller left before anything was sent to the target. */
  left(progress: Progress): Promise<void>;
  /** Reports the end. */
  ended(
    progress: Progress,
    effect: ExchangeSummary["effect"],
    codes: readonly string[],
    status: number,
  ): void;
};

/** Makes the journal. */
export function createJournal(deps: {
  readonly recorder: Recorder;
  readonly events: Events;
  readonly inForce: () => { readonly names: NameScanner };
  readonly digest: (text: string) => string;
}): Journal {
  const { recorder, events } = deps;

  async function open(progress: Progress, error: GatewayError | null): Promise<void> {
    if (progress.isRecorded) return;
    await Promise.all([
      recorder.opened(toOpened(progress, error, progress.names ?? toStrict())),
      keepLabels(progress),
      keepTexts(progress),
      keepMasked(progress),
    ]);
    progress.isRecorded = true;
  }

  /** Where policy has not said what is masked, all that is found is. */
  function toStrict(): Names {
    return createNames(deps.inForce().names, null, deps.digest);
  }

  async function keepLabels({ verdict, caller, session, found, id, at }: Progress): Promise<void> {
    const labels = verdict?.decision.label.flatMap((effect) => effect.label ?? []) ?? [];
    if (labels.length === 0 || caller === null) return;
    const sessionId = session?.id ?? null;
    await recorder.labelled({
      tenant: caller.tenant,
      labels,
      itemHashes: found(),
      sessionId,
      exchangeId: id,
      at,
    });
  }

  async function keepMasked({ account, caller, id, at }: Progress): Promise<void> {
    if (account === null || caller === null) return;
    const { tenant } = caller;
    await recorder.masked({ exchangeId: id, tenant, at, values: account.take("request") });
  }

  async function keepTexts({ verdict, caller, request, maskTexts, id, at }: Progress): Promise<void> {
    if (verdict === null || caller === null || request === null || !asksForTexts(verdict.decision)) return;
    if (maskTexts === null) return;
    const segments = maskTexts(toRequestTexts(request));
    await recorder.texts({ exchangeId: id, tenant: caller.tenant, direction: "request", segments, at });
  }

  return {
    decided: (progress) => open(progress, null),
    async turnedAway(progress, error) {
      if (progress.caller === null || error.code === "record_unavailable") return error;
      const outcome = error.status < 500 ? "refused" : "failed";
      try {
        const end = toEnd(progress, outcome, error.status, error.recordedCode);
        await Promise.all([open(progress, error), recorder.closed(end)]);
        return error;
      } catch (failure) {
        // A refusal that cannot be recorded is still a refusal, and says that the record is away.
        return toGatewayError(failure);
      }
    },
    async left(progress) {
      await recorder.closed(toEnd(progress, "aborted", null, null));
    },
    ended(progress, effect, codes, status) {
      events.exchangeEnded({
        id: progress.id,
        operation: progress.route?.operation ?? null,
        connection: progress.open?.connection.name ?? null,
        subject: progress.caller?.subject ?? null,
        effect,
        codes,
        status,
        version: progress.version,
        milliseconds: performance.now() - progress.began,
      });
    },
  };
}

/** Tells a refusal by a rule, or for want of one, from every other error. */
export function isDenial({ code }: GatewayError): boolean {
  return code === "policy_denied" || code === "policy_not_allowed" || code === "limit_reached";
}

function toOpened(progress: Progress, error: GatewayError | null, names: Names): ExchangeOpened {
  const { verdict, route, request, version, timings, session } = progress;
  const client = progress.incoming.headers["user-agent"];
  const newest = request?.prompts.at(-1);
  const prompt = newest === undefined ? undefined : request?.items[newest];
  return {
    id: progress.id,
    at: progress.at,
    session: session?.name == null ? session : { ...session, name: names.mask(session.name) },
    caller: progress.caller,
    connection: progress.open?.connection.name ?? null,
    operation: route?.operation ?? "unknown",
    method: progress.incoming.method ?? "",
    path: route?.spec.template ?? "",
    client: client === undefined ? null : names.mask(client),
    facts: verdict === null ? null : toRecordedFacts(verdict.facts, names, toJudged(progress, verdict)),
    decision: verdict === null ? null : toRecordedDecision(verdict.decision, names),
    changes: progress.changes.map((change) => toRecordedChange(change, names)),
    effect: error === null ? "allow" : isDenial(error) ? "deny" : "error",
    errorCode: error?.recordedCode ?? null,
    version,
    timings,
    prompt: prompt === undefined ? null : { hash: prompt.hash, pointer: prompt.pointer },
    callOutputs: request === null ? [] : toCallOutputs(request).map((call) => names.id(call)),
  };
}

function toJudged({ besides }: Progress, { bound }: Verdict): Omit<Basis, "altered"> {
  return { ...(bound !== undefined && { bound }), ...(besides !== null && { besides }) };
}

function toEnd(
  progress: Progress,
  outcome: ExchangeClosed["outcome"],
  httpStatus: number | null,
  errorCode: string | null,
): ExchangeClosed {
  return {
    exchangeId: progress.id,
    at: Date.now(),
    outcome,
    httpStatus,
    errorCode,
    model: null,
    usage: null,
    responseIds: [],
    sessionId: progress.session?.id ?? null,
    history: null,
    requestBytes: progress.requestBytes,
    answerBytes: 0,
    timings: {},
  };
}
