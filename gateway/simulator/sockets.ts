// The simulated API's WebSockets: which path is served by what, and what an upgrade is refused with.
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { ApiError } from "./api-error.ts";

export type SocketRoute = (socket: WebSocket, url: URL) => void;

/**
 * Serves the paths on a server. `check` throws an `ApiError` for a request that may not come in; `see` is shown each
 * request, without a body, and each message.
 */
export function serveSockets(
  server: Server,
  routes: ReadonlyMap<string, SocketRoute>,
  check: (request: IncomingMessage) => void,
  see: (request: IncomingMessage, body: Buffer) => void,
): { close(): void } {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has("realtime") ? "realtime" : false),
  });
  server.on("upgrade", (request, raw: Duplex, head) => {
    raw.on("error", () => undefined);
    try {
      see(request, Buffer.alloc(0));
      check(request);
      const url = new URL(request.url ?? "/", "http://simulated");
      const route = routes.get(url.pathname);
      if (route === undefined) throw new ApiError(404, `Invalid URL (GET ${url.pathname})`);
      sockets.handleUpgrade(request, raw, head, (socket) => {
        socket.on("message", (data) => see(request, Buffer.isBuffer(data) ? data : Buffer.alloc(0)));
        route(socket, url);
      });
    } catch (thrown) {
      refuse(raw, thrown instanceof ApiError ? thrown : new ApiError(500, "The simulator failed."));
    }
  });
  return {
    close() {
      for (const socket of sockets.clients) socket.terminate();
    },
  };
}

function refuse(raw: Duplex, error: ApiError): void {
  const body = JSON.stringify(error.body);
  raw.end(
    `HTTP/1.1 ${error.status} Refused\r\ncontent-type: application/json\r\nx-tollgate-simulated: true\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
