// From a request that was read to a decision that is durable, whatever it came by: ownership, session, detect, policy, record.
import type { IncomingMessage } from "node:http";
import type { Approvals } from "./approvals/approvals.ts";
import { askPeople } from "./ask-people.ts";
import type { Waiting } from "./ask-people.ts";
import { asksForTexts, createAnswerContext, toKept, toLabels } from "./answer/create-context.ts";
import type { OpenContext } from "./answer/create-context.ts";
import type { TextScanner } from "./answer/context.ts";
import { toSignal } from "./answer/sink.ts";
import type { Sink } from "./answer/sink.ts";
import { refuse } from "./answer/refuse.ts";
import { toMissingAllow, toRefusal } from "./apply/refusal.ts";
import type { Clock } from "./clock.ts";
import type { OpenConnection } from "./connections/registry.ts";
import { toGatewayError } from "./errors.ts";
import type { Events } from "./events.ts";
import { findEarlier } from "./ownership/earlier.ts";
import type { CallFacts, Caller, Earlier, Effect, Route, ToolCall } from "./exchange.ts";
import { addEffects, findLines, judgeLines } from "./request/file-lines.ts";
import type { FileLines, JudgedLines } from "./request/file-lines.ts";
import { countFindings, findAhead, listFound, withOwnMemos } from "./findings.ts";
import type { RequestScanner } from "./findings.ts";
import {
  addSignals,
  countSignals,
  countSignalsAhead,
  listSignalled,
  NO_INJECTION,
  toInjection,
} from "./injection.ts";
import type { SignalReader } from "./injection.ts";
import {
  isKeptWhole,
  readEdges,
  searchBody,
  searchSignals,
  withoutFileTexts,
} from "./request/form-request.ts";
import type { SpooledBody } from "./form/write-form.ts";
import { isDenial } from "./journal.ts";
import type { Journal, Progress } from "./journal.ts";
import { createMaskAccount } from "./mask/account.ts";
import type { ValueHash } from "./mask/account.ts";
import type { ValueForm } from "./value-form.ts";
import { createMaskTally } from "./mask/mask-tally.ts";
import { maskTexts } from "./mask/mask-texts.ts";
import { createMasks } from "./mask/masks.ts";
import type { Masks } from "./mask/masks.ts";
import { createNames } from "./mask/names.ts";
import type { Names, NameScanner } from "./mask/names.ts";
import { createPlaceholders } from "./mask/placeholders.ts";
import type { Placeholders } from "./mask/placeholders.ts";
import { maskRequest } from "./mask/mask-request.ts";
import type { MaskedRequest } from "./mask/mask-request.ts";
import { toAsked } from "./quotas/amounts.ts";
import { showKeys, toLimits } from "./quotas/limits.ts";
import type { Quotas, Reservation } from "./quotas/quotas.ts";
import { toShownKey } from "./quotas/shown-key.ts";
import { maskBody } from "./request/masked-form.ts";
import type { MaskedBody, Masking } from "./request/masked-form.ts";
import { toToldDecision, toToldError } from "./record-names.ts";
import { createJudge, NO_CONTENT } from "./judge.ts";
import type { Judge, Policy, Subject, Verdict } from "./judge.ts";
import { unsupported } from "./policy/unsupported.ts";
import { requireTaken, requireUnchanged, setParameters } from "./request/set-parameters.ts";
import type { SetParameters } from "./request/set-parameters.ts";
import { claimObjects, taint } from "./ownership/ownership.ts";
import type { Settled } from "./ownership/ownership.ts";
import type { ParsedRequest } from "./parse/parsed.ts";
import type { RequestParser } from "./parse/request.ts";
import { isSame } from "./record/ledger.ts";
import type { Ledger } from "./record/ledger.ts";
import type { PlaceholderStore } from "./record/placeholders.ts";
import type { Recorder } from "./record/recorder.ts";
import type { CallRow, Session } from "./record/rows.ts";
import type { Sessions } from "./record/sessions.ts";
import type { Shares } from "./shares.ts";
import { openRecognition } from "./recognise/recognition.ts";
import type { Recognition } from "./recognise/recognition.ts";
import type { Recogniser } from "./recognise/recogniser.ts";
import { withRecognised } from "./recognised.ts";
import { repair } from "./request/repair.ts";
import type { Repaired } from "./request/repair.ts";
import { toRequestTexts } from "./request/request-texts.ts";
import type { TakenBody } from "./request/request-body.ts";
import { requireInspected, runsFromFile, toNarrowedKind } from "./request/require-inspected.ts";
import { EDGE } from "./request/uploads.ts";
import { withTokenTexts } from "./request/token-texts.ts";
import type { ReadTokens } from "./request/token-texts.ts";
import { isPartOfJson } from "./segment.ts";
import { findTracedResponse } from "./traces/take-traces.ts";
import type { Uploads } from "./request/uploads.ts";
import { findToken, isFromModel, listMarks } from "./ownership/said.ts";

