// A client of HTTP that sends what it is given, header by header, and tells all that came back.
import { request as open } from "node:http";
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import { toPairs } from "./provider.ts";
import type { Pairs } from "./provider.ts";

/** What is sent; framing is said in so many headers. */
export type Request = {
  readonly method: string;
  /** Below `/v1`, with its query. */
  readonly path: string;
  readonly headers: Pairs;
  /** Sent piece by piece; absent: none. */
  readonly body?: readonly (string | Buffer)[];
  /** Without a length. */
  readonly isChunked?: true;
  readonly trailers?: Pairs;
  /** Sends the body once the other side asks for it. */
  readonly expects?: true;
};

/** What came back. */
export type Told = {
  readonly status: number;
  readonly headers: Pairs;
  readonly body: Buffer;
  readonly trailers: Pairs;
  /** Statuses of interim answers. */
  readonly interim: readonly number[];
  /** Whether it ended as it said that it would. */
  readonly isWhole: boolean;
  /** Whether it came over a connection that an earlier answer had left open. */
  readonly isReused: boolean;
};

/** Sends one request and reads its answer to the end. Rejects where none begins. */
export function ask(baseUrl: string, agent: Agent, request: Request, own: Pairs): Promise<Told> {
  const { method, path, body, trailers = [] } = request;
  const pieces = (body ?? []).map((piece) => Buffer.from(piece));
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  const framing: Pairs =
    request.isChunked === true
      ? [["transfer-encoding", "chunked"]]
      : body === undefined
        ? []
        : [["content-length", String(size)]];
  const url = new URL(baseUrl);
  const announced: Pairs =
    trailers.length === 0 ? [] : [["trailer", trailers.map(([name]) => name).join(", ")]];
  const expecting: Pairs = request.expects === true ? [["expect", "100-continue"]] : [];
  const headers = [
    ["host", url.host] as const,
    ...own,
    ...request.headers,
    ...framing,
    ...announced,
    ...expecting,
  ];
  return new Promise((resolve, reject) => {
    const { hostname: host, port } = url;
    const sent = open({ host, port, agent, method, path: url.pathname + path, headers: headers.flat() });
    const interim: number[] = [];
    sent.on("information", ({ statusCode }) => interim.push(statusCode));
    sent.on("continue", () => interim.push(100));
    sent.once("error", reject);
    sent.once("response", (incoming) => {
      void read(incoming).then((rest) => {
        const isReused = sent.reusedSocket;
        resolve({
          status: incoming.statusCode ?? 0,
          headers: toPairs(incoming.rawHeaders),
          interim,
          isReused,
          ...rest,
        });
      });
    });
    if (request.expects === true) sent.once("continue", () => write(sent, pieces, trailers));
    else write(sent, pieces, trailers);
  });
}

function write(sent: ClientRequest, pieces: readonly Buffer[], trailers: Pairs): void {
  for (const piece of pieces) sent.write(piece);
  if (trailers.length > 0) sent.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
  sent.end();
}

async function read(incoming: IncomingMessage): Promise<Pick<Told, "body" | "trailers" | "isWhole">> {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => {
    incoming.once("error", () => undefined);
    incoming.once("close", resolve);
  });
  return { body: Buffer.concat(chunks), trailers: toPairs(incoming.rawTrailers), isWhole: incoming.complete };
}
