// A provider that answers each request as the test wrote, and keeps what reached it to the byte.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** Names and values as they stand in a message. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** What the provider answers. */
export type Answer = {
  readonly status: number;
  readonly headers?: Pairs;
  /** Written one by one, with a pause between them where `paceMs` says so. */
  readonly body?: readonly (string | Buffer)[];
  readonly paceMs?: number;
  /** Statuses of interim answers that come before. */
  readonly interim?: readonly number[];
  readonly trailers?: Pairs;
  /** The connection breaks behind the last piece. */
  readonly breaksOff?: true;
};

/** What reached the provider. */
export type Received = {
  readonly method: string;
  readonly url: string;
  readonly headers: Pairs;
  readonly body: Buffer;
  readonly trailers: Pairs;
};

export type Provider = {
  /** With `/v1`. */
  readonly url: string;
  /** Says what requests with this id are answered. */
  answer(id: string, answer: Answer): void;
  /** Gives what has come with this id, and forgets it. */
  take(id: string): readonly Received[];
  close(): Promise<void>;
};

/** The one header by which a request is known on both ways: the gateway lets it through as it is. */
export const ID_HEADER = "x-client-request-id";

/** Starts the provider on a free port of the loopback address. */
export async function startProvider(): Promise<Provider> {
  const answers = new Map<string, Answer>();
  const received = new Map<string, Received[]>();
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    void serve(request, response);
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = String(request.headers[ID_HEADER]);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(request, "end");
    const one = {
      method: request.method ?? "",
      url: request.url ?? "",
      headers: toPairs(request.rawHeaders),
      body: Buffer.concat(chunks),
      trailers: toPairs(request.rawTrailers),
    };
    received.set(id, [...(received.get(id) ?? []), one]);
    await give(response, answers.get(id) ?? { status: 500 });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    answer(id, answer) {
      answers.set(id, answer);
    },
    take(id) {
      const found = received.get(id) ?? [];
      received.delete(id);
      answers.delete(id);
      return found;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function give(response: ServerResponse, answer: Answer): Promise<void> {
  const { status, headers = [], body = [], paceMs = 0, trailers = [], interim = [] } = answer;
  for (const one of interim) {
    if (one === 103) response.writeEarlyHints({ link: "</a>; rel=preload" });
    else response.writeProcessing();
  }
  const announced: Pairs =
    trailers.length === 0 ? [] : [["trailer", trailers.map(([name]) => name).join(", ")]];
  response.writeHead(status, [...headers, ...announced].flat());
  for (const piece of body) {
    response.write(piece);
    if (paceMs > 0) await sleep(paceMs);
  }
  if (trailers.length > 0)
    response.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
  // What has been written arrives; then the connection ends, and the answer with it.
  if (answer.breaksOff === true) response.socket?.end();
  else response.end();
}

/** Pairs up Node's flat list, names in lower case. */
export function toPairs(raw: readonly string[]): Pairs {
  return raw.flatMap((name, index): Pairs =>
    index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? ""]] : [],
  );
}