/** One version of the policy with what was compiled from it. An exchange keeps one from beginning to end. */
export type PolicyInForce = {
  readonly policy: Policy;
  readonly scanner: RequestScanner & TextScanner;
  readonly readCall: (call: ToolCall) => CallFacts;
  readonly signals: SignalReader;
  readonly names: NameScanner;
};

export type DeciderDeps = {
  readonly inForce: () => PolicyInForce;
  /** What finds names and addresses; null where none is configured. */
  readonly recogniser: Recogniser | null;
  /** Counts a request's tokens exactly; null where the caller's budget is spent. */
  readonly countTokens: (request: ParsedRequest, caller: Caller) => Promise<number | null>;
  /** Reads token ids as the text that they stand for. */
  readonly readTokens: ReadTokens;
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  readonly sessions: Sessions;
  readonly events: Events;
  readonly parser: RequestParser;
  /** What is known of the parts of uploads. */
  readonly uploads: Uploads;
  readonly quotas: Quotas;
  readonly shares: Shares;
  readonly approvals: Approvals;
  readonly clock: Clock;
  /** Keyed hash: of a call's arguments for the record, of an idempotency key for the target. */
  readonly digest: (text: string) => string;
  /** The key of a tenant's tokens, which stand for values. */
  readonly maskKey: (tenant: string) => Buffer;
  /** Keeps what placeholders stand for. */
  readonly placeholders: PlaceholderStore;
  /** Names a tenant's values by a keyed hash. */
  readonly openHash: (tenant: string, form: ValueForm) => ValueHash;
  readonly limits: {
    readonly request_bytes: number;
    readonly depth: number;
    readonly answer_bytes: number;
    readonly event_bytes: number;
    readonly policy_input_bytes: number;
  };
};

/** Who asks, for what, by which way: known before a request is judged. */
export type Asked = {
  readonly caller: Caller;
  readonly route: Route;
  readonly open: OpenConnection;
  readonly request: ParsedRequest;
  /** The program's own name for its session. */
  readonly sessionHeader: string | null;
  /** The body that it came with; absent where it came by another way. */
  readonly body?: TakenBody;
  /** What it asks for is under way: nothing of it can be changed. */
  readonly isFixed?: true;
  /** It opens a socket, over which requests come. */
  readonly opensSocket?: true;
  /** How it waits for people; absent: it can't, and what policy asks people about is refused. */
  readonly waiting?: Waiting;
};

/** A request that may go to the target. */
export type Decided = Asked &
  Pick<PolicyInForce, "scanner" | "readCall"> & {
    readonly session: Session;
    readonly repaired: Repaired;
    readonly judge: Judge;
    readonly verdict: Verdict;
    readonly settled: Settled;
    readonly earlier: Earlier | null;
    /** Count of hits in the request, by class. */
    readonly findings: Readonly<Record<string, number>>;
    readonly masks: Masks;
    readonly placeholders: Placeholders;
    readonly recognition: Recognition;
    /** The body with its values masked; null where nothing of it is. */
    readonly masked: MaskedRequest | null;
    /** What of its parameters is changed. */
    readonly set: SetParameters;
    /** What goes to the target of a body that was spooled. */
    readonly spooled: SpooledBody | null;
    /** What it has reserved of its limits; null: none is for it. */
    readonly reservation: Reservation | null;
    /** Where the files of a form lie that were written anew. */
    readonly files: MaskedBody["files"];
  };

