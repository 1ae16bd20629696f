import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { continueSession, toMarks } from "./said.ts";

const CALLER = { tenant: "t", issuer: "i", subject: "s" };

function say(text: string): {
  readonly marks: readonly string[];
  readonly session: string | null;
  readonly longest: number;
} {
  let longest = 0;
  const digest = (written: string): string => {
    longest = Math.max(longest, written.length);
    return hash("sha256", written);
  };
  const said = { calls: [], id: null, text };
  const marks = toMarks(said, digest, CALLER);
  return { marks, session: continueSession("history", [said], digest), longest };
}

test("a text of any length is named by both its ends and its length, at a bounded price", () => {
  const long = say("a".repeat(1_000_000));
  expect(long.longest).toBeLessThan(300_000);
  for (const other of [`${"a".repeat(999_999)}b`, `b${"a".repeat(999_999)}`, "a".repeat(1_000_001)]) {
    expect(say(other).marks).not.toEqual(long.marks);
    expect(say(other).session).not.toBe(long.session);
  }
});
