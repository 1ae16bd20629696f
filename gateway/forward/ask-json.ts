// Asks a service beside the gateway by one request of JSON, and gives its answer whole.
import type { Outbound } from "./outbound.ts";
import { createTarget } from "./target.ts";
import type { TargetCall } from "./target.ts";

/** A service that is asked. */
export type JsonService = {
  /** Posts a body; gives the bytes of an answer with status 200. Rejects where there is none, and when `signal` aborts. */
  ask(body: Buffer, signal: AbortSignal): Promise<Buffer>;
  close(): Promise<void>;
};

/** Opens connections to a service, at most so many; a longer answer than `mostBytes` is none. Redirects are not followed. */
export function createJsonService(
  baseUrl: string,
  path: string,
  options: {
    readonly outbound: Outbound;
    readonly timeoutMs: number;
    readonly connections: number;
    readonly mostBytes: number;
  },
): JsonService {
  const { outbound, timeoutMs, connections, mostBytes } = options;
  const timeouts = { connect_ms: timeoutMs, first_byte_ms: timeoutMs, idle_ms: timeoutMs };
  const target = createTarget(baseUrl, timeouts, outbound, connections);
  return {
    close: () => target.close(),
    ask(body, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const pieces: Buffer[] = [];
        let size = 0;
        let call: TargetCall | null = null;
        const fail = (error: unknown): void => {
          signal.removeEventListener("abort", stop);
          call?.abort();
          reject(error);
        };
        const stop = (): void => fail(signal.reason);
        const headers = [
          "content-type",
          "application/json",
          "accept",
          "application/json",
          "content-length",
          String(body.length),
        ];
        call = target.send(
          { method: "POST", path, headers, body },
          {
            onHead(status) {
              if (status !== 200) fail(new Error(`The service answered with status ${status}.`));
            },
            onData(chunk) {
              pieces.push(chunk);
              size += chunk.length;
              if (size > mostBytes) fail(new Error("The service's answer is over the limit."));
            },
            onEnd() {
              signal.removeEventListener("abort", stop);
              resolve(Buffer.concat(pieces, size));
            },
            onError: fail,
          },
        );
        signal.addEventListener("abort", stop, { once: true });
      });
    },
  };
}
