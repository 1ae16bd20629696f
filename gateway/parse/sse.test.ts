import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measureCpu } from "../../test/fixtures/cpu-time.ts";
import { createSseParser } from "./sse.ts";
import type { SseFrame } from "./sse.ts";

type Told = { event: string | null; data: string | null };

function read(chunks: readonly Buffer[], eventBytes = 1_000_000): SseFrame[] {
  const parser = createSseParser({ eventBytes });
  const frames = chunks.flatMap((chunk) => parser.push(chunk));
  const rest = parser.end();
  return rest === null ? frames : [...frames, rest];
}

function tell(frames: readonly SseFrame[]): Told[] {
  return frames
    .filter(({ event, data }) => event !== null || data !== null)
    .map(({ event, data }) => ({ event, data }));
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...cuts, bytes.length].map((cut, index, all) =>
    bytes.subarray(index === 0 ? 0 : all[index - 1], cut),
  );
}

const text = fc
  .string({ unit: "grapheme" })
  .map((value) => value.replaceAll(/[\r\n]/g, "").replaceAll("\u0000", ""));
const lineEnd = fc.constantFrom("\n", "\r", "\r\n");
const event = fc.record({
  event: fc.option(
    text.filter((value) => !value.startsWith(" ")),
    { nil: null },
  ),
  data: fc.array(text, { minLength: 1, maxLength: 3 }),
  comment: fc.option(text, { nil: null }),
  space: fc.boolean(),
});

