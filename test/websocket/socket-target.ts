// A target whose WebSockets the test holds in its hand: it says and reads what the test does, when the test does it.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";

/** The target's end of one socket. */
export type Opened = {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** What has come so far, a text a message. */
  readonly received: readonly string[];
  say(value: object): void;
  /** The close, once it has come. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
};

export type SocketTarget = {
  /** The base URL, with `/v1`. */
  readonly url: string;
  /** Waits for the next socket that is opened. */
  next(): Promise<Opened>;
  close(): Promise<void>;
};

/** Starts the target on a free port of the loopback address; requests that ask for no socket are answered with 404. */
export async function startSocketTarget(): Promise<SocketTarget> {
  const server = createServer((_, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  const opened: Opened[] = [];
  const asking: ((opened: Opened) => void)[] = [];
  sockets.on("connection", (socket, request) => {
    const received: string[] = [];
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => received.push(data.toString("utf8")));
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.once("close", (code, reason) => resolve({ code, reason: reason.toString("utf8") }));
    });
    const one: Opened = {
      socket,
      request,
      received,
      say: (value) => socket.send(JSON.stringify(value)),
      closed,
    };
    const ask = asking.shift();
    if (ask === undefined) opened.push(one);
    else ask(one);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    async next() {
      const first = opened.shift();
      if (first !== undefined) return first;
      return new Promise((resolve) => asking.push(resolve));
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
