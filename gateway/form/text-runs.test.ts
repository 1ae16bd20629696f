// What is read within bytes that are no text, however they are cut.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createTextRuns } from "./text-runs.ts";

function read(bytes: Buffer, size = bytes.length): { narrow: string; wide: string } {
  const runs = createTextRuns();
  const all = { narrow: "", wide: "" };
  for (let at = 0; at < bytes.length; at += size) {
    const { narrow, wide } = runs.push(bytes.subarray(at, at + size));
    all.narrow += narrow;
    all.wide += wide;
  }
  return all;
}

const text = "password: hunter2-and-more";
const little = Buffer.from(text, "utf16le");

test("runs of characters are read, alone and in UTF-16 of either order", () => {
  const bytes = Buffer.concat([
    Buffer.from([0, 1, 0xff]),
    Buffer.from(`${text}\0short\0`),
    Buffer.from([0, 2]),
    little,
    Buffer.from([0, 0, 3]),
    Buffer.from(little).swap16(),
    Buffer.from([0xfe]),
  ]);
  expect(read(bytes)).toEqual({ narrow: `${text}\n`, wide: `${text}\n${text}\n` });
});

test("between packed bytes only long runs are read", () => {
  const png = Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n\0", "latin1"),
    Buffer.from(`${text}\0${text} ${text}\0`),
  ]);
  expect(read(png).narrow).toBe(`${text} ${text}\n`);
});

test("what is read is the same however the bytes are cut", () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(
      Buffer.from(text),
      little,
      Buffer.from(little).swap16(),
      Buffer.from([0]),
      randomBytes(0),
    ),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), (parts, size) => {
      // What the first bytes are is known with the first piece.
      const bytes = Buffer.concat([Buffer.from([1]), ...parts]);
      expect(read(bytes, size)).toEqual(read(bytes));
    }),
  );
});
