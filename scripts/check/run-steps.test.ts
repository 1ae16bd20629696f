// Tests that a check runs to its end and says what failed.
import { expect, test } from "vitest";
import { runSteps } from "./run-steps.ts";

function toStep(name: string, problem: string | null) {
  return { name, what: name, run: async () => problem };
}

test("runs every step though one fails and one throws, and shows why", async () => {
  let output = "";
  const steps = [
    toStep("one", null),
    toStep("two", "line 1\nline 2"),
    { name: "three", what: "", run: () => Promise.reject(new Error("no such program")) },
    toStep("four", null),
  ];
  const failed = await runSteps(steps, 2, (text) => (output += text));
  expect(failed.toSorted()).toEqual(["three", "two"]);
  expect(output).toMatch(/^ok {5}one /m);
  expect(output).toMatch(/^ok {5}four /m);
  expect(output).toContain("  | line 1\n  | line 2\n");
  expect(output).toContain("  | Error: no such program\n");
  expect(output).toMatch(/2 of 4 steps passed in \d+\.\d s; failed: /);
});

test("runs no more steps at once than there are lanes", async () => {
  let running = 0;
  let most = 0;
  const steps = Array.from({ length: 6 }, (_, index) => ({
    name: String(index),
    what: "",
    async run() {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
      return null;
    },
  }));
  await runSteps(steps, 2, () => undefined);
  expect(most).toBe(2);
});
