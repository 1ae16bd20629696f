// A WebSocket client for tests that keeps what it was told.
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { WebSocket } from "ws";
import { z } from "zod";

const message = z.looseObject({ type: z.string() });
export type Message = z.output<typeof message>;

export type Client = {
  readonly socket: WebSocket;
  readonly received: readonly Message[];
  send(value: unknown): void;
  /** Waits for a message that fits, counted from where the last wait ended; rejects where the socket closes before. */
  until(fits: (message: Message) => boolean): Promise<Message>;
  /** The close, once it has come. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
};

export type Refusal = {
  readonly status: number;
  readonly body: unknown;
  readonly headers: IncomingMessage["headers"];
};

/** What an upgrade is asked with. */
export type Asking = {
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
};

function connect(url: string, { token, headers = {}, protocols = [] }: Asking): WebSocket {
  const own = token === undefined || token === null ? {} : { authorization: `Bearer ${token}` };
  return new WebSocket(url.replace(/^http/, "ws"), [...protocols], {
    headers: { ...own, ...headers },
    perMessageDeflate: false,
  });
}

/** Opens a socket; throws where it is refused. */
export async function openSocket(url: string, asking: Asking): Promise<Client> {
  const socket = connect(url, asking);
  const received: Message[] = [];
  let seen = 0;
  let wake: () => void = () => undefined;
  let close: { code: number; reason: string } | null = null;
  socket.on("message", (data: Buffer) => {
    received.push(message.parse(JSON.parse(data.toString("utf8"))));
    wake();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => {
      close = { code, reason: reason.toString("utf8") };
      resolve(close);
      wake();
    });
  });
  await once(socket, "open");
  return {
    socket,
    received,
    send: (value) =>
      socket.send(typeof value === "string" || Buffer.isBuffer(value) ? value : JSON.stringify(value)),
    async until(fits) {
      for (;;) {
        while (seen < received.length) {
          const next = received[seen];
          seen += 1;
          if (next !== undefined && fits(next)) return next;
        }
        if (close !== null) throw new Error(`The socket closed: ${JSON.stringify(close)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    closed,
  };
}

/** Asks for a socket that is refused, and gives the answer. */
export async function askRefused(url: string, asking: Asking): Promise<Refusal> {
  const socket = connect(url, asking);
  return new Promise((resolve, reject) => {
    socket.once("open", () => reject(new Error("The socket was opened.")));
    socket.once("error", reject);
    socket.once("unexpected-response", (_, answer) => {
      void text(answer).then((body) =>
        resolve({ status: answer.statusCode ?? 0, body: JSON.parse(body), headers: answer.headers }),
      );
    });
  });
}
