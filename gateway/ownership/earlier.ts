// Tells what one exchange leaves behind in a conversation that lies with the provider.
import type { Earlier, Usage } from "../exchange.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { addUp, UNSEEN } from "../record/earlier.ts";
import type { EarlierTurns } from "../record/earlier.ts";
import type { Left } from "../record/rows.ts";

/** As many tools as facts may hold. */
const MOST = 64;

const NONE: Left = { held: null, conversation: null };

/** Finds what a request continues; null where it continues nothing that lies with the provider. */
export async function findEarlier(
  turns: EarlierTurns,
  connection: string,
  request: ParsedRequest,
): Promise<Earlier | null> {
  const response = find(request, "response");
  const conversation = find(request, "conversation");
  if (response === null && conversation === null) return request.facts.server_state ? UNSEEN : null;
  const parts: Earlier[] = [];
  if (response !== null) parts.push(await turns.ofResponse(connection, response));
  if (conversation !== null) parts.push(await turns.ofConversation(connection, conversation));
  return parts.reduce(addUp);
}

/** Puts together what an exchange leaves that has ended. */
export function toLeft(
  request: ParsedRequest,
  earlier: Earlier | null,
  end: {
    readonly outcome: "completed" | "refused" | "failed" | "aborted";
    /** Whether the answer was told to its end: what runs in the background, or broke off, has more to it than was seen. */
    readonly isEnded: boolean;
    readonly answerId: string | null;
    readonly usage: Usage | null;
    readonly tokens: number;
    readonly labels: Iterable<string>;
    readonly findings: readonly Readonly<Record<string, number>>[];
  },
): Left {
  const { spec } = request.route;
  const isMade = spec.makes === "response" && request.facts.store !== false && end.answerId !== null;
  const isAdding = spec.method === "POST" && spec.dialect === "responses" && end.outcome !== "refused";
  const conversation = !isAdding
    ? null
    : spec.makes === "conversation"
      ? end.answerId
      : find(request, "conversation");
  if (!isMade && conversation === null) return NONE;
  const before = earlier?.tokens ?? 0;
  const isWhole = end.outcome === "completed" && (!request.facts.background || end.isEnded);
  const runs = { before: earlier?.complete ?? true, conversation };
  const { usage } = end;
  const one: Earlier = {
    complete: isWhole,
    turns: 1,
    // The provider counts what it is given of earlier turns as the input of this one.
    tokens: usage === null ? end.tokens : usage.total_tokens - (usage.estimated ? 0 : before),
    labels: [...end.labels].slice(0, MOST),
    findings: end.findings.map(toEarlier).reduce(addUp, EMPTY).findings,
    tools: [...new Set(request.tools.map(({ name, type }) => name ?? type))].slice(0, MOST),
  };
  return {
    held: isMade ? { ...addUp(earlier ?? EMPTY, one), ...(!isWhole && { runs }) } : null,
    conversation: conversation === null ? null : { id: conversation, added: one },
  };
}

const EMPTY: Earlier = { ...UNSEEN, complete: true };

function toEarlier(findings: Readonly<Record<string, number>>): Earlier {
  return { ...EMPTY, findings };
}

function find(request: ParsedRequest, kind: "response" | "conversation"): string | null {
  return request.references.find((reference) => reference.kind === kind)?.id ?? null;
}
