// Signs of life of one socket: who is cut off, and who is merely slow.
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { wrapSocket } from "./socket.ts";

const PING_MS = 100;

/** Opens a socket, wrapped at its serving end; the peer answers pings where it is told to. */
async function openPair(autoPong: boolean, pingMs = PING_MS) {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  const accepted = once(sockets, "connection");
  const peer = new WebSocket(`ws://127.0.0.1:${address.port}`, { autoPong, perMessageDeflate: false });
  await once(peer, "open");
  const socket: unknown = (await accepted)[0];
  if (!(socket instanceof WebSocket)) throw new Error("No socket.");
  const closes: number[] = [];
  const wrapped = wrapSocket(socket, null, pingMs);
  wrapped.follow({ onMessage: () => undefined, onClose: (code) => closes.push(code) });
  return {
    peer,
    wrapped,
    closes,
    [Symbol.asyncDispose]: async () => {
      peer.terminate();
      socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a peer that answers pings stays, one that does not is cut off", async () => {
  await using alive = await openPair(true);
  await using gone = await openPair(false);
  await expect.poll(() => gone.closes, { timeout: 10_000 }).toEqual([1006]);
  await sleep(5 * PING_MS);
  expect(alive.closes).toEqual([]);
});

test("a peer that takes nothing is cut off, though it is not read itself", async () => {
  await using pair = await openPair(true);
  pair.peer.pause();
  pair.wrapped.pause();
  while (pair.wrapped.send(Buffer.alloc(1024 * 1024), true));
  await expect.poll(() => pair.closes, { timeout: 10_000 }).toEqual([1006]);
});

test("a peer that takes what waits for it stays, however slowly, though no ping gets through", async () => {
  const pingMs = 400;
  await using pair = await openPair(false, pingMs);
  const { peer, wrapped } = pair;
  peer.on("message", () => {
    peer.pause();
    setTimeout(() => peer.resume(), 1);
  });
  const began = performance.now();
  for (let isEnough = false; !isEnough && wrapped.isOpen;) {
    if (!wrapped.send(Buffer.alloc(64 * 1024), true)) await wrapped.untilReady();
    isEnough = performance.now() - began > 8 * pingMs;
  }
  expect(wrapped.isOpen).toBe(true);
});

test("who waits for a peer to keep up is told when it does, and when it never will", async () => {
  for (const leave of [false, true]) {
    await using pair = await openPair(true);
    expect(pair.wrapped.untilReady()).toBeNull();
    pair.peer.pause();
    while (pair.wrapped.send(Buffer.alloc(1024 * 1024), true));
    const ready = pair.wrapped.untilReady();
    expect(ready).not.toBeNull();
    if (leave) pair.peer.terminate();
    else pair.peer.resume();
    await ready;
    expect(pair.wrapped.untilReady()).toBeNull();
  }
});
