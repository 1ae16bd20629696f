// Puts what policy asks people about a request to them, and waits as long as its program does.
import type { Approvals } from "./approvals/approvals.ts";
import { toSignal } from "./answer/sink.ts";
import type { OpenConnection } from "./connections/registry.ts";
import type { Caller, RuleText } from "./exchange.ts";
import type { Progress } from "./journal.ts";
import type { Verdict } from "./judge.ts";
import type { Names } from "./mask/names.ts";
import type { ParsedRequest } from "./parse/parsed.ts";
import { unsupported } from "./policy/unsupported.ts";
import { toRecordedFacts } from "./record-names.ts";
import { digestContent } from "./request/content-digest.ts";
import type { TakenBody } from "./request/request-body.ts";
import { toRequestTexts } from "./request/request-texts.ts";

/** How a request waits for people. */
export type Waiting = {
  /** What goes to the target besides the body: method, path, query, and the headers that say how it is meant. */
  readonly head: readonly (string | null)[];
  /** Milliseconds from its beginning until its program gives up. */
  readonly patienceMs: number;
  /** Knows caller and connection anew: either may have ended meanwhile. */
  readonly renew: () => Promise<{ readonly caller: Caller; readonly open: OpenConnection }>;
};

type Held = {
  readonly caller: Caller;
  readonly open: OpenConnection;
  readonly request: ParsedRequest;
  readonly body?: TakenBody;
  readonly waiting?: Waiting;
};

/**
 * Lets a request pass whose every question has its yes. Gives `again` where policy has to decide anew first. Throws as the
 * approvals do, and `policy_effect_unsupported` where a request came by a way on which nothing can wait.
 */
export async function askPeople(
  approvals: Approvals,
  progress: Progress,
  held: Held,
  verdict: Verdict,
  { names, rules }: { readonly names: Names; readonly rules: ReadonlyMap<string, RuleText> },
): Promise<"pass" | "again"> {
  const { caller, open, request, body, waiting } = held;
  const questions = verdict.decision.require_approval;
  if (questions.length === 0) return "pass";
  const { version } = progress;
  if (waiting === undefined || body === undefined || version === null || progress.maskTexts === null)
    throw unsupported(
      "require_approval",
      questions.map(({ code }) => code),
    );
  const facts = toRecordedFacts(verdict.facts, names);
  const questioned = {
    caller,
    connection: open.connection.name,
    operation: request.route.operation,
    model: facts.request.model,
    exchangeId: progress.id,
    content: JSON.stringify([waiting.head, await digestContent(body)]),
    version,
    facts,
    texts: progress.maskTexts(toRequestTexts(request)),
    questions,
    rules,
  };
  const ms = waiting.patienceMs - (performance.now() - progress.began);
  const wait = { caller, bytes: request.bytes.length, ms, signal: toSignal(progress.sink) };
  return approvals.pass(questioned, wait);
}

/** Milliseconds that a request is held: the program, that waits so long for each read, still gets an answer then. */
export function toPatience(clientTimeoutMs: number): number {
  return Math.max(clientTimeoutMs / 2, clientTimeoutMs - 30_000);
}
