import { once } from "node:events";
import { createServer, request } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createHeart, toBeat } from "./heart.ts";
import { createSink } from "./sink.ts";
import type { Sink } from "./sink.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function open(beatMs: number): Promise<{ port: number; sink: Promise<Sink> }> {
  const heart = createHeart(5);
  const opened = Promise.withResolvers<Sink>();
  const server = createServer((_, response) =>
    opened.resolve(createSink(response, "exchange-1", heart, beatMs)),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    heart.close();
    server.closeAllConnections();
    server.close();
  });
  const address: AddressInfo | string | null = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, sink: opened.promise };
}

function get(port: number): ClientRequest {
  const sent = request({ port, host: "127.0.0.1" });
  sent.on("error", () => undefined);
  sent.end();
  return sent;
}

async function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  const [answer] = await once(sent, "response");
  return answer;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return text;
}

test("tells a caller that waits for the head that it is alive, and can still refuse", async () => {
  const { port, sink } = await open(20);
  const sent = get(port);
  const waiting = await sink;
  const [interim] = await once(sent, "information");
  expect(interim.statusCode).toBe(102);
  waiting.head(403, { "content-type": "application/json" });
  waiting.end(Buffer.from("{}"));
  const answer = await answerOf(sent);
  expect(answer.statusCode).toBe(403);
  expect(answer.headers["x-tollgate-exchange-id"]).toBe("exchange-1");
});

test("tells a caller of a silent stream by comments", async () => {
  const { port, sink } = await open(20);
  const sent = get(port);
  const waiting = await sink;
  waiting.head(200, { "content-type": "text/event-stream" });
  const answer = await answerOf(sent);
  const [first] = await once(answer, "data");
  expect(String(first)).toBe(": wait\n\n");
  waiting.end(Buffer.from("data: [DONE]\n\n"));
  expect((await textOf(answer)).endsWith("data: [DONE]\n\n")).toBe(true);
});

test("puts nothing into a body that is no stream", async () => {
  const { port, sink } = await open(10);
  const sent = get(port);
  const waiting = await sink;
  waiting.head(200, { "content-type": "application/json" });
  await new Promise((resolve) => setTimeout(resolve, 60));
  waiting.end(Buffer.from("{}"));
  expect(await textOf(await answerOf(sent))).toBe("{}");
});

test("sends no interim answer to a client of HTTP/1.0, which knows none", async () => {
  const { port, sink } = await open(10);
  const socket = connect(port, "127.0.0.1");
  socket.write("GET / HTTP/1.0\r\n\r\n");
  const waiting = await sink;
  await new Promise((resolve) => setTimeout(resolve, 60));
  waiting.head(200, {});
  waiting.end();
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  expect(text.startsWith("HTTP/1.1 200")).toBe(true);
});

test("says when the caller does not keep up, and calls back when it does again", async () => {
  const { port, sink } = await open(1000);
  const sent = get(port);
  const waiting = await sink;
  waiting.head(200, { "content-type": "text/event-stream" });
  const answer = await answerOf(sent);
  answer.pause();
  const drained = Promise.withResolvers<void>();
  const piece = Buffer.alloc(1 << 20);
  let keptUp = true;
  for (let i = 0; i < 64 && keptUp; i += 1) keptUp = waiting.write(piece, drained.resolve);
  expect(keptUp).toBe(false);
  answer.resume();
  await drained.promise;
  waiting.end();
});

test("tells once that the caller left, and not after the end", async () => {
  const { port, sink } = await open(1000);
  const sent = get(port);
  const waiting = await sink;
  let left = 0;
  waiting.onLeave(() => (left += 1));
  sent.destroy();
  await expect.poll(() => left).toBe(1);
  expect(waiting.gone).toBe(true);
});

test("cuts without a clean end, so that no client takes a part for the whole", async () => {
  const { port, sink } = await open(1000);
  const sent = get(port);
  const waiting = await sink;
  waiting.head(200, { "content-type": "application/json" });
  waiting.write(Buffer.from('{"half'), () => undefined);
  const answer = await answerOf(sent);
  waiting.cut();
  await expect(textOf(answer)).rejects.toThrow();
});

test("beats every third of what the client waits, at most every ten seconds", () => {
  expect(toBeat(600_000)).toBe(10_000);
  expect(toBeat(9_000)).toBe(3_000);
  expect(toBeat(1)).toBe(500);
});
