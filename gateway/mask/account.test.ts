import { expect, test } from "vitest";
import { measureCpu } from "../../test/fixtures/cpu-time.ts";
import { createCleanLook, createMaskAccount } from "./account.ts";
import type { Noted, ValueHash } from "./account.ts";

function openHash(): ValueHash {
  let text = "";
  return {
    push(piece) {
      text += piece;
    },
    end: () => `#${text}`,
  };
}

const noted: Noted = {
  outcome: "masked",
  class: "email",
  detector: "email",
  operator: "redact",
  code: "values_masked",
  direction: "request",
  kind: "message",
  place: "/input/0/content",
};

test("counts the same value at the same place once, and gives each direction its lines one time", () => {
  const account = createMaskAccount(openHash);
  account.note(noted, "a");
  account.note(noted, "a");
  account.note(noted, "b");
  account.note({ ...noted, direction: "answer" }, "a");
  expect(account.take("request").map(({ seq, hash, count }) => [seq, hash, count])).toEqual([
    [0, "#a", 2],
    [1, "#b", 1],
  ]);
  expect(account.take("request")).toEqual([]);
  expect(account.take("answer")).toEqual([
    { ...noted, direction: "answer", seq: 2, hash: "#a", original: null, count: 1 },
  ]);
});

test("names a value that comes in pieces as a whole", () => {
  const account = createMaskAccount(openHash);
  const note = account.note(noted, "ab");
  account.note(noted, "x");
  note.push("cd");
  expect(account.take("request").map(({ hash }) => hash)).toEqual(["#abcd", "#x"]);
});

test("adds up what is more than a bound", () => {
  const account = createMaskAccount(openHash);
  for (let index = 0; index < 10_000; index += 1) account.note(noted, `value ${index}`);
  const rows = account.take("request");
  expect(rows).toHaveLength(513);
  expect(rows.at(-1)).toMatchObject({ class: "email", hash: null, place: null, kind: null, count: 9_488 });
});

test("tells no name of a member that may be a value", () => {
  const account = createMaskAccount(openHash);
  const token = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");
  account.note({ ...noted, place: `/metadata/${token}/text/0/ada@example.com` }, "a");
  account.note({ ...noted, place: `${"/a".repeat(100)}/${"b".repeat(200)}` }, "a");
  expect(account.take("request").map(({ place }) => place)).toEqual([
    "/metadata/*/text/0/*",
    "/a".repeat(23),
  ]);
});

test("keeps a value as it is only of a class that is to be kept, where no secret stands in it, and whole", () => {
  const account = createMaskAccount(openHash);
  account.keep(["email", "secret"]);
  const clean = { isClean: true };
  account.note(noted, "a", clean);
  account.note(noted, "in a secret");
  account.note({ ...noted, class: "phone" }, "b", clean);
  account.note({ ...noted, class: "secret" }, "c", clean);
  account.note(noted, "d".repeat(5_000), clean);
  account.note(noted, "e", clean).push("f");
  expect(account.take("request").map(({ original }) => original)).toEqual([
    "a",
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("tells a stretch that a secret stands in from one that none does", () => {
  const findings = [
    { id: "a", class: "email", start: 0, end: 10 },
    { id: "b", class: "secret", start: 8, end: 20 },
  ];
  expect(createCleanLook(findings)(0, 10)).toBe(false);
  expect(createCleanLook(findings)(0, 8)).toBe(true);
  expect(createCleanLook(findings)(20, 30)).toBe(true);
});

test("costs no more where thousands of values stand in one text", () => {
  const findings = Array.from({ length: 40_000 }, (_, index) => {
    const ofClass = index % 2 === 0 ? "secret" : "email";
    return { id: "x", class: ofClass, start: index * 10, end: index * 10 + 8, isMore: false };
  });
  const work = (): void => {
    const isClean = createCleanLook(findings);
    for (const { start, end } of findings) isClean(start, end);
  };
  expect(measureCpu(work)).toBeLessThan(2_000);
});
