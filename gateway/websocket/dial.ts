// Opens the socket to a connection's target.
import type { ClientRequestArgs, IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { WebSocket } from "ws";
import { GatewayError } from "../errors.ts";
import type { Outbound } from "../forward/outbound.ts";

export type Dialing = {
  /** The target's base URL. */
  readonly baseUrl: string;
  /** The path below it, with its query. */
  readonly path: string;
  /** A flat list of names and values. */
  readonly headers: readonly string[];
  readonly connectMs: number;
  readonly outbound: Outbound;
  readonly messageBytes: number;
  /** Ends the attempt: the caller left. */
  readonly signal: AbortSignal;
};

/** The open socket, which does not read yet, or the answer that the target gave instead. */
export type Dialed = { readonly socket: WebSocket } | { readonly refusal: IncomingMessage };

/** Calls the target. Rejects with `target_unreachable` or `target_timeout`, and where the signal ends it. */
export function dial(dialing: Dialing): Promise<Dialed> {
  const { baseUrl, path, headers, signal } = dialing;
  const url = new URL(baseUrl.replace(/\/$/, "") + path);
  const { protocol, port } = url;
  url.protocol = protocol === "https:" ? "wss:" : "ws:";
  const connect = dialing.outbound.connector(dialing.connectMs);
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      headers: toRecord(headers),
      handshakeTimeout: dialing.connectMs,
      maxPayload: dialing.messageBytes,
      perMessageDeflate: false,
      // A redirect would take the credential elsewhere.
      followRedirects: false,
      ...(connect !== null &&
        ({
          createConnection(_, created) {
            const { host, hostname } = url;
            const asked = { host, hostname: hostname.replace(/^\[|\]$/g, ""), protocol, port };
            connect(asked, (...[error, opened]) => {
              if (error === null) created(null, opened);
              else created(error, new Socket().destroy());
            });
            return undefined;
          },
        } satisfies ClientRequestArgs)),
    });
    const leave = (): void => socket.terminate();
    signal.addEventListener("abort", leave, { once: true });
    const settled = (): void => signal.removeEventListener("abort", leave);
    socket.once("open", () => {
      settled();
      socket.pause();
      resolve({ socket });
    });
    socket.once("unexpected-response", (_, answer) => {
      settled();
      resolve({ refusal: answer });
    });
    // After the handshake errors are told by the close that follows.
    socket.on("error", (cause) => {
      settled();
      const isLate = cause.message === "Opening handshake has timed out";
      reject(
        isLate
          ? new GatewayError("target_timeout", "The target did not answer in time.", { cause })
          : new GatewayError("target_unreachable", "The target could not be reached.", { cause }),
      );
    });
  });
}

function toRecord(headers: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i + 1 < headers.length; i += 2) record[headers[i] ?? ""] = headers[i + 1] ?? "";
  return record;
}
