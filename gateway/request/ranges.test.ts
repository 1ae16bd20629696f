// A part of a file is passed on as it was asked for, unless the file must be judged as a whole.
import { describe, expect, test } from "vitest";
import type { Target, TargetAnswer, TargetRequest } from "../forward/target.ts";
import { sendForPart } from "./ranges.ts";
import type { Judging } from "./ranges.ts";

const NOTHING: Judging = { isOutput: false, mayBeOutput: false, isSearched: false };
const TEXT = Buffer.from("a text that is searched as one\n".repeat(400));
const UTF16 = Buffer.from(`\uFEFF${TEXT.toString("utf8")}`, "utf16le");
const MEDIA = Buffer.from(Array.from({ length: 10_000 }, (_, index) => (index * 7) % 256));
const OUTPUT = Buffer.from(`{"custom_id":"1","response":{"body":{}}}\n${"x".repeat(9000)}`);

type Kind = "parts" | "no parts" | "missing";

/** A target that holds one file; gives what it was asked for. */
function createTarget(file: Buffer, kind: Kind): { target: Pick<Target, "send">; asked: (string | null)[] } {
  const asked: (string | null)[] = [];
  return {
    asked,
    target: {
      send({ headers }, answer) {
        const at = headers.findIndex((name, index) => index % 2 === 0 && name === "range");
        const range = at === -1 ? null : (headers[at + 1] ?? null);
        asked.push(range);
        const state = { isAborted: false };
        setImmediate(() => {
          const [, from = "", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
          const isPart = kind === "parts" && range !== null;
          if (kind === "missing") answer.onHead(404, {});
          else answer.onHead(isPart ? 206 : 200, { "content-type": "application/octet-stream" });
          const end = to === "" ? file.length : Number(to) + 1;
          const bytes = isPart ? file.subarray(Number(from), end) : file;
          for (let i = 0; i < bytes.length && !state.isAborted; i += 1000)
            answer.onData(bytes.subarray(i, i + 1000));
          if (!state.isAborted) answer.onEnd();
        });
        return {
          pause: () => undefined,
          resume: () => undefined,
          abort: () => void (state.isAborted = true),
        };
      },
    },
  };
}

const REQUEST: TargetRequest = {
  method: "GET",
  path: "/files/file-1/content",
  headers: ["range", "bytes=2-", "if-range", '"e"', "accept", "range"],
  body: null,
};

async function fetchPart(
  file: Buffer,
  judging: Partial<Judging>,
  kind: Kind = "parts",
): Promise<{ status: number; bytes: Buffer; asked: readonly (string | null)[] }> {
  const { target, asked } = createTarget(file, kind);
  const chunks: Buffer[] = [];
  let status = 0;
  await new Promise<void>((resolve, reject) => {
    const answer: TargetAnswer = {
      onHead(told) {
        status = told;
      },
      onData: (chunk) => void chunks.push(chunk),
      onEnd: resolve,
      onError: reject,
    };
    sendForPart(target, REQUEST, { ...NOTHING, ...judging }, answer);
  });
  return { status, bytes: Buffer.concat(chunks), asked };
}

describe("a part of a file", () => {
  test("is passed on as it was asked for where nobody looks", async () => {
    const { status, bytes, asked } = await fetchPart(TEXT, {});
    expect([status, asked]).toEqual([206, ["bytes=2-"]]);
    expect(bytes.equals(TEXT.subarray(2))).toBe(true);
  });

  test.each([
    ["media", MEDIA, { isSearched: true, mayBeOutput: true }],
    ["a text that is not searched", TEXT, { mayBeOutput: true }],
  ])("is passed on once it is known to be one of %s", async (_, file, judging) => {
    const { status, bytes, asked } = await fetchPart(file, judging);
    expect([status, asked]).toEqual([206, ["bytes=0-4095", "bytes=2-"]]);
    expect(bytes.equals(file.subarray(2))).toBe(true);
  });

  test.each([
    ["a text that is searched", TEXT, { isSearched: true }, "parts"],
    ["a text in UTF-16, whose mark lies before the part", UTF16, { isSearched: true }, "parts"],
    ["what looks like a batch's output", OUTPUT, { mayBeOutput: true }, "parts"],
    ["a target that gives no parts", MEDIA, { isSearched: true }, "no parts"],
  ] as const)("is answered by the whole: %s", async (_, file, judging, kind) => {
    const { status, bytes, asked } = await fetchPart(file, judging, kind);
    expect([status, asked]).toEqual([200, ["bytes=0-4095", null]]);
    expect(bytes.equals(file)).toBe(true);
  });

  test("is answered by the whole of what is known as a batch's output, without a look", async () => {
    const { status, asked } = await fetchPart(OUTPUT, { isOutput: true, mayBeOutput: true });
    expect([status, asked]).toEqual([200, [null]]);
  });

  test("is not there where the file is not", async () => {
    const { status, asked } = await fetchPart(TEXT, { isSearched: true }, "missing");
    expect([status, asked]).toEqual([404, ["bytes=0-4095", null]]);
  });
});
