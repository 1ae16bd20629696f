// Asks a proxy for a connection to a host (CONNECT, RFC 9110 section 9.3.6), over which nobody but that host is spoken to.
import { request as requestPlain } from "node:http";
import { request as requestOverTls } from "node:https";
import { isIPv6 } from "node:net";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";

/** A proxy, and what it wants to be shown. */
export type Proxy = {
  /** Without user and password. */
  readonly url: string;
  /** `user:password`; it stands in no message. */
  readonly credential: string | null;
};

// Says that a proxy gives no connection.
class ProxyError extends Error {
  readonly code: "PROXY_REFUSED" | "PROXY_UNREACHABLE" | "UND_ERR_CONNECT_TIMEOUT";

  constructor(code: ProxyError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProxyError";
    this.code = code;
  }
}

/** Calls back once, with the connection or why there is none. */
type Opened = (...outcome: [error: null, socket: Socket] | [error: ProxyError, socket: null]) => void;

/** Opens the connection. */
export function openTunnel(
  proxy: Proxy,
  target: { readonly host: string; readonly port: number },
  options: { readonly timeoutMs: number; readonly secureContext: SecureContext | null },
  opened: Opened,
): void {
  const { timeoutMs, secureContext } = options;
  const url = new URL(proxy.url);
  const authority = `${isIPv6(target.host) ? `[${target.host}]` : target.host}:${target.port}`;
  const { credential } = proxy;
  const asked = {
    method: "CONNECT",
    path: authority,
    headers: {
      host: authority,
      ...(credential !== null && {
        "proxy-authorization": `Basic ${Buffer.from(credential).toString("base64")}`,
      }),
    },
    agent: false,
    ...(secureContext !== null && { secureContext }),
  };
  const request = url.protocol === "https:" ? requestOverTls(url, asked) : requestPlain(url, asked);
  const timer = setTimeout(() => {
    request.destroy(new ProxyError("UND_ERR_CONNECT_TIMEOUT", "The proxy did not answer in time."));
  }, timeoutMs);
  const refused = (status: number | undefined): ProxyError =>
    new ProxyError("PROXY_REFUSED", `The proxy answered with status ${status}.`);
  request.once("connect", (answer, socket: Socket, head) => {
    clearTimeout(timer);
    if (answer.statusCode !== 200) {
      socket.destroy();
      opened(refused(answer.statusCode), null);
      return;
    }
    if (head.length > 0) socket.unshift(head);
    opened(null, socket);
  });
  request.once("response", (answer) => void request.destroy(refused(answer.statusCode)));
  request.once("error", (cause) => {
    clearTimeout(timer);
    const isOurs = cause instanceof ProxyError;
    opened(
      isOurs ? cause : new ProxyError("PROXY_UNREACHABLE", "The proxy could not be reached.", { cause }),
      null,
    );
  });
  request.end();
}
