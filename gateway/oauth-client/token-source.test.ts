import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { HeldToken } from "./token-source.ts";
import { createTokenSource, toHeldToken } from "./token-source.ts";

/** A source whose clock and whose tokens the test sets. */
function create(lives: readonly (number | Error)[]) {
  const clock = { now: 1_000_000 };
  const asked: (string | null)[] = [];
  const source = createTokenSource(
    async (refused): Promise<HeldToken> => {
      const life = lives[asked.length];
      asked.push(refused);
      if (life === undefined || life instanceof Error) throw life ?? new Error("There are no more.");
      return toHeldToken(`token ${asked.length}`, life, clock.now);
    },
    () => clock.now,
  );
  return { source, clock, asked };
}

describe("a source of tokens", () => {
  test("asks once for all who ask at the same time, and keeps what it got", async () => {
    const { source, asked } = create([100]);
    expect(await Promise.all([source.get(), source.get()])).toEqual(["token 1", "token 1"]);
    expect(await source.get()).toBe("token 1");
    expect(asked).toEqual([null]);
  });

  test("renews before the end, while what it has still serves", async () => {
    const { source, clock, asked } = create([100, 100]);
    await source.get();
    clock.now += 81_000;
    expect(await source.get()).toBe("token 1");
    expect(asked).toHaveLength(2);
    await setImmediate();
    expect(await source.get()).toBe("token 2");
  });

  test("serves what it has while nothing newer is to be had, and no longer", async () => {
    const { source, clock } = create([100, new Error("down"), new Error("down")]);
    await source.get();
    clock.now += 81_000;
    expect(await source.get()).toBe("token 1");
    await setImmediate();
    clock.now += 18_000;
    expect(await source.get()).toBe("token 1");
    await setImmediate();
    clock.now += 2_000;
    await expect(source.get()).rejects.toThrow("There are no more.");
  });

  test("replaces a token that was refused, once for all who had it", async () => {
    const { source, asked } = create([100, 100]);
    await source.get();
    expect(await Promise.all([source.replace("token 1"), source.replace("token 1")])).toEqual([
      "token 2",
      "token 2",
    ]);
    expect(await source.replace("token 1")).toBe("token 2");
    expect(asked).toEqual([null, "token 1"]);
  });

  test("asks nobody for a second after a failure", async () => {
    const { source, clock, asked } = create([new Error("down"), 100]);
    await expect(source.get()).rejects.toThrow("down");
    await expect(source.get()).rejects.toThrow("down");
    expect(asked).toHaveLength(1);
    clock.now += 1_000;
    expect(await source.get()).toBe("token 2");
  });
});

test("a long life is renewed five minutes before its end, a short one after four fifths", () => {
  expect(toHeldToken("a", 3600, 0).renewAt).toBe(3_300_000);
  expect(toHeldToken("a", 10, 0).renewAt).toBe(8_000);
});
