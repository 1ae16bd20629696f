import { expect, test } from "vitest";
import { StartError } from "../database/start-error.ts";
import { runUntilStopped } from "./run-until-stopped.ts";

const log = { info: () => undefined };
const never = new Promise<never>(() => undefined);

function createServing(failed: Promise<string>): {
  readonly failed: Promise<string>;
  readonly drains: number[];
  drain(graceMs: number): Promise<void>;
} {
  const drains: number[] = [];
  return {
    failed,
    drains,
    async drain(graceMs) {
      drains.push(graceMs);
    },
  };
}

test("drains when a signal comes, and that is a good end", async () => {
  const serving = createServing(never);
  await runUntilStopped(serving, Promise.resolve("SIGTERM"), 700, log);
  expect(serving.drains).toEqual([700]);
});

test("drains when it can't go on serving, and then tells why", async () => {
  const serving = createServing(Promise.resolve("workers die as soon as they are started"));
  const running = runUntilStopped(serving, never, 700, log);
  await expect(running).rejects.toThrow(StartError);
  await expect(running).rejects.toThrow("workers die as soon as they are started");
  expect(serving.drains).toEqual([700]);
});
