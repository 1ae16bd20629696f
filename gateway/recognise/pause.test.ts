import { describe, expect, test } from "vitest";
import { createPause } from "./pause.ts";

/** Makes a pause of 100 ms after three failures, with a clock and a recogniser in the test's hand. */
function create() {
  const trials: { answer(): void; fail(): void }[] = [];
  const changes: boolean[] = [];
  const state = { ms: 0 };
  const pause = createPause({
    mostFailures: 3,
    pauseMs: 100,
    now: () => state.ms,
    onChange: (isPaused) => changes.push(isPaused),
    attempt: () =>
      new Promise<void>((resolve, reject) => {
        trials.push({ answer: resolve, fail: () => reject(new Error("status 500")) });
      }),
  });
  const fail = (times: number): void => {
    for (let time = 0; time < times; time += 1) pause.note(false);
  };
  /** Lets what was settled be taken note of. */
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { pause, trials, changes, state, fail, settle };
}

describe("a recogniser that fails", () => {
  test("is asked until so many calls have failed in a row, and it fails on a text of our own too", async () => {
    const { pause, trials, changes, fail, settle } = create();
    fail(2);
    pause.note(true);
    fail(2);
    expect(trials).toHaveLength(0);
    fail(3);
    expect(trials).toHaveLength(1);
    expect(await pause.mayAsk()).toBe(true);
    trials[0]?.fail();
    await settle();
    expect(await pause.mayAsk()).toBe(false);
    expect(changes).toEqual([true]);
  });

  test("on what a program sends, and not on a text of our own, is asked by all others", async () => {
    const { pause, trials, changes, fail, settle } = create();
    for (let round = 0; round < 3; round += 1) {
      fail(3);
      trials[round]?.answer();
      await settle();
      expect(await pause.mayAsk()).toBe(true);
    }
    expect(trials).toHaveLength(3);
    expect(changes).toEqual([]);
  });

  test("is tried once when the time is over, for which all wait that come meanwhile", async () => {
    const { pause, trials, changes, state, fail, settle } = create();
    fail(3);
    trials[0]?.fail();
    await settle();
    state.ms = 99;
    expect(await pause.mayAsk()).toBe(false);
    state.ms = 100;
    const failing = [pause.mayAsk(), pause.mayAsk()];
    expect(trials).toHaveLength(2);
    trials[1]?.fail();
    expect(await Promise.all(failing)).toEqual([false, false]);
    state.ms = 199;
    expect(await pause.mayAsk()).toBe(false);
    state.ms = 200;
    const back = [pause.mayAsk(), pause.mayAsk()];
    expect(trials).toHaveLength(3);
    trials[2]?.answer();
    expect(await Promise.all(back)).toEqual([true, true]);
    expect(changes).toEqual([true, false]);
    fail(2);
    expect(trials).toHaveLength(3);
  });

  test("is asked again as soon as a call of before is answered", async () => {
    const { pause, trials, changes, fail, settle } = create();
    fail(3);
    trials[0]?.fail();
    await settle();
    pause.note(true);
    expect(await pause.mayAsk()).toBe(true);
    expect(changes).toEqual([true, false]);
  });
});
