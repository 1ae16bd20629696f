// A target that keeps what it is sent, byte for byte, and answers as the test says.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";

/** A request as it came. */
export type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

export type FileTarget = {
  readonly url: string;
  readonly seen: Seen[];
  /** Answers the next requests; null: `{"id":"file-1"}` as JSON, once the body has come. */
  answer: ((request: IncomingMessage, response: ServerResponse) => void) | null;
  close(): void;
};

/** Starts the target. */
export async function startFileTarget(): Promise<FileTarget> {
  let count = 0;
  const server = createServer((request, response) => {
    if (target.answer !== null) {
      target.answer(request, response);
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      target.seen.push({ method, url, headers, body: Buffer.concat(chunks) });
      count += 1;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ id: `file-${count}`, object: "file" }));
    });
    request.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const target: FileTarget = {
    url: `http://127.0.0.1:${port}/v1`,
    seen: [],
    answer: null,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return target;
}
