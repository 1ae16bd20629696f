// Keeps the traces that a caller sends, and says whether the target gets them too.
import type { AnswerContext } from "../answer/context.ts";
import type { Caller, Decision, JsonObject } from "../exchange.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import type { Recorder } from "../record/recorder.ts";
import { readTraces } from "./read-traces.ts";
import { toForwarded } from "./forwarded-traces.ts";

/** Gives the first response that a batch of traces tells of: the session that it belongs to is the response's. */
export function findTracedResponse(request: ParsedRequest): string | null {
  if (request.route.operation !== "traces.ingest") return null;
  return readTraces(request.body()).spans.find(({ responseId }) => responseId !== null)?.responseId ?? null;
}

/** Traces that came, masked, and what was decided about them. */
export type Traces = {
  readonly id: string;
  readonly caller: Caller;
  readonly body: JsonObject;
  readonly decision: Decision;
};

/** Records the traces; gives what goes to the target, null where no rule forwards them. */
export async function takeTraces(
  recorder: Pick<Recorder, "traced">,
  { id, caller, body, decision }: Traces,
): Promise<Buffer | null> {
  await recorder.traced({ ...readTraces(body), caller, exchangeId: id, at: Date.now() });
  return decision.forward.length === 0 ? null : toForwarded(body);
}

/** Answers as the API does that has taken traces. */
export async function answerTraces(context: AnswerContext): Promise<void> {
  await context.close({
    outcome: "completed",
    httpStatus: 204,
    errorCode: null,
    model: null,
    usage: null,
    responseId: null,
  });
  context.sink.head(204, {});
  context.sink.end();
}
