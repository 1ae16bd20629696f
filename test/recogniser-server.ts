// A recogniser that speaks the API of Presidio's analyzer and knows two names, as a test says well, badly or not at all.
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { z } from "zod";

/** Entities by the words that stand for them. */
const KNOWN: Readonly<Record<string, RegExp>> = {
  PERSON: /Ada Lovelace|Grace Hopper/g,
  LOCATION: /12 St James's Square/g,
};

const question = z.object({
  text: z.union([z.string(), z.array(z.string())]),
  entities: z.array(z.string()),
  language: z.literal("en"),
});

export type RecogniserServer = {
  readonly url: string;
  /** What it does with what it is asked. */
  behaviour: "answer" | "fail" | "lie" | "stall";
  /** It fails besides where a text begins so. */
  failsOn: string | null;
  /** The texts that it was asked about. */
  readonly asked: string[];
  /** What came with each call, answered or not. */
  readonly calls: string[];
  /** Answers all that is stalled. */
  release(): void;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts it on a free port. */
export async function startRecogniser(): Promise<RecogniserServer> {
  let stalled: (() => void)[] = [];

  function answer(body: string, response: ServerResponse): void {
    const { text, entities } = question.parse(JSON.parse(body));
    const texts = typeof text === "string" ? [text] : text;
    recogniser.asked.push(...texts);
    const { failsOn } = recogniser;
    if (failsOn !== null && texts.some((one) => one.startsWith(failsOn))) {
      response.writeHead(500).end();
      return;
    }
    const found = texts.map((one) =>
      entities.flatMap((entity) =>
        [...one.matchAll(KNOWN[entity] ?? /$^/g)].map(({ index, 0: name }) => {
          const start = Array.from(one.slice(0, index)).length;
          return { entity_type: entity, start, end: start + Array.from(name).length, score: 0.85 };
        }),
      ),
    );
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(typeof text === "string" ? found[0] : found));
  }

  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString("utf8")));
    request.on("end", () => {
      recogniser.calls.push(body);
      if (request.url === "/health") response.end("up");
      else if (recogniser.behaviour === "fail") response.writeHead(500).end('{"error":"no"}');
      else if (recogniser.behaviour === "lie")
        response.end('[{"entity_type":"PERSON","start":0,"end":99999,"score":1}]');
      else if (recogniser.behaviour === "stall") stalled.push(() => answer(body, response));
      else answer(body, response);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const recogniser: RecogniserServer = {
    url: `http://127.0.0.1:${port}`,
    behaviour: "answer",
    failsOn: null,
    asked: [],
    calls: [],
    release() {
      recogniser.behaviour = "answer";
      recogniser.failsOn = null;
      for (const one of stalled) one();
      stalled = [];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return recogniser;
}
