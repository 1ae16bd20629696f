// What a source that builds on this machine answers, and when.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createBuiltSource } from "./built-source.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const [one, two] = [Buffer.from("one"), Buffer.from("two")];
const asking = { mayWait: true, signal: new AbortController().signal };

function open() {
  return createBuiltSource("policies", () => undefined, 1000);
}

test("a bundle is told once, at once or when it comes, and the newest of several", async () => {
  const source = open();
  source.give(one);
  expect(await source.ask({ ...asking, mayWait: false })).toEqual({ bytes: one, pauseMs: 0 });
  const waiting = source.ask(asking);
  source.give(one);
  source.give(two);
  expect((await waiting).bytes).toBe(two);
});

test("what can't be built is told once, after a good one that nobody has heard of, and never in place of a newer", async () => {
  const source = open();
  source.give(one);
  source.fail("It is wrong.");
  expect((await source.ask(asking)).bytes).toBe(one);
  await expect(source.ask(asking)).rejects.toMatchObject({ name: "SourceError", message: "It is wrong." });
  source.fail("It is wrong.");
  source.give(two);
  expect((await source.ask(asking)).bytes).toBe(two);
});

test("while nothing changes it confirms what it gave, but not while it can't be built", async () => {
  const source = open();
  source.give(one);
  await source.ask(asking);
  const waiting = source.ask(asking);
  await vi.advanceTimersByTimeAsync(1000);
  expect((await waiting).bytes).toBeNull();
  source.fail("It is wrong.");
  await expect(source.ask(asking)).rejects.toThrow("wrong");
  const wrong = source.ask(asking);
  expect(vi.getTimerCount()).toBe(0);
  source.give(two);
  expect((await wrong).bytes).toBe(two);
});

test("a bundle that could not be taken for now is given again", async () => {
  const source = open();
  source.give(one);
  await source.ask(asking);
  source.forget();
  expect((await source.ask(asking)).bytes).toBe(one);
});

test("who stops asking is let go", async () => {
  const stop = new AbortController();
  const waiting = open().ask({ mayWait: true, signal: stop.signal });
  stop.abort();
  await expect(waiting).rejects.toThrow("aborted");
  await expect(open().ask({ mayWait: true, signal: stop.signal })).rejects.toThrow("aborted");
});
