// Files that a provider may answer, and parts of them (RFC 9110 §14).
import { gzipSync } from "node:zlib";
import type { RouteSpec } from "../../gateway/exchange.ts";
import { FILE, toError, toFileAnswer, toJsonAnswer, toPlainAnswer } from "./answer.ts";
import { toExchange, toRequest } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { Answer, Pairs } from "./provider.ts";
import { ANSWER } from "./refused.ts";
import type { Refusal } from "./refused.ts";

const of = (spec: RouteSpec, name: string, answer: Answer, refusal: Refusal | null = null): Exchange =>
  toExchange(spec, name, toRequest(spec), answer, refusal);
/** Gives files in the forms that they may have, and parts of them. */
export function listFiles(spec: RouteSpec): readonly Exchange[] {
  if (spec.answer !== "bytes") return [];
  const usual = toRequest(spec);
  const length = FILE.length;
  const asked = (name: string, headers: Pairs, answer: Answer, refusal: Refusal | null = null): Exchange =>
    toExchange(spec, name, { ...usual, headers: [...usual.headers, ...headers] }, answer, refusal);
  const ranged = (name: string, range: string, answer: Answer, more: Pairs = []): Exchange =>
    asked(name, [["range", range], ...more], answer);
  const part = (from: number, to: number): Answer =>
    toFileAnswer(FILE.subarray(from, to), 206, [["content-range", `bytes ${from}-${to - 1}/${length}`]]);
  const both = `--cut\r\nContent-Range: bytes 0-0/${length}\r\n\r\na\r\n--cut--\r\n`;
  return [
    of(spec, "empty", toFileAnswer(Buffer.alloc(0))),
    of(spec, "chunked", {
      status: 200,
      headers: [["content-type", "audio/mpeg"]],
      body: [FILE.subarray(0, 10), FILE.subarray(10)],
    }),
    of(spec, "slow", {
      status: 200,
      headers: [["content-type", "audio/mpeg"]],
      body: [FILE.subarray(0, 10), FILE.subarray(10)],
      paceMs: 30,
    }),
    of(spec, "of no type", { status: 200, body: [FILE] }),
    of(
      spec,
      "a text",
      toFileAnswer(Buffer.from("the text\n".repeat(1000)), 200, [
        ["content-type", "text/plain; charset=utf-8"],
      ]),
    ),
    of(spec, "JSON", toFileAnswer(Buffer.from('{\n "a": 1 }'), 200, [["content-type", "application/json"]])),
    of(
      spec,
      "lines",
      toFileAnswer(Buffer.from('{"a":1}\n{"a": 2}\n'), 200, [["content-type", "application/jsonl"]]),
    ),
    of(spec, "a page", toFileAnswer(Buffer.from("<html></html>"), 200, [["content-type", "text/html"]])),
    of(
      spec,
      "Latin",
      toFileAnswer(Buffer.from("caf\u00e9 ".repeat(200), "latin1"), 200, [
        ["content-type", "text/plain; charset=iso-8859-1"],
      ]),
    ),
    of(
      spec,
      "UTF-16",
      toFileAnswer(Buffer.from("\uFEFFtext", "utf16le"), 200, [["content-type", "text/plain"]]),
    ),
    of(
      spec,
      "a name beyond ASCII",
      toFileAnswer(FILE, 200, [
        ["content-disposition", "attachment; filename=\"a.bin\"; filename*=UTF-8''n%C3%A9.bin"],
      ]),
    ),
    of(
      spec,
      "with headers",
      toFileAnswer(FILE, 200, [
        ["cache-control", "private"],
        ["vary", "range"],
        ["content-language", "en"],
        ["content-md5", "abc"],
        ["digest", "sha-256=abc"],
        ["location", "/x"],
      ]),
    ),
    of(spec, "large", toFileAnswer(Buffer.alloc(700_000, 200))),
    of(
      spec,
      "compressed",
      toFileAnswer(gzipSync(FILE), 200, [["content-encoding", "gzip"]]),
      ANSWER.compressed,
    ),
    of(spec, "breaks off", { ...toFileAnswer(), body: [FILE.subarray(0, 100)], breaksOff: true }),
    of(spec, "with trailers", {
      status: 200,
      headers: [["content-type", "audio/mpeg"]],
      body: [FILE],
      trailers: [["x-sum", "abc"]],
    }),
    of(spec, "204", { status: 204 }),
    of(spec, "multipart", {
      status: 200,
      headers: [["content-type", "multipart/mixed; boundary=cut"]],
      body: [both],
    }),
    ranged("part", "bytes=0-9", part(0, 10)),
    ranged("end", "bytes=-10", part(length - 10, length)),
    ranged("parts", "bytes=0-0,5-6", {
      status: 206,
      headers: [["content-type", "multipart/byteranges; boundary=cut"]],
      body: [both],
    }),
    ranged("part, ignored", "bytes=0-9", toFileAnswer()),
    ranged("part if the same", "bytes=0-9", part(0, 10), [["if-range", '"abc"']]),
    ranged("odd range", "lines=1-2", toFileAnswer()),
    ranged("past the end", "bytes=9000-", {
      ...toJsonAnswer(toError(null), 416),
      headers: [
        ["content-range", `bytes */${length}`],
        ["content-type", "application/json"],
      ],
    }),
    ranged(
      "past the end, empty",
      "bytes=9000-",
      toPlainAnswer(416, null, "", [["content-range", `bytes */${length}`]]),
    ),
    asked(
      "not changed",
      [["if-none-match", '"abc"']],
      { status: 304, headers: [["etag", '"abc"']] },
      ANSWER.condition,
    ),
    asked(
      "not changed since",
      [["if-modified-since", "Wed, 21 Oct 2015 07:28:00 GMT"]],
      { status: 304, headers: [["etag", '"abc"']] },
      ANSWER.condition,
    ),
  ];
}
