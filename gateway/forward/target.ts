// Sends one request to a connection's target and hands over its answer chunk by chunk, with backpressure and abort.
import { Readable } from "node:stream";
import { Pool } from "undici";
import type { Dispatcher } from "undici";
import { GatewayError, toGatewayError } from "../errors.ts";
import type { Outbound } from "./outbound.ts";

/** What comes so soon behind a piece goes on with what comes next: a stream that is quick is read and written in fewer pieces. */
const PACE_MS = 4;
/** So many bytes wait for no more. */
const ENOUGH = 16 * 1024;

/** Time limits towards a target, in milliseconds. There is no limit on the whole: answers may be long. */
export type TargetTimeouts = {
  readonly connect_ms: number;
  readonly first_byte_ms: number;
  readonly idle_ms: number;
};

export type TargetRequest = {
  readonly method: string;
  /** Path below the base URL, with its query. */
  readonly path: string;
  readonly headers: string[];
  /** The bytes, or what gives them as fast as the target takes them; the headers then tell the length. */
  readonly body: Buffer | AsyncGenerator<Buffer, void, undefined> | null;
};

export type TargetAnswer = {
  /** Called once, with the status and lower-case headers. */
  onHead(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** Called at most once, and nothing after it. */
  onError(error: GatewayError): void;
};

/** The answer on its way: it can be held back and cut off. */
export type TargetCall = { pause(): void; resume(): void; abort(): void };

export type Target = {
  send(request: TargetRequest, answer: TargetAnswer): TargetCall;
  close(): Promise<void>;
};

const TIMEOUTS = new Set([
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "ETIMEDOUT",
]);

/** What goes wrong before a connection stands. */
const UNREACHED = new Set([
  "ECONNREFUSED",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Tells whether an error says that nothing has reached the target. */
export function isUnreached({ code, cause }: GatewayError): boolean {
  return (code === "target_unreachable" || code === "target_timeout") && UNREACHED.has(codeOf(cause));
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : "";
}

function toTargetError(error: unknown, begun: boolean): GatewayError {
  if (TIMEOUTS.has(codeOf(error))) {
    return new GatewayError("target_timeout", "The target did not answer in time.", { cause: error });
  }
  return begun
    ? new GatewayError("target_broke_off", "The target's answer ended before it was whole.", { cause: error })
    : new GatewayError("target_unreachable", "The target could not be reached.", { cause: error });
}

/** An iterator that is aborted ends its stream, and so lets go of what it reads from. */
function toBody(body: TargetRequest["body"]): Buffer | Readable | null {
  return body === null || Buffer.isBuffer(body) ? body : Readable.from(body, { objectMode: false });
}

/**
 * Opens a pool of connections to a target, as many as there are calls unless a number is given: a call that waited for
 * another one's end would wait for as long as a stream stays open, and programs' connections have a limit of their own.
 * Redirects are never followed, and nothing is retried: a request may have
 * been acted on.
 */
export function createTarget(
  baseUrl: string,
  timeouts: TargetTimeouts,
  outbound: Outbound,
  connections: number | null = null,
): Target {
  const base = new URL(baseUrl);
  const prefix = base.pathname.replace(/\/$/, "");
  const connect = outbound.connector(timeouts.connect_ms);
  const pool = new Pool(base.origin, {
    connections,
    pipelining: 1,
    headersTimeout: timeouts.first_byte_ms,
    bodyTimeout: timeouts.idle_ms,
    connectTimeout: timeouts.connect_ms,
    keepAliveTimeout: 30_000,
    ...(connect !== null && { connect }),
  });

  return {
    send(request, answer) {
      let controller: Dispatcher.DispatchController | null = null;
      let begun = false;
      let done = false;
      let waiting: Buffer[] = [];
      let waitingBytes = 0;
      let isDue = false;
      let handedOver = 0;

      /** What came with one read of the socket goes on as one piece: an answer's chunks are often but an event each. */
      function handOver(): void {
        isDue = false;
        const [first, ...others] = waiting;
        if (done || first === undefined) return;
        const bytes = others.length === 0 ? first : Buffer.concat(waiting, waitingBytes);
        waiting = [];
        waitingBytes = 0;
        handedOver = performance.now();
        try {
          answer.onData(bytes);
        } catch (error) {
          done = true;
          controller?.abort(new Error("the answer could not be read"));
          answer.onError(toGatewayError(error));
        }
      }

      const options = {
        method: request.method,
        path: prefix + request.path,
        headers: request.headers,
        body: toBody(request.body),
      } satisfies Dispatcher.DispatchOptions;
      pool.dispatch(options, {
        onRequestStart(started) {
          controller = started;
          if (done) started.abort(new Error("the caller left"));
        },
        onResponseStart(_, status, headers) {
          if (done || status < 200) return;
          begun = true;
          answer.onHead(status, headers);
        },
        onResponseData(_, chunk) {
          if (done) return;
          waiting.push(chunk);
          waitingBytes += chunk.length;
          if (isDue || (waiting.length > 1 && waitingBytes < ENOUGH)) return;
          isDue = waitingBytes >= ENOUGH || performance.now() - handedOver >= PACE_MS;
          if (isDue) process.nextTick(handOver);
          else setTimeout(handOver, PACE_MS);
        },
        onResponseEnd() {
          handOver();
          if (done) return;
          done = true;
          answer.onEnd();
        },
        onResponseError(_, error) {
          handOver();
          if (done) return;
          done = true;
          answer.onError(toTargetError(error, begun));
        },
      });
      return {
        pause: () => controller?.pause(),
        resume: () => controller?.resume(),
        abort() {
          if (done) return;
          done = true;
          controller?.abort(new Error("the caller left"));
        },
      };
    },
    close: () => pool.destroy(),
  };
}
