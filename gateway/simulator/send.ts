// Puts answers on the wire, with the faults and delays that a script asks for.
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createGzip, gzipSync } from "node:zlib";
import type { Json, JsonObject } from "../exchange.ts";
import { stringAt } from "./read-json.ts";
import type { Stage } from "./stage.ts";

/** Faults that keep the stream from its end. */
const CUTTING: ReadonlySet<string> = new Set(["reset", "stall", "garbage", "truncate"]);

/** One request on its way to an answer. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Ends when the caller goes away. */
  readonly signal: AbortSignal;
};

/** Sends JSON as it is. */
export function sendJson(
  exchange: Exchange,
  status: number,
  value: Json,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(value));
  exchange.response.writeHead(status, {
    "content-type": "application/json",
    "content-length": bytes.length,
    ...headers,
  });
  exchange.response.end(bytes);
}

/** Sends JSON the way that a stage tells: late, broken, compressed. */
export async function sendStagedJson(exchange: Exchange, value: Json, stage: Stage): Promise<void> {
  const { response } = exchange;
  await waitFor(stage.delayMs, exchange.signal);
  const bytes = Buffer.from(JSON.stringify(value));
  const json = { "content-type": "application/json" };
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  switch (stage.fault) {
    case null:
      return sendJson(exchange, 200, value);
    case "silence":
      return;
    case "stall":
      response.writeHead(200, { ...json, "content-length": bytes.length });
      response.write(half);
      return;
    case "reset":
      response.writeHead(200, { ...json, "content-length": bytes.length });
      response.write(half, () => reset(exchange));
      return;
    case "truncate":
      response.writeHead(200, json);
      response.end(half);
      return;
    case "garbage":
      response.writeHead(200, json);
      response.end("<<< not JSON >>>");
      return;
    case "content-type":
      response.writeHead(200, { "content-type": "text/html" });
      response.end(bytes);
      return;
    case "gzip":
      response.writeHead(200, { ...json, "content-encoding": "gzip" });
      response.end(gzipSync(bytes));
  }
}

/** Writes the events of a Responses stream. */
export function eventFrames(events: readonly JsonObject[]): readonly string[] {
  return events.map((event) =>
    event["type"] === "keepalive"
      ? `: keepalive\n\nevent: keepalive\ndata: ${JSON.stringify(event)}\n\n`
      : `event: ${stringAt(event, "type") ?? ""}\ndata: ${JSON.stringify(event)}\n\n`,
  );
}

/** Writes the chunks of a chat stream, with the `[DONE]` that ends it. */
export function chunkFrames(chunks: readonly JsonObject[]): readonly string[] {
  return [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"];
}

/** Sends server-sent events the way that a stage tells. */
export async function sendEvents(exchange: Exchange, frames: readonly string[], stage: Stage): Promise<void> {
  const { response, signal } = exchange;
  await waitFor(stage.delayMs, signal);
  if (stage.fault === "silence") return;
  const framed = stage.crlf ? frames.map((frame) => frame.replaceAll("\n", "\r\n")) : frames;
  const type = stage.fault === "content-type" ? "text/html" : "text/event-stream; charset=utf-8";
  const encoding = stage.fault === "gzip" ? { "content-encoding": "gzip" } : {};
  response.writeHead(200, { "content-type": type, "cache-control": "no-cache", ...encoding });
  response.flushHeaders();
  const sent = framed.slice(0, countBeforeFault(framed.length, stage));
  if (stage.fault === "gzip") {
    const gzip = createGzip();
    gzip.pipe(response);
    gzip.end(sent.join(""));
    return;
  }
  for (const piece of stage.split > 0 ? cutBytes(sent.join(""), stage.split) : sent) {
    if (signal.aborted) return;
    if (!response.write(piece)) await drained(exchange);
    if (stage.paceMs > 0) await waitFor(stage.paceMs, signal);
  }
  if (stage.fault === "stall") return;
  if (stage.fault === "reset") {
    response.write(": the connection breaks here\n\n", () => reset(exchange));
    return;
  }
  if (stage.fault === "garbage") response.write('data: {"type": "response.output_text.delta", "del\n\n');
  response.end();
}

/** Tells how many frames leave before the fault: the first few, never the terminal one. */
function countBeforeFault(frames: number, stage: Stage): number {
  const isCut = stage.fault !== null && CUTTING.has(stage.fault);
  return isCut ? Math.min(frames - 2, Math.max(5, Math.floor(frames / 2))) : frames;
}

function* cutBytes(text: string, size: number): Generator<Buffer> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal });
}

function drained({ response, signal }: Exchange): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    response.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
  });
}

function reset({ request }: Exchange): void {
  request.socket.resetAndDestroy();
}
