import { EventEmitter } from "node:events";
import { beforeEach, expect, test } from "vitest";
import { waitForSignal } from "./stop-signal.ts";

const log = { warn: () => undefined };
let signals = new EventEmitter();
let time = 0;
let ends = 0;
let stopped: Promise<string>;
beforeEach(() => {
  signals = new EventEmitter();
  time = 0;
  ends = 0;
  stopped = waitForSignal({ signals, now: () => time, end: () => (ends += 1), log });
});

test("one Ctrl-C stops once, though terminal and npm both tell of it", async () => {
  signals.emit("SIGINT");
  time = 900;
  signals.emit("SIGINT");
  expect(await stopped).toBe("SIGINT");
  expect(ends).toBe(0);
});

test("who presses it again, later, has it end at once", () => {
  signals.emit("SIGINT");
  time = 1000;
  signals.emit("SIGTERM");
  expect(ends).toBe(1);
});
