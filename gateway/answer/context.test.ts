import { expect, test } from "vitest";
import { boundUsage, estimateUsage } from "./context.ts";

test("an answer whose caller left has cost all that it might have been", () => {
  const seen = estimateUsage(400, 40);
  expect(boundUsage({ max_output_tokens: 300, n: 2 }, 120, seen)).toMatchObject({
    input_tokens: 120,
    output_tokens: 600,
    total_tokens: 720,
    estimated: true,
  });
  expect(boundUsage({ max_output_tokens: null, n: 1 }, 120, seen)).toMatchObject({ output_tokens: 10 });
  expect(boundUsage({ max_output_tokens: null, n: 1 }, 120, null)).toMatchObject({ output_tokens: 0 });
  // A target that goes past the limit has been seen to do so.
  expect(boundUsage({ max_output_tokens: 5, n: 1 }, 120, seen)).toMatchObject({ output_tokens: 10 });
});

test("what the target has told stands", () => {
  const told = { ...estimateUsage(4, 4), estimated: false };
  expect(boundUsage({ max_output_tokens: 300, n: 1 }, 120, told)).toBe(told);
});
