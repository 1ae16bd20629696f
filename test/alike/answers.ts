// JSON that a provider may answer in the place of the usual one.
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { RouteSpec } from "../../gateway/exchange.ts";
import { toAnswer, toFrames, toJsonAnswer, toStreamAnswer } from "./answer.ts";
import { toExchange, toRequest } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { Answer, Pairs } from "./provider.ts";
import { ANSWER } from "./refused.ts";
import type { Refusal } from "./refused.ts";

const of = (spec: RouteSpec, name: string, answer: Answer, refusal: Refusal | null = null): Exchange =>
  toExchange(spec, name, toRequest(spec), answer, refusal);
/** Gives JSON in the forms that it may have. */
export function listJson(spec: RouteSpec): readonly Exchange[] {
  if (spec.answer !== "json" && spec.answer !== "text") return [];
  if (spec.isGrant) return [];
  const usual = toAnswer(spec);
  const text = (usual.body ?? []).join("");
  const value: unknown = JSON.parse(text);
  const json = (headers: Pairs = []): Pairs => [["content-type", "application/json"], ...headers];
  const cut = Math.floor(text.length / 2);
  const isList = spec.lists !== null;
  const list = isList ? ANSWER.list : null;
  return [
    of(spec, "pretty", toJsonAnswer(`${JSON.stringify(value, null, 2)}\n`)),
    of(
      spec,
      "odd but one",
      toJsonAnswer(
        `${text.slice(0, -1)},"number":1.50,"exponent":1E2,"large":12345678901234567890,"escaped":"\\u0041\\/","plain":"é😀\u2028"}`,
      ),
    ),
    of(spec, "chunked", { status: 200, headers: json(), body: [text.slice(0, cut), text.slice(cut)] }),
    of(spec, "slow", {
      status: 200,
      headers: json(),
      body: [text.slice(0, cut), text.slice(cut)],
      paceMs: 30,
    }),
    of(spec, "with trailers", { status: 200, headers: json(), body: [text], trailers: [["x-sum", "abc"]] }),
    of(spec, "after interim answers", { ...usual, interim: [102, 103] }),
    of(spec, "201", { ...usual, status: 201 }),
    of(spec, "202", { ...usual, status: 202 }),
    of(spec, "204", { status: 204, headers: [["x-request-id", "req_1"]] }),
    of(spec, "200, empty", { status: 200, headers: [["content-length", "0"]] }),
    of(spec, "200, empty JSON", { status: 200, headers: json([["content-length", "0"]]) }),
    of(spec, "200, empty chunks", { status: 200 }),
    of(spec, "with a charset", { ...usual, headers: [["content-type", "application/json; charset=utf-8"]] }),
    of(spec, "with all headers", {
      ...usual,
      headers: [
        ...(usual.headers ?? []),
        ["openai-organization", "org-1"],
        ["openai-project", "proj_1"],
        ["openai-model", "gpt-5-2025"],
        ["openai-poll-after-ms", "500"],
        ["set-cookie", "a=b"],
        ["cache-control", "private, max-age=0"],
        ["etag", 'W/"abc"'],
        ["vary", "Accept-Encoding, Origin"],
        ["location", "/v1/things/1"],
        ["last-modified", "Wed, 21 Oct 2015 07:28:00 GMT"],
        ["content-language", "en"],
        ["content-disposition", "inline"],
        ["access-control-expose-headers", "X-Request-ID"],
        ["strict-transport-security", "max-age=1"],
        ["cf-ray", "abc"],
        ["x-content-type-options", "nosniff"],
        ["link", "</x>; rel=next"],
        ["retry-after", "1"],
      ],
    }),
    of(spec, "null", toJsonAnswer("null"), list),
    of(spec, "a list", toJsonAnswer("[]"), list),
    of(spec, "a text", toJsonAnswer('"text"'), list),
    of(spec, "a byte order mark", toJsonAnswer(`\uFEFF${text}`), ANSWER.twoWays),
    of(
      spec,
      "a member twice",
      toJsonAnswer(`${text.slice(0, -1)},"note":1,"note":2}`),
      // A list is written anew in any case.
      isList ? null : ANSWER.twoWays,
    ),
    of(
      spec,
      "called text",
      { ...usual, headers: [["content-type", "text/plain"]] },
      spec.answer === "text" ? null : ANSWER.type,
    ),
    of(spec, "of no type", { status: 200, body: [text] }, ANSWER.type),
    of(spec, "breaks off", { ...usual, body: [text.slice(0, cut)], breaksOff: true }, ANSWER.cut),
    of(spec, "ends early", { status: 200, headers: json(), body: [text.slice(0, cut)] }, ANSWER.twoWays),
    of(
      spec,
      "compressed",
      { status: 200, headers: json([["content-encoding", "gzip"]]), body: [gzipSync(text)] },
      ANSWER.compressed,
    ),
    of(
      spec,
      "compressed br",
      { status: 200, headers: json([["content-encoding", "br"]]), body: [brotliCompressSync(text)] },
      ANSWER.compressed,
    ),
    of(spec, "events", toStreamAnswer(toFrames(spec)), ANSWER.type),
  ];
}
