// Sockets of which one side stops reading: the other side is held back, memory stays bounded, and nothing is lost.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { useSockets } from "./use-sockets.ts";
import type { Sockets } from "./use-sockets.ts";

const MESSAGE = 128 * 1024;
/** Messages that go to a side that does not read: far more than what the kernel keeps for two connections. */
const COUNT = 400;

const sockets = useSockets();
const open: Sockets["open"] = (path, token) => sockets().open(path, token);

/** Sends one message after the other, each as soon as the one before has left. */
function startSending(sender: WebSocket, make: (number: number) => string, count: number) {
  const progress = { sent: 0 };
  const all = (async () => {
    for (let number = 0; number < count; number += 1) {
      await new Promise<void>((resolve) => sender.send(make(number), () => resolve()));
      progress.sent += 1;
    }
  })();
  return { progress, all };
}

/** Waits until a number no longer changes, and gives it. */
async function readSettled(read: () => number): Promise<number> {
  let last = -1;
  for (let same = 0; same < 15;) {
    await sleep(100);
    same = read() === last ? same + 1 : 0;
    last = read();
  }
  return last;
}

/** Sends while the other side reads nothing, then lets it read: most has to wait at the sender until then. */
async function sendToNobody(
  sender: WebSocket,
  reader: WebSocket,
  make: (number: number) => string,
  count: number,
): Promise<void> {
  reader.pause();
  const { progress, all } = startSending(sender, make, count);
  const sent = await readSettled(() => progress.sent);
  // The rest is neither in the gateway nor in the kernel.
  expect(sent).toBeLessThan(count / 2);
  reader.resume();
  await all;
}

describe("a target that stops reading", () => {
  test("holds a realtime program back, and gets all of it in order when it reads on", async () => {
    const [client, opened] = await open("/realtime?model=gpt-realtime");
    const audio = "A".repeat(MESSAGE);
    await sendToNobody(
      client.socket,
      opened.socket,
      (number) => JSON.stringify({ type: "input_audio_buffer.append", event_id: `e${number}`, audio }),
      COUNT,
    );
    await expect.poll(() => opened.received.length, { timeout: 50_000 }).toBe(COUNT);
    expect(opened.received.map((text) => /"event_id":"e(\d+)"/.exec(text)?.[1])).toEqual(
      Array.from({ length: COUNT }, (_, number) => String(number)),
    );
    client.socket.terminate();
  });
});

describe("a program that stops reading", () => {
  const text = "word ".repeat(MESSAGE / 5);
  const response = { id: "resp_1", object: "response", status: "in_progress", output: [] };

  test.each([
    {
      name: "events of a realtime session",
      path: "/realtime?model=gpt-realtime",
      make: (number: number) => ({ type: "session.updated", number, session: { instructions: text } }),
    },
    {
      name: "events that belong to no response",
      path: "/responses",
      make: (number: number) => ({ type: "something.else", number, text }),
    },
  ])("holds the target back: $name", async ({ path, make }) => {
    const [client, opened] = await open(path);
    await sendToNobody(opened.socket, client.socket, (number) => JSON.stringify(make(number)), COUNT);
    await expect.poll(() => client.received.length, { timeout: 50_000 }).toBe(COUNT);
    expect(client.received.map(({ number }) => number)).toEqual(
      Array.from({ length: COUNT }, (_, number) => number),
    );
    client.socket.terminate();
  });

  test.each([
    { name: "a response", path: "/responses", lane: {} },
    { name: "a response on a lane", path: "/responses", lane: { stream_id: "a" } },
    { name: "a realtime response", path: "/realtime?model=gpt-realtime", lane: {} },
  ])("holds the target back: $name", async ({ path, lane }) => {
    const [client, opened] = await open(path);
    client.send({
      type: "response.create",
      ...lane,
      ...(path === "/responses" && { model: "gpt-5.4", input: "x" }),
    });
    await expect.poll(() => opened.received.length).toBe(1);
    opened.say({ type: "response.created", sequence_number: 0, response, ...lane });
    await client.until(({ type }) => type === "response.created");
    const item = { id: "msg_1", type: "message", status: "in_progress", role: "assistant", content: [] };
    const of = { response_id: "resp_1", output_index: 0, ...lane };
    opened.say({ type: "response.output_item.added", sequence_number: 1, item, ...of });
    const part = { type: "output_text", text: "", annotations: [], logprobs: [] };
    const at = { item_id: "msg_1", content_index: 0, ...of };
    opened.say({ type: "response.content_part.added", sequence_number: 2, part, ...at });
    await client.until(({ type }) => type === "response.content_part.added");
    // What hides how long a text is isn't text: that may only gather up to a limit.
    const event = { type: "response.output_text.delta", delta: "a, ", obfuscation: text, ...at };
    await sendToNobody(
      opened.socket,
      client.socket,
      (number) => JSON.stringify({ ...event, sequence_number: number + 3 }),
      COUNT,
    );
    await expect.poll(() => client.received.length, { timeout: 5_000 }).toBe(COUNT + 3);
    expect(client.received.slice(3).map((message) => message["sequence_number"])).toEqual(
      Array.from({ length: COUNT }, (_, number) => number + 3),
    );
    client.socket.terminate();
  });
});