export type Decider = {
  /** Says whether a request is refused by what stands in its head, so that nothing of its body need be kept. Records nothing. */
  isRefusedUnread(progress: Progress, asked: Asked): boolean;
  /** Judges a request and makes the decision durable. Throws where it is refused. */
  decide(progress: Progress, asked: Asked, lap: (name: string) => void): Promise<Decided>;
  /** Opens the context of its answer; `onClosed` is called when the answer's end is durable, or could not be written. */
  openContext(
    progress: Progress,
    decided: Decided,
    sink: Sink,
    onClosed: () => void,
    /** Told what became of calls once that is durable. */
    onCalls?: (calls: readonly CallRow[]) => void,
  ): OpenContext;
  /** Masks names where policy has not said how. */
  strictNames(): Names;
  /** Ends an exchange that was refused or failed before anything of it was sent: in the record, then to its caller. */
  turnAway(progress: Progress, thrown: unknown): Promise<void>;
};

/** Makes the decider. */
export function createDecider(deps: DeciderDeps, journal: Journal): Decider {
  async function ask(
    judge: Judge,
    { request, caller, body }: Pick<Asked, "request" | "caller" | "body">,
    counts: {
      readonly patterns: Readonly<Record<string, number>>;
      readonly findings: Readonly<Record<string, number>>;
    },
  ): Promise<Verdict> {
    const isWhole = body === undefined || isKeptWhole(body);
    const content = {
      body: request.body,
      texts: () => toRequestTexts(request),
      // A rule that reads texts is not given a part for the whole.
      bytes: isWhole ? request.bytes.length : Number.POSITIVE_INFINITY,
    };
    const first = judge.ask("request", counts, content);
    if (!first.decision.need.some((need) => need.fact === "tokens.exact")) return first;
    const exact = await deps.countTokens(request, caller);
    if (exact !== null) judge.setTokens(exact);
    // A need that cannot be met (the budget is spent) leaves the bound to decide: what was said first stands.
    if (exact === null) return first;
    return { ...judge.ask("request", counts, content), bound: first.facts.request.tokens.count };
  }

  /** Asks the recogniser about a request's texts. Gives the request as it is searched. */
  async function recognise(
    recognition: Recognition,
    request: ParsedRequest,
    junctions: readonly string[],
  ): Promise<ParsedRequest> {
    if (recognition.classes.size === 0) return request;
    const segments = [...request.rest, ...request.items.flatMap((item) => item.segments)];
    const texts = segments.flatMap(({ text, part }) => (isPartOfJson(part) ? [] : [text]));
    await recognition.ask([...texts, ...junctions]);
    return recognition.isPartial ? withOwnMemos(request) : request;
  }

  /** Judges the requests in a file's lines as if each had come by itself. */
  function judgeEach(
    lines: FileLines,
    { caller, route, open: { connection } }: Asked,
    subject: Subject,
    { policy, signals, names, scanner: own }: PolicyInForce,
    { recognition: ofAll, masks: { account }, key, onMasked }: Masking,
    ofFile: readonly Effect[],
  ): Promise<JudgedLines> {
    const share = deps.shares.open(caller, "batch_lines");
    const judged = judgeLines(lines, route, {
      parser: deps.parser,
      tenant: caller.tenant,
      depth: deps.limits.depth,
      lineBytes: deps.limits.request_bytes,
      async judge(route, line) {
        share.add(1);
        const texted = await withTokenTexts(line, deps.readTokens);
        const recognition = ofAll.fork();
        const scanner = withRecognised(own, recognition);
        const request = await recognise(recognition, texted, []);
        const claims = await claimObjects(deps.ledger, connection, caller, route, request.references);
        const { facts, tools } = request;
        const earlier = await findEarlier(deps.ledger.earlier, connection.name, request);
        await countSignalsAhead(signals, request);
        const injection = toInjection(signals, countSignals(signals, request));
        const one = { ...subject, route, request: facts, objects: claims.facts, earlier, tools, injection };
        const judge = createJudge(policy, one, deps.clock, deps.limits.policy_input_bytes);
        const asked = { request, caller };
        await findAhead(scanner, request);
        const said = await ask(judge, asked, countFindings(scanner, request));
        const effects = [...ofFile, ...said.decision.mask];
        const lineNames = createNames(names, { effects, key }, deps.digest);
        const told = toToldDecision(said.decision, lineNames);
        const show = (name: string): string => toShownKey(name, caller, (text) => lineNames.mask(text));
        const verdict = { ...said, decision: showKeys(told, show) };
        claims.settle(verdict.decision.share);
        if (runsFromFile(route)) await requireInspected(deps.ledger, connection.name, request, caller);
        const { operation } = route;
        const masks = createMasks(account);
        masks.add(ofFile);
        masks.add(verdict.decision.mask);
        const refusal =
          toRefusal(verdict.decision, judge.rules, subject.id) ??
          toMissingAllow(verdict.decision, { operation, groups: caller.groups }, subject.id);
        if (refusal !== null) throw refusal;
        // No line waits by itself.
        const asking = verdict.decision.require_approval.map(({ code }) => code);
        if (asking.length > 0) throw unsupported("require_approval", asking);
        const set = toSet({ request, route, caller }, verdict);
        if (lines.kind !== "batch_input") requireUnchanged(set, "in a file of data");
        const masked = await maskRequest(request, scanner, masks, key, onMasked);
        return { decision: verdict.decision, edits: masked?.edits ?? null, set };
      },
    });
    return judged.finally(() => share.close());
  }

  /** Says what policy changes of a request's parameters, and refuses where that cannot be done. */
  function toSet(
    { request, route, caller }: Pick<Asked, "request" | "route" | "caller">,
    { decision }: Verdict,
  ): SetParameters {
    const set = setParameters(decision.set, route.spec, request.body());
    if (set.meant === null || request.layout === null) return set;
    const bytes = set.apply(request.bytes);
    const left = deps.parser.parse({
      route,
      query: "",
      contentType: "application/json",
      bytes,
      tenant: caller.tenant,
    });
    requireTaken(set, left.tools, !left.facts.truncated);
    return set;
  }

  /** Gives what is noted once the target has taken the request. */
  function toSettle(
    progress: Progress,
    decided: Decided,
  ): ((answerId: string | null) => Promise<void>) | null {
    const { repaired, body, request, caller, session, open, settled, files } = decided;
    const form = body?.form ?? null;
    const lines = findLines(request, form);
    const connection = open.connection.name;
    const upload = request.route.operation === "uploads.parts.create" ? request.route.objects[0] : undefined;
    const { found } = settled;
    if (lines === null && upload === undefined && found.length === 0) return repaired.settle;
    // Read while the body is there; a part whose ends are not known is one that `uploads.complete` will not take.
    const edges =
      upload === undefined || form === null ? null : readEdges(form, files, EDGE).catch(() => null);
    return async (answerId) => {
      await repaired.settle?.();
      const given = [...found];
      if (lines !== null && answerId !== null) {
        const narrowed = toNarrowedKind(lines.kind, caller);
        for (const kind of narrowed === null ? [lines.kind] : [lines.kind, narrowed])
          given.push({ kind, id: answerId });
      }
      if (given.length > 0) {
        const context = {
          connection,
          caller,
          sessionId: session.id,
          exchangeId: progress.id,
          labels: session.labels,
          at: Date.now(),
        };
        await deps.recorder.owns(given, context);
      }
      if (answerId === null || form === null) return;
      const ends = await edges;
      if (upload !== undefined && ends !== null)
        await deps.uploads.note({ caller, connection, uploadId: upload.id }, answerId, ends);
    };
  }

  /** Opens the session's placeholders, with what was given for what the request continues where any of it may come back. */
  async function openPlaceholders(
    masks: Masks,
    { tenant }: Caller,
    session: Session,
    named: readonly string[],
  ): Promise<Placeholders> {
    const ids = new Set(session.origin === "own" ? named : [session.id, ...named]);
    const known = masks.restores() ? await deps.placeholders.load([...ids]) : [];
    return createPlaceholders(deps.maskKey(tenant), session.id, known);
  }

  function strictNames(): Names {
    return createNames(deps.inForce().names, null, deps.digest);
  }

  const decider: Decider = {
    strictNames,
    isRefusedUnread({ id }, { caller, route, request, open: { connection } }) {
      const { policy } = deps.inForce();
      const session = { id, labels: [] };
      const { facts, tools } = request;
      const subject = {
        id,
        caller,
        connection,
        route,
        session,
        request: facts,
        objects: [],
        earlier: null,
        tools,
        injection: NO_INJECTION,
      };
      const judge = createJudge(policy, subject, deps.clock, deps.limits.policy_input_bytes);
      const { decision } = judge.ask("request", { patterns: {}, findings: {} }, NO_CONTENT);
      const { operation } = route;
      return (
        (toRefusal(decision, judge.rules, id) ??
          toMissingAllow(decision, { operation, groups: caller.groups }, id)) !== null
      );
    },
    async decide(progress, given, lap) {
      const { id, timings, sink } = progress;
      progress.masked = createMaskTally();
      const texted = await withTokenTexts(given.request, deps.readTokens);
      progress.request = texted;
      const { caller, route, open } = given;
      const { connection } = open;
      const account = createMaskAccount((form) => deps.openHash(caller.tenant, form));
      progress.account = account;

      // ownership and session
      const claims = await claimObjects(deps.ledger, connection, caller, route, texted.references);
      const looked = deps.uploads.look(caller, connection.name, texted);
      const upload = looked instanceof Promise ? await looked : looked;
      const form = given.body?.form ?? null;
      const lines = findLines(texted, form);
      if (lines !== null) progress.besides = "lines";
      let session = await deps.sessions.resolve({
        caller,
        connection: connection.name,
        header: given.sessionHeader,
        previousResponseId: toReferenced(texted, "response") ?? findTracedResponse(texted),
        conversation: toReferenced(texted, "conversation"),
        items: texted.items.map((item) => ({ hash: item.hash, fromModel: isFromModel(item) })),
        start: texted.start,
        tokenOf: (index) => findToken(texted.items[index], deps.digest),
        marks: () => listMarks(texted, deps.digest, caller),
      });
      progress.session = session;
      lap("session");

      const earlier = await findEarlier(deps.ledger.earlier, connection.name, texted);

      // detect
      const inForce = deps.inForce();
      const { policy, readCall, signals } = inForce;
      progress.version = policy.version;
      const recognition = openRecognition(deps.recogniser, caller.tenant, () => toSignal(sink));
      const scanner = withRecognised(inForce.scanner, recognition);
      const request = await recognise(recognition, texted, upload.junctions);
      const asked = { ...given, request };
      progress.request = request;
      // Lines are searched one by one, each as the request that it is.
      const searched = lines === null ? request : withoutFileTexts(request);
      await findAhead(scanner, searched);
      const kept = countFindings(scanner, searched);
      const isAll = lines !== null || (form === null && upload.junctions.length === 0);
      const counts = isAll
        ? kept
        : await searchBody({ scanner, recognition, own: inForce.scanner }, form, upload.junctions, kept);
      await countSignalsAhead(signals, searched);
      const keptSignals = countSignals(signals, searched);
      const inFiles = isAll ? null : await searchSignals(signals, form);
      const injection = toInjection(signals, addSignals(keptSignals, "file", inFiles));
      progress.found = () => [
        ...new Set([...listFound(scanner, request), ...listSignalled(signals, request)]),
      ];
      lap("detect");

      // policy
      const subject = {
        id,
        caller,
        connection,
        route,
        session: { id: session.id, labels: session.labels },
        request: request.facts,
        objects: claims.facts,
        earlier,
        tools: request.tools,
        injection,
      };
      let judge = createJudge(policy, subject, deps.clock, deps.limits.policy_input_bytes);
      let verdict = await ask(judge, asked, counts);
      // Whether another's object is open comes before everything else that a rule may say.
      const settled = claims.settle(verdict.decision.share);
      // What an object's owner knew when it began may be less than what became of it.
      const tainted = taint(session, [...settled.labels, ...(earlier?.labels ?? [])]);
      if (tainted !== session) {
        session = tainted;
        progress.session = session;
        const again = { ...subject, session: { id: session.id, labels: session.labels } };
        judge = createJudge(policy, again, deps.clock, deps.limits.policy_input_bytes);
        verdict = await ask(judge, asked, counts);
        claims.settle(verdict.decision.share);
      }
      const key = deps.maskKey(caller.tenant);
      const recorded = createNames(inForce.names, { effects: verdict.decision.mask, key }, deps.digest);
      progress.names = recorded;
      const { limit } = verdict.decision;
      const show = (name: string): string => toShownKey(name, caller, (text) => recorded.mask(text));
      verdict = { ...verdict, decision: showKeys(toToldDecision(verdict.decision, recorded), show) };
      progress.verdict = verdict;
      account.keep(toKept(verdict.decision));
      const { mask } = verdict.decision;
      const named = createPlaceholders(key, session.id, []);
      progress.maskTexts = (segments) => maskTexts(segments, scanner, mask, key, named);
      deps.events.policyAsked("request", verdict.micros);
      lap("");
      timings["policy"] = verdict.micros / 1000;
      const { operation } = route;
      const refusal =
        toRefusal(verdict.decision, judge.rules, id) ??
        toMissingAllow(verdict.decision, { operation, groups: caller.groups }, id);

      // record: the decision is durable before the first byte goes to the target
      if (refusal !== null) throw refusal;
      if (upload.problem !== null) throw upload.problem;
      if (runsFromFile(route)) await requireInspected(deps.ledger, connection.name, request, caller);
      const masks = createMasks(account);
      masks.add(verdict.decision.mask);
      const onMasked = (ofClass: string): void => progress.masked.add(ofClass);
      const placeholders = await openPlaceholders(masks, caller, session, settled.sessions);
      const masking = {
        scanner,
        recognition,
        own: inForce.scanner,
        masks,
        key,
        onMasked,
        placeholders,
      };
      let judged: JudgedLines | null = null;
      if (lines !== null) {
        judged = await judgeEach(lines, asked, subject, inForce, masking, verdict.decision.mask);
        verdict = addEffects(verdict, judged.effects);
        progress.verdict = verdict;
        lap("lines");
      }
      const set = toSet(asked, verdict);
      // people: what waited is decided anew, by what is in force then
      const answered = await askPeople(deps.approvals, progress, asked, verdict, {
        names: recorded,
        rules: judge.rules,
      });
      if (answered === "again") {
        const { caller: renewed = caller, open: reopened = open } = (await given.waiting?.renew()) ?? {};
        progress.caller = renewed;
        progress.open = reopened;
        lap("approval");
        return decider.decide(progress, { ...given, caller: renewed, open: reopened }, lap);
      }
      if (asked.isFixed === true) requireUnchanged(set, "where the target begins an answer by itself");
      progress.changes = [...set.changes, ...(judged?.changes ?? [])];
      const { findings } = counts;
      const { junctions } = upload;
      const { masked, spooled, files } = await maskBody(
        asked,
        { findings, junctions, lines, judged, set },
        masking,
      );
      const edits = masked?.edits ?? null;
      const plain = await repair(deps.ledger, connection.name, caller, request, edits);
      const repaired = {
        ...plain,
        bytes: plain.bytes && set.apply(plain.bytes),
        without: plain.without && { ...plain.without, bytes: set.apply(plain.without.bytes) },
      };
      if (limit.length > 0) {
        const limits = toLimits(limit, { tenant: caller.tenant, digest: deps.digest, show });
        const amounts = toAsked({ bytes: progress.requestBytes, opensSocket: asked.opensSocket === true });
        progress.reservation = await deps.quotas.reserve(id, limits, amounts);
        verdict = withObserved(verdict, progress.reservation.over);
        progress.verdict = verdict;
        lap("limits");
      }
      // What stands for what is durable too: the answer may be asked for at another gateway.
      await Promise.all([journal.decided(progress), deps.placeholders.keep(session.id, placeholders.kept())]);
      lap("record");
      return {
        ...asked,
        session,
        repaired,
        scanner: inForce.scanner,
        readCall,
        judge,
        verdict,
        settled,
        earlier,
        findings,
        masks,
        placeholders,
        recognition,
        masked,
        set,
        spooled,
        reservation: progress.reservation,
        files,
      };
    },
    openContext(progress, decided, sink, onClosed, onCalls) {
      const { request, judge, scanner, readCall, caller, session, verdict, settled, earlier, findings } =
        decided;
      return createAnswerContext({
        id: progress.id,
        request,
        judge,
        scanner,
        recognition: decided.recognition,
        sink,
        readCall,
        caller,
        finder: settled.finder,
        earlier,
        findings,
        connection: decided.open.connection.name,
        session,
        events: deps.events,
        recorder: deps.recorder,
        async isAnothers({ kind, id }, finder) {
          const owner = await deps.ledger.owner(decided.open.connection.name, kind, id);
          return owner !== null && !isSame(owner, finder);
        },
        finishTurn: (responseId, end) =>
          deps.ledger.earlier.finish(decided.open.connection.name, responseId, end),
        digest: deps.digest,
        limits: { answerBytes: deps.limits.answer_bytes, eventBytes: deps.limits.event_bytes },
        requestBytes: progress.requestBytes,
        timings: progress.timings,
        labels: toLabels(verdict.decision),
        masks: decided.masks,
        names: progress.names ?? strictNames(),
        maskKey: deps.maskKey(caller.tenant),
        placeholders: decided.placeholders,
        masked: progress.masked,
        changes: progress.changes,
        keepsTexts: asksForTexts(verdict.decision),
        settle: toSettle(progress, decided),
        reservation: decided.reservation,
        onCalls: onCalls ?? null,
        onClosed: ({ outcome, errorCode, httpStatus }) => {
          onClosed();
          const effect = outcome === "refused" ? "deny" : outcome === "failed" ? "error" : "allow";
          journal.ended(progress, effect, errorCode === null ? [] : [errorCode], httpStatus ?? 0);
        },
      });
    },
    async turnAway(progress, thrown) {
      const { id, sink } = progress;
      const told = toToldError(toGatewayError(thrown), progress.names ?? strictNames());
      const released = progress.reservation?.end({ isReached: false });
      const error = await journal.turnedAway(progress, told);
      await released;
      deps.events.failed(id, error);
      journal.ended(progress, isDenial(error) ? "deny" : "error", [error.recordedCode], error.status);
      const isChat = progress.route?.spec.dialect === "chat";
      refuse(sink, error, id, sink.begun ? { sequenceNumber: 0, isChat } : null);
    },
  };
  return decider;
}

