// A target that keeps what reaches it and answers with what it was given.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { WebSocketServer } from "ws";

export type Arrived = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

export type MirrorAnswer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
};

export type Mirror = {
  /** The base URL, with `/v1`. */
  readonly url: string;
  /** What has arrived so far, in its order. */
  readonly arrived: readonly Arrived[];
  /** Says what comes next as an answer, until something else is said. */
  answer(answer: MirrorAnswer): void;
  /** The headers of the sockets that were opened so far. */
  readonly opened: readonly IncomingHttpHeaders[];
  /** What has arrived by WebSockets so far, a text a message. */
  readonly messages: readonly string[];
  /** Says what a WebSocket sends for each message that it takes, or makes it of the message. */
  reply(message: object | ((taken: string) => object)): void;
  close(): Promise<void>;
};

/** Starts the target on a free port of the loopback address. */
export async function startMirror(): Promise<Mirror> {
  const arrived: Arrived[] = [];
  let next: MirrorAnswer = { body: "{}" };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      arrived.push({ method, url, headers, body: Buffer.concat(chunks) });
      response.writeHead(next.status ?? 200, { "content-type": "application/json", ...next.headers });
      response.end(next.body);
    });
  });
  const messages: string[] = [];
  let said: (taken: string) => object = () => ({ type: "nothing" });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  const opened: IncomingHttpHeaders[] = [];
  sockets.on("connection", (socket, { headers }) => {
    opened.push(headers);
    socket.on("message", (data: Buffer) => {
      const taken = data.toString("utf8");
      messages.push(taken);
      socket.send(JSON.stringify(said(taken)));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    arrived,
    answer(answer) {
      next = answer;
    },
    opened,
    messages,
    reply(message) {
      said = (taken) => (typeof message === "function" ? message(taken) : message);
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
