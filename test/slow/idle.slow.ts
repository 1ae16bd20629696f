// Two thousand streams and two thousand sockets on which nothing happens.
import { test } from "vitest";
import { holdSockets, holdStreams } from "../idle.ts";

test("2,000 streams that say nothing are held, cost little, and end when the target ends them", async () => {
  await holdStreams(2_000);
});

test("2,000 sockets that say nothing are held, cost little, and still work, each of them", async () => {
  await holdSockets(2_000);
});
