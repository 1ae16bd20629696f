// Exchanges of a path that the gateway does not know, where policy opens it: nothing of them is understood.
import { UNKNOWN_ROUTE } from "../../gateway/routes.ts";
import { FILE, toError, toFileAnswer, toJsonAnswer, toPlainAnswer } from "./answer.ts";
import type { Request } from "./ask.ts";
import { toExchange } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { Answer } from "./provider.ts";
import { ANSWER, REQUEST } from "./refused.ts";
import type { Refusal } from "./refused.ts";

/** The path that policy opens. */
export const UNKNOWN = "/new/things";

/** Gives the exchanges. */
export function listUnknown(): readonly Exchange[] {
  const json = toJsonAnswer('{ "a":\t1 }\n');
  const post = (type: string, body: Buffer | string): Request => ({
    method: "POST",
    path: `${UNKNOWN}?a[]=1&b=`,
    headers: [["content-type", type]],
    body: [body],
  });
  const get = (name: string, answer: Answer, refusal: Refusal | null = null): Exchange =>
    toExchange(
      { ...UNKNOWN_ROUTE, method: "GET" },
      name,
      { method: "GET", path: UNKNOWN, headers: [] },
      answer,
      refusal,
    );
  const sent = (name: string, request: Request, refusal: Refusal | null = null): Exchange =>
    toExchange({ ...UNKNOWN_ROUTE, method: "POST" }, name, request, json, refusal);
  const packed = post("application/json", "packed");
  return [
    sent("JSON", post("application/json", '\uFEFF{ "a":\t1, "a": 2 }\n')),
    sent("a text", post("text/plain; charset=iso-8859-1", Buffer.from("caf\u00e9", "latin1"))),
    sent("bytes", post("application/octet-stream", FILE)),
    sent("a form of its own", post("multipart/mixed; charset=x", "--x\r\n\r\nhi\r\n--x--")),
    sent("chunked", { ...post("text/plain", "hi"), isChunked: true }),
    sent(
      "compressed",
      { ...packed, headers: [...packed.headers, ["content-encoding", "gzip"]] },
      REQUEST.compressed,
    ),
    get("JSON back", json),
    get("a file back", toFileAnswer()),
    get("a page back", toPlainAnswer(200, "text/html", "<html></html>")),
    get("nothing back", { status: 204 }),
    get("an error", toJsonAnswer(toError("a_code"), 422)),
    get("an error of text", toPlainAnswer(404, "text/plain", "not found")),
    get("an error of a page", toPlainAnswer(503, "text/html", "<html></html>", [["retry-after", "2"]])),
    get(
      "a redirect",
      toPlainAnswer(307, null, "", [["location", "https://other.example/"]]),
      ANSWER.redirect,
    ),
    get("401", toJsonAnswer(toError("a_code"), 401), ANSWER.credential),
  ];
}
