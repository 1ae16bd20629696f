// Streams in the forms that they may have (HTML Living Standard §9.2), and what may come in their place.
import { gzipSync } from "node:zlib";
import type { JsonObject, RouteSpec } from "../../gateway/exchange.ts";
import { toError, toFrames, toJsonAnswer, toPlainAnswer, toStreamAnswer } from "./answer.ts";
import { toExchange, toRequest } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { Answer, Pairs } from "./provider.ts";
import { ANSWER, toUnread } from "./refused.ts";
import type { Refusal } from "./refused.ts";

/** Members or parameters by which an operation is asked for a stream; null where it can't be. */
function toWish({ streams }: RouteSpec): JsonObject | null {
  if (streams === "format") return { stream_format: "sse" };
  return streams === "body" ? { stream: true } : streams === "never" ? null : {};
}

/** Gives streams in the forms that they may have. */
export function listStreams(spec: RouteSpec): readonly Exchange[] {
  const wish = toWish(spec);
  if (wish === null) return [];
  const asked = toRequest(spec, wish);
  const path = spec.streams === "query" ? `${asked.path}?stream=true&starting_after=0` : asked.path;
  const request = { ...asked, path };
  const frames = toFrames(spec);
  const text = frames.join("");
  const last = frames.length - 1;
  const as = (name: string, answer: Answer, refusal: Refusal | null = null): Exchange =>
    toExchange(spec, `stream: ${name}`, request, answer, refusal);
  const stream = (name: string, body: readonly (string | Buffer)[], headers: Pairs = []): Exchange =>
    as(name, { ...toStreamAnswer([], headers), body });
  const errorEvent =
    'event: error\ndata: {"type":"error","code":"server_error","message":"It broke.","param":null,"sequence_number":2}\n\n';
  return [
    stream("usual", frames),
    stream("in one piece", [text]),
    stream("byte by byte", text.split("")),
    as("slow", { ...toStreamAnswer(frames), paceMs: 20 }),
    stream("comments", [": hi\n\n", ...frames.slice(0, 1), ":\n", ": again\n\n", ...frames.slice(1)]),
    stream("CRLF", [text.replaceAll("\n", "\r\n")]),
    stream("CR", [text.replaceAll("\n", "\r")]),
    stream("without spaces", [text.replaceAll("data: ", "data:").replaceAll("event: ", "event:")]),
    stream(
      "with id and retry",
      frames.map((frame, index) => `id: ${index}\nretry: 10\n${frame}`),
    ),
    stream(
      "with blank lines",
      frames.map((frame) => `\n\n${frame}\n`),
    ),
    stream("a byte order mark", [`\uFEFF${text}`]),
    stream("no last line end", [text.slice(0, -1)]),
    stream("no end of its last event", [text.slice(0, -2)]),
    stream("with a keepalive event", [
      frames[0] ?? "",
      'event: keepalive\ndata: {"type":"keepalive","sequence_number":1}\n\n',
      ...frames.slice(1),
    ]),
    stream("with an unknown event", [
      frames[0] ?? "",
      'event: response.new\ndata: {"type":"response.new","text":"hi"}\n\n',
      ...frames.slice(1),
    ]),
    stream("with an event in two lines", [
      frames[0] ?? "",
      text.slice((frames[0] ?? "").length).replace(/data: \{/, "data: {\ndata: "),
    ]),
    stream("with DONE behind", [
      ...frames,
      ...(frames[last] === "data: [DONE]\n\n" ? [] : ["data: [DONE]\n\n"]),
    ]),
    stream("without its end", frames.slice(0, last)),
    stream("empty", []),
    stream("an error within", [...frames.slice(0, 1), errorEvent]),
    stream("an error of chat", [
      ...frames.slice(0, 1),
      'data: {"error":{"message":"It broke.","type":"server_error","code":"server_error","param":null}}\n\n',
    ]),
    as("breaks off", { ...toStreamAnswer(frames.slice(0, last)), breaksOff: true }),
    as("with trailers", { ...toStreamAnswer(frames), trailers: [["x-sum", "abc"]] }),
    as(
      "with headers",
      toStreamAnswer(frames, [
        ["vary", "accept"],
        ["x-accel-buffering", "no"],
        ["openai-model", "gpt-5"],
      ]),
    ),
    as("of another type", { ...toStreamAnswer(frames), headers: [["content-type", "text/event-stream"]] }),
    as("JSON instead", toJsonAnswer({ id: "id_1", object: "thing" }), ANSWER.type),
    as("a page instead", toPlainAnswer(200, "text/html", "<html></html>"), ANSWER.type),
    as("an error instead", toJsonAnswer(toError("a_code"), 400)),
    as("429 instead", toJsonAnswer(toError("a_code"), 429, [["retry-after-ms", "20"]])),
    as("503 of a page instead", toPlainAnswer(503, "text/html", "<html></html>"), toUnread(503)),
    as(
      "compressed",
      { ...toStreamAnswer([], [["content-encoding", "gzip"]]), body: [gzipSync(text)] },
      ANSWER.compressed,
    ),
  ];
}