/** Begins an exchange of which nothing is known yet. */
export function toProgress(id: string, incoming: IncomingMessage, sink: Sink): Progress {
  return {
    id,
    at: Date.now(),
    began: performance.now(),
    incoming,
    sink,
    caller: null,
    route: null,
    open: null,
    session: null,
    request: null,
    found: () => [],
    verdict: null,
    masked: createMaskTally(),
    changes: [],
    besides: null,
    reservation: null,
    account: null,
    maskTexts: null,
    names: null,
    version: null,
    isRecorded: false,
    requestBytes: 0,
    timings: {},
  };
}

/** Adds to a verdict what was observed when it was applied: soft limits that are reached. */
function withObserved(verdict: Verdict, effects: readonly Effect[]): Verdict {
  if (effects.length === 0) return verdict;
  const { decision } = verdict;
  return { ...verdict, decision: { ...decision, observe: [...decision.observe, ...effects] } };
}

/** Gives what times the steps of an exchange, each from the one before; a step without a name is not kept. */
export function createLaps({ began, timings }: Progress): (name: string) => void {
  let mark = began;
  return (name) => {
    const now = performance.now();
    if (name !== "") timings[name] = Math.round((now - mark) * 1000) / 1000;
    mark = now;
  };
}

function toReferenced(request: ParsedRequest, kind: "response" | "conversation"): string | null {
  return request.references.find((reference) => reference.kind === kind)?.id ?? null;
}
