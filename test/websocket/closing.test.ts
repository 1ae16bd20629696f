// How sockets end: codes passed on both ways, silence, halves, floods; and what still goes out before they do.
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { insertKey, startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";
import { openSocket } from "./client.ts";
import type { Client } from "./client.ts";
import { startSocketTarget } from "./socket-target.ts";
import type { Opened, SocketTarget } from "./socket-target.ts";

let target: SocketTarget;
let database: TestDatabase;
let gateway: RunningGateway;
let key: string;

/** Writes a configuration whose connection and sockets wait for no longer than this. */
const toConfig =
  (idleMs: number, answerMs: number) =>
  (url: string): string =>
    `
connections:
  - name: openai
    base_url: ${url}
    credential: env:OPENAI_API_KEY
    default: true
    timeouts: {first_byte_ms: ${answerMs}, idle_ms: ${answerMs}}
limits: {socket_idle_ms: ${idleMs}}
`;

async function start(on: TestDatabase, config?: (url: string) => string): Promise<RunningGateway> {
  return startGateway({
    databaseUrl: on.url,
    target: { url: target.url, credential: "a-credential" },
    ...(config !== undefined && { config }),
  });
}

beforeAll(async () => {
  target = await startSocketTarget();
  database = await createTestDatabase();
  gateway = await start(database);
  key = await insertKey(database.url, { groups: ["admins"] });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await target?.close();
});

async function open(path = "/responses", through = gateway): Promise<readonly [Client, Opened]> {
  const token = through === gateway ? key : await through.createKey({ groups: ["admins"] });
  const client = await openSocket(`${through.baseUrl}${path}`, { token });
  return [client, await target.next()];
}

const create = { type: "response.create", model: "gpt-5.4", input: "hello" };
const response = { id: "resp_1", object: "response", status: "in_progress", output: [] };
const realtime = "/realtime?model=gpt-realtime";

/** A frame of the program's (RFC 6455 §5.2), with a mask that changes nothing. */
function frame(opcode: number, payload: Buffer, isLast = true): Buffer {
  const head = [(isLast ? 0x80 : 0) | opcode];
  if (payload.length < 126) head.push(0x80 | payload.length);
  else head.push(0x80 | 126, payload.length >> 8, payload.length & 0xff);
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
}
const raw = ({ socket }: Client) => {
  // The client's own writer would put its frames in between.
  const below: unknown = Reflect.get(socket, "_socket");
  if (typeof below !== "object" || below === null || !("write" in below)) throw new Error("No connection.");
  const { write } = below;
  if (typeof write !== "function") throw new Error("No connection.");
  return (bytes: Buffer): void => void write.call(below, bytes);
};

describe("a close", () => {
  test.each([
    { given: 1000, passed: 1000 },
    { given: 1001, passed: 1001 },
    { given: 1011, passed: 1011 },
    { given: 3000, passed: 3000 },
    { given: 4999, passed: 4999 },
    { given: undefined, passed: 1000 },
  ])("of the program's with $given reaches the target as $passed", async ({ given, passed }) => {
    const [client, opened] = await open();
    client.socket.close(given, given === undefined ? undefined : "words that nobody judges");
    expect(await opened.closed).toEqual({ code: passed, reason: "" });
    expect(await client.closed).toMatchObject({ code: given ?? 1005 });
  });

  test.each([
    { given: 1000, passed: 1000 },
    { given: 1001, passed: 1001 },
    { given: 1013, passed: 1013 },
    { given: 4000, passed: 4000 },
    { given: undefined, passed: 1000 },
  ])("of the target's with $given reaches the program as $passed", async ({ given, passed }) => {
    const [client, opened] = await open();
    opened.socket.close(given, given === undefined ? undefined : "going away");
    expect(await client.closed).toEqual({ code: passed, reason: given === undefined ? "" : "going away" });
  });

  test("of a side that is cut off is told to the other one as 1011", async () => {
    const [one, first] = await open();
    one.socket.terminate();
    expect((await first.closed).code).toBe(1011);
    const [two, second] = await open();
    second.socket.terminate();
    expect((await two.closed).code).toBe(1011);
  });

  test("comes behind what was said before it, though that has to be decided first", async () => {
    const [client, opened] = await open(realtime);
    // A response that nobody asked for is asked about: what follows it comes meanwhile.
    opened.say({ type: "response.created", response });
    opened.say({ type: "response.done", response: { ...response, status: "completed" } });
    opened.say({ type: "session.updated", session: { instructions: "the last" } });
    opened.socket.close(4001, "bye");
    expect(await client.closed).toEqual({ code: 4001, reason: "bye" });
    // The end of a response waits until it is durable.
    expect(client.received.map(({ type }) => type).toSorted()).toEqual([
      "response.created",
      "response.done",
      "session.updated",
    ]);
  });
});

describe("a half of a connection that ends", () => {
  function ask(): Socket {
    const { hostname, port } = new URL(gateway.origin);
    const raw = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    raw.write(
      `GET /v1/responses HTTP/1.1\r\nhost: ${hostname}\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
        `sec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString("base64")}\r\n` +
        `authorization: Bearer ${key}\r\n\r\n`,
    );
    return raw;
  }

  test("ends the socket, though the program still reads", async () => {
    const raw = ask();
    const begun = once(raw, "data");
    const closed = once(raw, "close");
    const opened = await target.next();
    await begun;
    raw.resume().end();
    expect((await opened.closed).code).toBe(1011);
    await closed;
  });

  test("ends it before it is open, too, and leaves nothing behind at the target", async () => {
    const raw = ask();
    const closed = once(raw, "close");
    raw.resume().end();
    const opened = await target.next();
    expect((await opened.closed).code).not.toBe(1000);
    await closed;
  });
});

describe("pings", () => {
  test("of either side are answered with what they hold", async () => {
    const [client, opened] = await open();
    for (const side of [client.socket, opened.socket]) {
      const answered = once(side, "pong");
      side.ping("are you there");
      expect(String((await answered)[0])).toBe("are you there");
    }
    client.socket.terminate();
  });
});

describe("silence", () => {
  test("closes a socket, but not one over which something comes or an answer is under way", async () => {
    await using ownDatabase = await createTestDatabase();
    await using own = await start(ownDatabase, toConfig(1_500, 600_000));
    const [idle, other] = await open("/responses", own);
    const [slow] = await open("/responses", own);
    // The beginning of a message whose end never comes.
    raw(slow)(frame(1, Buffer.from('{"type":'), false));
    const [busy, opened] = await open("/responses", own);
    busy.send(create);
    await expect.poll(() => opened.received.length).toBe(1);
    opened.say({ type: "response.created", sequence_number: 0, response });
    await busy.until(({ type }) => type === "response.created");
    // A sign of life is no message.
    const pinging = setInterval(() => idle.socket.ping(), 200);
    expect(await idle.closed).toEqual({ code: 1000, reason: "socket_idle" });
    expect(await other.closed).toMatchObject({ code: 1000 });
    clearInterval(pinging);
    expect(await slow.closed).toEqual({ code: 1000, reason: "socket_idle" });
    await sleep(2_000);
    expect(busy.socket.readyState).toBe(busy.socket.OPEN);
    busy.socket.terminate();
  });

  test("of a target that owes an answer ends it, and the socket", async () => {
    await using ownDatabase = await createTestDatabase();
    await using own = await start(ownDatabase, toConfig(600_000, 1_000));
    const [client, opened] = await open("/responses", own);
    client.send(create);
    await expect.poll(() => opened.received.length).toBe(1);
    opened.say({ type: "response.created", sequence_number: 0, response });
    expect(await client.until(({ type }) => type === "error")).toMatchObject({
      status: 504,
      error: { code: "target_timeout" },
    });
    expect(await client.closed).toEqual({ code: 1011, reason: "target_timeout" });
  });
});

describe("frames", () => {
  test("that come byte by byte are one message", async () => {
    const [client, opened] = await open();
    const text = Buffer.from(JSON.stringify(create));
    const write = raw(client);
    for (const byte of frame(1, text)) {
      write(Buffer.from([byte]));
      await sleep(1);
    }
    await expect.poll(() => opened.received.length).toBe(1);
    expect(opened.received[0]).toBe(text.toString("utf8"));
    client.socket.terminate();
  });

  test("that come in parts, with pings between them, are one message", async () => {
    const [client, opened] = await open();
    const text = Buffer.from(JSON.stringify(create));
    const write = raw(client);
    write(frame(1, text.subarray(0, 10), false));
    for (let at = 10; at < text.length; at += 1) {
      write(frame(9, Buffer.from("x")));
      write(frame(0, text.subarray(at, at + 1), at === text.length - 1));
    }
    await expect.poll(() => opened.received.length).toBe(1);
    expect(opened.received[0]).toBe(text.toString("utf8"));
    client.socket.terminate();
  });

  test.each([
    // More pings than there may be answers on their way are cut off at once.
    { name: "pings", of: frame(9, Buffer.alloc(125)), codes: [1006, 1008] },
    { name: "pongs", of: frame(10, Buffer.alloc(0)), codes: [1008] },
    { name: "messages", of: frame(1, Buffer.from('{"type":"response.cancel"}')), codes: [1008] },
  ])("flood no socket: $name", async ({ of, codes }) => {
    const [client, opened] = await open(realtime);
    raw(client)(Buffer.concat(Array.from({ length: 20_000 }, () => of)));
    expect(codes).toContain((await client.closed).code);
    await opened.closed;
    expect(opened.received.length).toBeLessThanOrEqual(1_000);
  });

  test.each([
    {
      name: "parts of one message without end",
      code: 1008,
      bytes: () =>
        Buffer.concat([
          frame(1, Buffer.from("a"), false),
          ...Array.from({ length: 20_000 }, () => frame(0, Buffer.from("a"), false)),
        ]),
    },
    {
      name: "a message over the limit, by what its head says",
      code: 1009,
      bytes: () => Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.alloc(4), Buffer.from([0x7f, 0, 0, 0])]),
    },
    { name: "a reserved opcode", code: 1002, bytes: () => frame(3, Buffer.from("a")) },
    { name: "an answer to nothing", code: 1002, bytes: () => frame(0, Buffer.from("a")) },
    { name: "a frame without a mask", code: 1002, bytes: () => Buffer.from([0x81, 1, 0x61]) },
    {
      name: "compression that nobody agreed on",
      code: 1002,
      bytes: () => Buffer.from([0xc1, 0x81, 0, 0, 0, 0, 0x61]),
    },
  ])("that may not be close the socket: $name", async ({ bytes, code }) => {
    const [client, opened] = await open();
    raw(client)(bytes());
    expect((await client.closed).code).toBe(code);
    await opened.closed;
    expect(opened.received).toEqual([]);
  });
});
