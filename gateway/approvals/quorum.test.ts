import { expect, test } from "vitest";
import { refuseReviewer, readReason, toOperatorReviewer } from "./people.ts";
import { isEnough } from "./quorum.ts";
import type { Voter } from "./quorum.ts";

const voter = (person: string, ...groups: string[]): Voter => ({ person, groups });
const both = { from: [["security"], ["finance", "board"]], people: 1 };

test("somebody of each list is needed, each a person of their own, however they come", () => {
  const sam = voter("sam", "security");
  const bo = voter("bo", "security", "board");
  const fay = voter("fay", "finance");
  expect(isEnough(both, [sam])).toBe(false);
  expect(isEnough(both, [bo])).toBe(false);
  expect(isEnough(both, [fay, voter("guy", "board")])).toBe(false);
  for (const yes of [
    [sam, bo],
    [bo, sam],
    [bo, fay],
    [fay, bo],
  ])
    expect(isEnough(both, yes)).toBe(true);
});

test("one who is in several lists stands for one of them, whoever else says yes", () => {
  const three = { from: [["a"], ["b"], ["c"]], people: 1 };
  const x = voter("x", "a", "b", "c");
  expect(isEnough(three, [x, voter("y", "a"), voter("z", "a")])).toBe(false);
  expect(isEnough(three, [x, voter("y", "a"), voter("z", "a", "b")])).toBe(true);
});

test("people are counted: neither one who says yes twice nor one whom nobody asked makes another", () => {
  const three = { from: [["a"]], people: 3 };
  const yes = [voter("x", "a"), voter("y", "a"), voter("x", "a"), voter("z", "b")];
  expect(isEnough(three, yes)).toBe(false);
  expect(isEnough(three, [...yes, voter("w", "a")])).toBe(true);
});

test("an operator stands for any one list, as one person on all machines", () => {
  const here = toOperatorReviewer("operator:root@here");
  const there = toOperatorReviewer("operator:root@there");
  expect(isEnough(both, [here, there])).toBe(false);
  expect(isEnough(both, [here, voter("sam", "security")])).toBe(true);
  expect(isEnough({ from: [["a"]], people: 1 }, [here])).toBe(true);
});

test("nobody answers for their own request, under whatever name of theirs it came", () => {
  const operator = toOperatorReviewer("operator:ada@here");
  const asked = (...barred: string[]) => ({ from: [["reviewers"]], barred });
  for (const name of ["ada", "ada@example.com", "operator:ada@here"])
    expect(refuseReviewer(asked("agent-7", name), operator)).toContain("their own");
  expect(refuseReviewer(asked("adam", "ad"), operator)).toBeNull();
});

test("a reason is one plain line", () => {
  expect(readReason(" no\n\u001b[31mred\u202e ")).toBe("no [31mred");
  expect(readReason("\u200b \n")).toBeNull();
  expect(readReason("x".repeat(900))).toHaveLength(500);
});