describe("createSseParser", () => {
  it("gives the same events for any chunking, any line ends, and keeps every byte", () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        lineEnd,
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 30 }),
        (events, end, bom, places) => {
          let stream = bom ? "\uFEFF" : "";
          for (const { event, data, comment, space } of events) {
            if (comment !== null) stream += `:${comment}${end}`;
            if (event !== null) stream += `event:${space ? " " : ""}${event}${end}`;
            // Without the space a text that begins with one would lose it.
            for (const line of data) stream += `data: ${line}${end}`;
            stream += end;
          }
          const bytes = Buffer.from(stream);
          const frames = read(cutAt(bytes, places));
          expect(tell(frames)).toEqual(events.map(({ event, data }) => ({ event, data: data.join("\n") })));
          // What a stream ends in has the line ends that it lacks.
          expect(Buffer.concat(frames.map((frame) => frame.bytes)).subarray(0, bytes.length)).toEqual(bytes);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("gives the same for a byte at a time as for the whole, on arbitrary line noise", () => {
    const noise = fc.string({
      unit: fc.constantFrom("\r", "\n", ":", "d", "data:", "event: x", "é", " ", "id: 1"),
    });
    fc.assert(
      fc.property(noise, (stream) => {
        const bytes = Buffer.from(`${stream}\n\n`);
        const single = Array.from({ length: bytes.length }, (_, index) => bytes.subarray(index, index + 1));
        expect(tell(read(single))).toEqual(tell(read([bytes])));
      }),
      { numRuns: 500 },
    );
  });

  it("gives a frame as soon as its blank line is there", () => {
    const parser = createSseParser({ eventBytes: 100 });
    expect(parser.push(Buffer.from("data: 1\n"))).toEqual([]);
    expect(tell(parser.push(Buffer.from("\n")))).toEqual([{ event: null, data: "1" }]);
    expect(tell(parser.push(Buffer.from("data: 2\r\n\r")))).toEqual([{ event: null, data: "2" }]);
    expect(tell(parser.push(Buffer.from("\ndata: 3\r\n\r\n")))).toEqual([{ event: null, data: "3" }]);
  });

  it("gives views of the chunk, and a copy only across chunks", () => {
    const chunk = Buffer.from("data: 1\n\ndata: 2\n\n");
    const frames = createSseParser({ eventBytes: 100 }).push(chunk);
    expect(frames.map((frame) => frame.bytes.buffer === chunk.buffer)).toEqual([true, true]);
  });

  it("tells comments, fields without data, and fields that trip the SDKs", () => {
    const [comment, ping, id, dataless, bare] = read([
      Buffer.from(": hold\n\nevent: ping\n\nid: 4\ndata: x\n\ndata:\n\ndata\n\n"),
    ]);
    expect(comment).toMatchObject({ event: null, data: null, plain: false });
    expect(ping).toMatchObject({ event: "ping", data: null, plain: true });
    expect(id).toMatchObject({ data: "x", plain: false });
    expect(dataless).toMatchObject({ data: "", plain: true });
    expect(bare).toMatchObject({ data: "", plain: false });
  });

  it("takes a byte order mark at the beginning of the stream", () => {
    expect(tell(read([Buffer.from("\uFEFFdata: a\n\ndata: \uFEFFb\n\n")]))).toEqual([
      { event: null, data: "a" },
      { event: null, data: "\uFEFFb" },
    ]);
  });

  it.each([
    "\uFEFF\uFEFFdata: a\n\n",
    "data: a\n\uFEFFdata: b\n\n",
    "data: a\r\uFEFFdata: b\r\r",
    "data: a\n\n\uFEFFdata: b\n\n",
    ": hold\n\n\uFEFF: bye\n\n",
    ": hold\n\n\uFEFF",
  ])("throws on a byte order mark at the start of another line, which some readers drop: %j", (stream) => {
    const bytes = Buffer.from(stream);
    const single = Array.from({ length: bytes.length }, (_, index) => bytes.subarray(index, index + 1));
    for (const chunks of [[bytes], single]) {
      expect(() => read(chunks)).toThrow(expect.objectContaining({ code: "answer_unreadable" }));
    }
  });

  it.each([
    ["CR", ":\r", "\r"],
    ["LF, and one CR at the end", ":\n", "\r\n"],
    ["CRLF, and one CR at the end", ":\r\n", "\r"],
    ["LF after one CR", ":\n", "\n"],
    ["LF in data", "data:\n", "\n"],
  ])("takes a time in proportion to the frame where its lines end in %s", (_, line, end) => {
    const bytes = Buffer.from(`:\r${line.repeat((4 << 20) / line.length)}${end}`);
    // A search to the end for each line takes a minute and more.
    expect(measureCpu(() => expect(read([bytes], 16 << 20)).toHaveLength(1))).toBeLessThan(5000);
  });

  it("throws on a frame over the limit, however it comes", () => {
    const long = Buffer.from(`data: ${"x".repeat(200)}\n\n`);
    expect(() => read([long], 100)).toThrow(expect.objectContaining({ code: "answer_unreadable" }));
    const parser = createSseParser({ eventBytes: 100 });
    expect(() => {
      for (let index = 0; index < 200; index++) parser.push(Buffer.from("x"));
    }).toThrow(expect.objectContaining({ code: "answer_unreadable" }));
  });

  it("counts the limit for each frame, not for the stream", () => {
    expect(read([Buffer.from("data: 12345\n\n".repeat(100))], 20)).toHaveLength(100);
  });

  it.each(["data: 1\n", "data: 1", "data: 1\r", "event: x\r\ndata: 1\r\n"])(
    "ends an event whose blank line is missing at the end: %j",
    (stream) => {
      expect(read([Buffer.from(stream)])).toMatchObject([{ data: "1" }]);
    },
  );

  it.each(["event: x\n", "id: 1", "data: 1\n\nda"])(
    "throws where the stream ends before an event has data: %j",
    (stream) => {
      expect(() => read([Buffer.from(stream)])).toThrow(
        expect.objectContaining({ code: "answer_unreadable" }),
      );
    },
  );

  it.each(["", "\n", ": bye", ": bye\n", "data: 1\n\n\r\n"])(
    "takes an end after comments and blank lines: %j",
    (stream) => {
      expect(() => read([Buffer.from(stream)])).not.toThrow();
    },
  );

  it("throws on invalid UTF-8", () => {
    expect(() => read([Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a])])).toThrow(
      expect.objectContaining({ code: "answer_unreadable" }),
    );
  });
});
