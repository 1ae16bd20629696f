// Asks the policy about one exchange: puts the facts of a phase together, evaluates, and keeps what the answers add up to.
import type { Clock } from "./clock.ts";
import { GatewayError } from "./errors.ts";
import type {
  CallFacts,
  Caller,
  Connection,
  Decision,
  Earlier,
  Facts,
  Injection,
  Json,
  ObjectFacts,
  Phase,
  PolicyVersion,
  RequestFacts,
  Route,
  RuleText,
  Text,
  ToolFacts,
  Usage,
} from "./exchange.ts";

/** The policy that one exchange keeps from its beginning to its end. */
export type Policy = {
  readonly version: PolicyVersion;
  /** What the rules of a phase read of the content; a phase that is missing reads nothing. */
  readonly readsIn: ReadonlyMap<Phase, { readonly body: boolean; readonly texts: boolean }>;
  readonly phases: ReadonlySet<Phase>;
  readonly rules: ReadonlyMap<string, RuleText>;
  evaluate(facts: Facts): Decision;
};

/** What is known of an exchange when the policy is first asked. */
export type Subject = {
  readonly id: string;
  readonly caller: Caller;
  readonly connection: Connection;
  readonly route: Route;
  readonly session: { readonly id: string; readonly labels: readonly string[] };
  readonly request: RequestFacts;
  readonly objects: readonly ObjectFacts[];
  readonly earlier: Earlier | null;
  readonly tools: readonly ToolFacts[];
  readonly injection: Injection;
};

/** What a phase adds to the facts. */
export type PhaseFacts = {
  readonly patterns?: Readonly<Record<string, number>>;
  readonly findings?: Readonly<Record<string, number>>;
  readonly answer?: NonNullable<Facts["answer"]>;
  readonly calls?: readonly CallFacts[];
  readonly usage?: Usage;
};

/** The parsed body and its texts, made only when a rule reads them. */
export type Content = {
  readonly body: () => Json;
  readonly texts: () => readonly Text[];
  readonly bytes: number;
};

function absent(): never {
  throw new GatewayError("policy_unavailable", "A rule reads a body in a phase that has none.");
}

/** The content of a phase that has none: a rule that reads it all the same cannot be answered, and refuses. */
export const NO_CONTENT: Content = { body: absent, texts: absent, bytes: 0 };

/** Gives the content of a phase in which the body is not known as a whole. */
export function toTextContent(texts: () => readonly Text[], bytes: number): Content {
  return { body: absent, texts, bytes };
}

/** One answer of the policy, with what it was asked and how long it took. */
export type Verdict = {
  readonly phase: Phase;
  readonly facts: Facts;
  readonly decision: Decision;
  readonly micros: number;
  /** The bound of tokens that it was asked with first, where it then had them counted. */
  readonly bound?: number;
};

export type Judge = {
  readonly version: PolicyVersion;
  readonly rules: ReadonlyMap<string, RuleText>;
  /** Whether any rule speaks in this phase. */
  speaksIn(phase: Phase): boolean;
  /** Throws `policy_unavailable`, `policy_effect_unsupported` or `policy_input_too_large`. */
  ask(phase: Phase, added: PhaseFacts, content: Content): Verdict;
  /** The request's tokens: a bound, or what a tokenizer counted. */
  readonly tokens: RequestFacts["tokens"];
  /** Replaces the request's bound of tokens by what a tokenizer counted. */
  setTokens(count: number): void;
};

function toCallerFacts(caller: Caller): Facts["caller"] {
  const { tenant, issuer, subject, kind, groups, scopes, claims, actsFor, agent, initiator } = caller;
  const certificate = caller.certificate ?? null;
  return {
    tenant,
    issuer,
    subject,
    kind,
    groups,
    scopes,
    claims,
    acts_for: actsFor,
    agent,
    initiator,
    certificate,
  };
}

function toRouteFacts({ spec, path }: Route): Facts["route"] {
  const { method, template, isAdmin, namesModel, operation } = spec;
  return {
    method,
    path: operation === "unknown" ? path : template,
    admin: isAdmin,
    names_model: namesModel,
  };
}

/** Opens the judge of one exchange. `inputBytes` bounds what a rule that reads bodies or texts may be given. */
export function createJudge(policy: Policy, subject: Subject, clock: Clock, inputBytes: number): Judge {
  const caller = toCallerFacts(subject.caller);
  const { name, kind, labels } = subject.connection;
  const connection = { name, kind, labels };
  const route = toRouteFacts(subject.route);
  let request = subject.request;

  function toContent(phase: Phase, content: Content): Pick<Facts, "body" | "texts"> | null {
    const reads = policy.readsIn.get(phase);
    if (reads === undefined || (!reads.body && !reads.texts)) return null;
    if (content.bytes > inputBytes) {
      throw new GatewayError(
        "policy_input_too_large",
        "A rule reads the content, and it is too large to be judged.",
      );
    }
    return { ...(reads.body && { body: content.body() }), ...(reads.texts && { texts: content.texts() }) };
  }

  const judge: Judge & { tokens: RequestFacts["tokens"] } = {
    version: policy.version,
    rules: policy.rules,
    speaksIn: (phase) => policy.phases.has(phase),
    tokens: request.tokens,
    setTokens(count) {
      judge.tokens = { count, exact: true };
      request = { ...request, tokens: judge.tokens };
    },
    ask(phase, added, content) {
      const facts: Facts = {
        v: 1,
        id: subject.id,
        phase,
        time: clock(Date.now()),
        caller,
        connection,
        operation: subject.route.operation,
        route,
        session: subject.session,
        request,
        objects: subject.objects,
        earlier: subject.earlier,
        tools: subject.tools,
        injection: subject.injection,
        patterns: added.patterns ?? {},
        findings: added.findings ?? {},
        ...(added.answer !== undefined && { answer: added.answer }),
        ...(added.calls !== undefined && { calls: added.calls }),
        ...(added.usage !== undefined && { usage: added.usage }),
      };
      const began = performance.now();
      const read = toContent(phase, content);
      const decision = policy.evaluate(read === null ? facts : { ...facts, ...read });
      return { phase, facts, decision, micros: Math.round((performance.now() - began) * 1000) };
    },
  };
  return judge;
}
