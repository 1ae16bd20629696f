// The errors that a provider, or what stands in front of it, may answer with.
import type { RouteSpec } from "../../gateway/exchange.ts";
import { toError, toJsonAnswer, toPlainAnswer } from "./answer.ts";
import { toExchange, toRequest } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { Answer, Pairs } from "./provider.ts";
import { ANSWER, toUnread } from "./refused.ts";
import type { Refusal } from "./refused.ts";

const of = (spec: RouteSpec, name: string, answer: Answer, refusal: Refusal | null = null): Exchange =>
  toExchange(spec, name, toRequest(spec), answer, refusal);
/** Gives the provider's errors. */
export function listErrors(spec: RouteSpec): readonly Exchange[] {
  const statuses = [
    400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 501, 502, 503, 504, 520, 529,
  ];
  const wait: Pairs = [
    ["retry-after", "2"],
    ["retry-after-ms", "1500"],
    ["x-should-retry", "true"],
  ];
  const unread = (name: string, answer: Answer): Exchange =>
    of(spec, `${answer.status} ${name}`, answer, toUnread(answer.status));
  return [
    ...statuses.map((status) =>
      of(
        spec,
        `${status}`,
        toJsonAnswer(toError("a_code"), status),
        status === 401 ? ANSWER.credential : null,
      ),
    ),
    of(spec, "429, wait", toJsonAnswer(toError("rate_limit_exceeded"), 429, wait)),
    of(spec, "400, never again", toJsonAnswer(toError(null), 400, [["x-should-retry", "false"]])),
    of(spec, "400 pretty", toJsonAnswer(JSON.stringify(toError("x"), null, 2), 400)),
    of(
      spec,
      "400 in a charset",
      toPlainAnswer(400, "application/json; charset=utf-8", JSON.stringify(toError("x"))),
    ),
    of(spec, "404 empty", toPlainAnswer(404, null, "")),
    of(spec, "404 empty, with a length", toPlainAnswer(404, null, "", [["content-length", "0"]])),
    of(spec, "404 empty JSON", toPlainAnswer(404, "application/json", "", [["content-length", "0"]])),
    of(spec, "500 of nothing", toPlainAnswer(500, null, "")),
    unread("as problem", toPlainAnswer(400, "application/problem+json", '{"title":"no"}')),
    unread("of text", toPlainAnswer(404, "text/plain", "not found")),
    unread("of a page", toPlainAnswer(413, "text/html", "<html>large</html>")),
    unread("of text, wait", toPlainAnswer(429, "text/plain", "slow down", wait)),
    unread("of a page", toPlainAnswer(502, "text/html; charset=utf-8", "<html>bad gateway</html>")),
    unread("of a page, wait", toPlainAnswer(503, "text/html", "<html>busy</html>", wait)),
    unread("that is called JSON", toPlainAnswer(500, "application/json", "oops")),
    unread("of no type", toPlainAnswer(400, null, "oops")),
    of(
      spec,
      "400 that breaks off",
      { ...toPlainAnswer(400, "application/json", '{"error":'), breaksOff: true },
      ANSWER.cut,
    ),
    ...[301, 302, 303, 307, 308].map((status) =>
      of(
        spec,
        `${status}`,
        toPlainAnswer(status, null, "", [["location", "https://other.example/v1/x"]]),
        ANSWER.redirect,
      ),
    ),
    of(spec, "304", toPlainAnswer(304, null, "", [["etag", '"abc"']]), ANSWER.condition),
  ];
}
