import { countTokens as countCl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens as countO200k } from "gpt-tokenizer/encoding/o200k_base";
import { afterEach, describe, expect, it } from "vitest";
import { createTokenCounter, toEncoding, type TokenCounter, type TokenCounterOptions } from "./tokens.ts";

const open: TokenCounter[] = [];
const create = (options: TokenCounterOptions = {}): TokenCounter => {
  const counter = createTokenCounter(options);
  open.push(counter);
  return counter;
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((counter) => counter.close()));
});

const TEXTS = ["Hello, world.", "naïve café 你好 🎉", "SELECT * FROM t WHERE id = 1;", ""];

describe("a token count", () => {
  it("is the tokenizer's own, for either encoding", async () => {
    const counter = create();
    const sum = (count: (text: string) => number): number =>
      TEXTS.reduce((total, text) => total + count(text), 0);
    expect(await counter.count(TEXTS, "gpt-4o-mini", "a")).toBe(sum(countO200k));
    expect(await counter.count(TEXTS, "gpt-3.5-turbo", "a")).toBe(sum(countCl100k));
  });

  it("takes what looks like a special token for text", async () => {
    expect(await create().count(["<|endoftext|>"], "gpt-4o", "a")).toBeGreaterThan(1);
  });

  it("is not made for a model whose tokenizer is not known", async () => {
    const counter = create();
    expect(await counter.count(["x"], "mistral-large", "a")).toBeNull();
    expect(await counter.count(["x"], null, "a")).toBeNull();
  });

  it("is not made once the caller's budget is spent, until time refills it; other callers are not touched", async () => {
    let time = 0;
    const counter = create({ budgetMs: 0.001, budgetMsPerSecond: 1000, now: () => time });
    expect(await counter.count(["first text"], "gpt-4o", "a")).toBe(2);
    expect(await counter.count(["second text"], "gpt-4o", "a")).toBeNull();
    expect(await counter.count(["third text"], "gpt-4o", "b")).toBe(2);
    time += 60_000;
    expect(await counter.count(["second text"], "gpt-4o", "a")).toBe(2);
  });

  it("is remembered by text, also for a caller without budget", async () => {
    const counter = create({ budgetMs: 0.001, budgetMsPerSecond: 0 });
    expect(await counter.count(["one text"], "gpt-4o", "a")).toBe(2);
    expect(await counter.count(["one text", "one text"], "gpt-4o", "a")).toBe(4);
  });

  it("is given up where it takes too long, and the next one is made", async () => {
    const counter = create({ deadlineMs: 4_000 });
    expect(await counter.count(["warm"], "gpt-4o", "b")).toBe(1);
    const begin = performance.now();
    const slow = counter.count(["a".repeat(400_000)], "gpt-4o", "a");
    const behind = counter.count(["some words"], "gpt-4o", "b");
    expect(await slow).toBeNull();
    expect(performance.now() - begin).toBeLessThan(20_000);
    expect(await behind).toBe(2);
  });

  it("is null once the counter is closed", async () => {
    const counter = create();
    const under = counter.count(["x y z"], "gpt-4o", "a");
    await counter.close();
    expect(await under).toBeNull();
    expect(await counter.count(["x y z"], "gpt-4o", "a")).toBeNull();
  });
});

describe("the encoding", () => {
  it.each([
    ["gpt-5.1", "o200k_base"],
    ["gpt-4.1-mini", "o200k_base"],
    ["o3-mini", "o200k_base"],
    ["ft:gpt-4o-2024-08-06:org::id", "o200k_base"],
    ["gpt-4-turbo", "cl100k_base"],
    ["gpt-3.5-turbo-16k", "cl100k_base"],
    ["omni-moderation-latest", null],
    ["", null],
  ])("of %s is %s", (model, encoding) => {
    expect(toEncoding(model)).toBe(encoding);
  });
});
