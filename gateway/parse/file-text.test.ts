import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MOST_FILE_BYTES, readFileText } from "./file-text.ts";

function read(value: string, most = MOST_FILE_BYTES): string | null {
  const file = readFileText(value, most);
  return file === null || file === "too_large" ? file : file.text;
}

function toUrl(type: string, bytes: Buffer | string): string {
  return `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;
}

/** UTF-16 in big-endian order. */
function swap(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

const BINARY = Buffer.from([0x25, 0x50, 0x44, 0x46, 0xe2, 0xe3, 0xcf, 0xd3, 0x00, 0x01]);

describe("the text of a file", () => {
  it("is what was encoded, under any type, alone, and with the letters of base64 for URLs", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (drawn) => {
        const text = drawn.replaceAll("\0", "").replace(/^\uFEFF+/, "");
        for (const type of [
          "text/plain",
          "TEXT/html;charset=utf-8",
          "application/json",
          "application/pdf",
          "",
        ])
          expect(read(toUrl(type, text))).toBe(text);
        expect(read(Buffer.from(text).toString("base64"))).toBe(text);
        expect(read(Buffer.from(text).toString("base64url"))).toBe(text);
      }),
    );
  });

  it.each([
    ["a mark", toUrl("text/plain", "\uFEFFhello there")],
    ["a mark, UTF-16", toUrl("text/plain", Buffer.from("\uFEFFhello there", "utf16le"))],
    ["a mark, UTF-16, other order", toUrl("application/octet-stream", swap("\uFEFFhello there"))],
    ["UTF-16 without a mark", toUrl("text/csv", Buffer.from("hello there", "utf16le"))],
    ["UTF-16 without a mark, other order", toUrl("text/csv", swap("hello there"))],
    ["zeros in between", toUrl("application/ld+json", "hel\0lo th\0ere")],
    [
      "another case",
      toUrl("Text/Plain", "hello there").replace("data:", "DATA:").replace("base64", "BASE64"),
    ],
    ["line breaks in the base64", toUrl("text/plain", "hello there").replace(/(.{4})$/, "\r\n$1")],
  ])("is found with %s", (_, value) => {
    expect(read(value)).toBe("hello there");
  });

  it("keeps what is legible of what is called text and is not", () => {
    expect(read(toUrl("text/plain", Buffer.from("caf\xe9 bar", "latin1")))).toBe("caf\uFFFD bar");
  });

  it.each([
    ["bytes that are no text", toUrl("application/pdf", BINARY)],
    ["bytes that are no text, alone", BINARY.toString("base64")],
    ["zeros", toUrl("application/zip", "PK\0\0")],
    ["no base64", "data:text/plain,hello"],
    ["base64 that ends twice", "data:text/plain;base64,QQ==QQ=="],
    ["words", "some plain words"],
  ])("is not found in %s", (_, value) => {
    expect(read(value)).toBeNull();
  });

  it("is over the limit where it is a text, and still none where it is not", () => {
    const letters = "\u00e9".repeat(5000);
    expect(read(toUrl("application/pdf", letters), 10_000)).toBe(letters);
    expect(read(toUrl("application/pdf", letters), 9_999)).toBe("too_large");
    expect(read(toUrl("application/pdf", `x${letters}`), 9_999)).toBe("too_large");
    expect(read(toUrl("text/plain", Buffer.alloc(10_000)), 9_999)).toBe("too_large");
    expect(read(toUrl("application/pdf", Buffer.alloc(10_000)), 9_999)).toBeNull();
  });
});
