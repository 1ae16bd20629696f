// Many streams and sockets on which nothing happens; more of them are in test/slow.
import { test } from "vitest";
import { holdSockets, holdStreams } from "./idle.ts";

test("600 streams that say nothing are held, cost little, and end when the target ends them", async () => {
  await holdStreams(600);
}, 180_000);

test("500 sockets that say nothing are held, cost little, and still work, each of them", async () => {
  await holdSockets(500);
}, 180_000);
