// Serves `exchanges.reveal`: who may, by policy, is shown the originals of an exchange, and every try is written down.
import type { AnswerContext } from "./answer/context.ts";
import type { Decided } from "./decide.ts";
import { GatewayError } from "./errors.ts";
import type { Route } from "./exchange.ts";
import type { Progress } from "./journal.ts";
import type { Names } from "./mask/names.ts";
import type { ParsedRequest } from "./parse/parsed.ts";
import type { Reveals } from "./record/reveals.ts";

const OPERATION = "exchanges.reveal";
const SHORTEST_REASON = 10;
const LONGEST_REASON = 500;

/** Says whether a request asks for originals. */
export function asksForOriginals(route: Route | null): boolean {
  return route?.operation === OPERATION;
}

/** Gives the answer that shows the originals, once it is durable who gets them and why. */
export async function showOriginals(
  reveals: Reveals,
  id: string,
  { caller, route, request }: Decided,
  names: Names,
): Promise<Buffer> {
  const exchangeId = toExchangeId(route);
  const reason = readReason(request);
  if (exchangeId === null || reason === null)
    throw new GatewayError(
      "body_shape",
      `The member \`/reason\` must be a text of ${SHORTEST_REASON} to ${LONGEST_REASON} characters.`,
      { param: "/reason" },
    );
  const originals = await reveals.show({ id, caller, exchangeId, reason: names.mask(reason) });
  return Buffer.from(JSON.stringify({ object: "exchange.originals", exchange: exchangeId, originals }));
}

/** Writes down that originals were asked for in vain, as far as it is known who asked for which, and why. */
export async function noteRefused(
  reveals: Reveals,
  { id, caller, route, request }: Progress,
  names: Names,
  error: GatewayError,
): Promise<void> {
  if (caller === null || route === null || error.code === "record_unavailable") return;
  const reason = request === null ? null : readReason(request);
  const told = reason === null ? null : names.mask(reason);
  await reveals.refused({ id, caller, exchangeId: toExchangeId(route), reason: told }, error.recordedCode);
}

/** Sends the originals, once their exchange's end is durable. */
export async function answerOriginals(context: AnswerContext, body: Buffer): Promise<void> {
  await context.close({
    outcome: "completed",
    httpStatus: 200,
    errorCode: null,
    model: null,
    usage: null,
    responseId: null,
  });
  context.sink.head(200, {
    "content-type": "application/json",
    "content-length": String(body.length),
    "cache-control": "no-store",
  });
  context.sink.end(body);
}

function toExchangeId({ path }: Route): string | null {
  return /^\/tollgate\/exchanges\/([^/]{1,256})\/reveal$/.exec(path)?.[1] ?? null;
}

function readReason(request: ParsedRequest): string | null {
  const reason = request.body()?.["reason"];
  if (typeof reason !== "string") return null;
  const plain = reason.trim();
  return plain.length >= SHORTEST_REASON && plain.length <= LONGEST_REASON ? plain : null;
}
