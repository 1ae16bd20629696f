// Puts one message of a program's before the pipeline's steps, as a request of its own.
import { createLaps, toProgress } from "../decide.ts";
import type { Decided } from "../decide.ts";
import type { OpenContext } from "../answer/create-context.ts";
import type { Sink } from "../answer/sink.ts";
import { toGatewayError } from "../errors.ts";
import type { Route } from "../exchange.ts";
import { newId } from "../new-id.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import type { CallRow } from "../record/rows.ts";
import type { SessionDeps, SessionParts } from "./session.ts";

/** A message that may go to the target. */
export type Judged = {
  readonly id: string;
  readonly decided: Decided;
  /** Opens the context of its answer; `onCalls` is told what became of each call once that is durable. */
  openContext(onCalls?: (calls: readonly CallRow[]) => void, sink?: Sink): OpenContext;
};

/** Errors behind which a socket takes nothing more: nobody knows who speaks, or what. */
const CLOSING: ReadonlySet<string> = new Set([
  "body_invalid",
  "message_unreadable",
  "token_expired",
  "token_revoked",
  "token_invalid",
]);

/**
 * Judges a message. Gives null where it is refused, which is then recorded and told by the sink; rejects where the
 * socket must close. `adapt` says what it is judged as, and may throw.
 */
export async function judgeMessage(
  { decider, parser, events }: SessionDeps,
  parts: SessionParts,
  message: {
    readonly data: Buffer;
    readonly route: Route;
    readonly sink: Sink;
    readonly adapt: (parsed: ParsedRequest) => ParsedRequest;
    /** What it asks for is under way. */
    readonly isFixed?: true;
  },
): Promise<Judged | null> {
  const { data, route, sink } = message;
  const { open, sessionHeader, betaHeader } = parts;
  const id = newId();
  events.exchangeBegan();
  const progress = toProgress(id, parts.incoming, sink);
  progress.route = route;
  progress.open = open;
  progress.requestBytes = data.length;
  const lap = createLaps(progress);
  try {
    const found = parts.authenticate();
    const caller = "then" in found ? await found : found;
    progress.caller = caller;
    lap("identity");
    const { tenant } = caller;
    const parsed = await parser.parseInTurns({
      route,
      query: "",
      contentType: "application/json",
      betaHeader,
      bytes: data,
      tenant,
    });
    const request = message.adapt(parsed);
    progress.request = request;
    lap("parse");
    const asked = { caller, route, open, request, sessionHeader };
    const decided = await decider.decide(
      progress,
      message.isFixed ? { ...asked, isFixed: true } : asked,
      lap,
    );
    return {
      id,
      decided,
      openContext: (onCalls, own = sink) =>
        decider.openContext(progress, decided, own, () => undefined, onCalls),
    };
  } catch (thrown) {
    const error = toGatewayError(thrown);
    await decider.turnAway(progress, error);
    if (CLOSING.has(error.code)) throw error;
    return null;
  }
}
