// Holds docs/lifecycle.md to the table of errors: each code in the drawing, and in the row of its stage.
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { ERRORS } from "../gateway/errors.ts";

const page = await readFile(new URL("../docs/lifecycle.md", import.meta.url), "utf8");
const drawing = /```\n([\s\S]*?)\n```/.exec(page)?.[1] ?? "";

/** The codes of the page's table, by stage. */
function readTable(): Record<string, string[]> {
  const rows = page.slice(page.indexOf("## The stages' errors")).matchAll(/^\| (\w+) \| (`.*`) \|$/gm);
  return Object.fromEntries(
    [...rows].map(([, stage = "", codes = ""]) => [stage, codes.replaceAll("`", "").split(" ").toSorted()]),
  );
}

test("the page lists each stage's errors, all of them and no others", () => {
  const expected: Record<string, string[]> = {};
  for (const [code, { stage }] of Object.entries(ERRORS)) (expected[stage] ??= []).push(code);
  for (const codes of Object.values(expected)) codes.sort();
  expect(readTable()).toEqual(expected);
});

test.each(Object.keys(ERRORS))("the drawing shows %s", (code) => {
  expect(drawing).toMatch(new RegExp(`\\b${code}\\b`));
});
