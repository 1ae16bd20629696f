// Requests that are written in other ways than the usual one, each legal.
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { RouteSpec } from "../../gateway/exchange.ts";
import { toAnswer, toJsonAnswer } from "./answer.ts";
import type { Request } from "./ask.ts";
import { toExchange, toRequest, toRequestBody } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { Pairs } from "./provider.ts";
import { REQUEST } from "./refused.ts";
import type { Refusal } from "./refused.ts";

/** Operations that the gateway does not understand without a body. */
const NEEDY: ReadonlySet<string> = new Set([
  "chat.completions.create",
  "chat.completions.update",
  "responses.create",
]);

const QUERIES: readonly string[] = [
  "limit=2&order=asc",
  "include[]=a.b&include[]=c.d",
  "include%5B%5D=a.b&include%5B%5D=c.d",
  "metadata[key]=value&filter%5Bname%5D=x",
  "unknown=1&empty=&bare",
  "note=a+b%20c%C3%A9%2F%3F",
  "",
  "&&limit=2&",
];

const PRETTY = (value: object): string =>
  `\r\n\t${JSON.stringify(value, null, 2).replaceAll('": ', '"\t : ')} \n\n`;

const of = (spec: RouteSpec, name: string, request: Request, refusal: Refusal | null = null): Exchange =>
  toExchange(spec, name, request, toAnswer(spec), refusal);

/** Gives the queries that an operation can be asked with. */
export function listQueries(spec: RouteSpec): readonly Exchange[] {
  const request = toRequest(spec);
  return QUERIES.map((query) => of(spec, `?${query}`, { ...request, path: `${request.path}?${query}` }));
}

/** Gives the ways to write a body that is JSON. */
export function listJsonBodies(spec: RouteSpec): readonly Exchange[] {
  const usual = toRequest(spec);
  if (spec.body !== "json" || usual.body === undefined) return [];
  const body = toRequestBody(spec);
  const text = JSON.stringify(body);
  const odd = `${text.slice(0, -1)},"number":1.50,"exponent":1E2,"escaped":"\\u0041\\/\\u00e9","plain":"é😀","none":null}`;
  const typed = (type: string | null): Pairs => (type === null ? [] : [["content-type", type]]);
  const as = (name: string, part: Partial<Request>, refusal: Refusal | null = null): Exchange =>
    of(spec, name, { ...usual, ...part }, refusal);
  const empty = NEEDY.has(spec.operation) ? REQUEST.twoWays : null;
  const encoded = (name: string, bytes: Buffer): Exchange =>
    as(
      `encoded: ${name}`,
      { body: [bytes], headers: [...usual.headers, ["content-encoding", name]] },
      REQUEST.compressed,
    );
  return [
    as("pretty", { body: [PRETTY(body)] }),
    as("odd but one", { body: [odd] }),
    as("chunked", { body: [text.slice(0, 5), text.slice(5)], isChunked: true }),
    as("chunked, with trailers", { body: [text], isChunked: true, trailers: [["x-sum", "abc"]] }),
    as("expecting", { expects: true }),
    as("charset", { headers: typed('application/json; charset="UTF-8"') }),
    as("charset, plain", { headers: typed("Application/JSON;charset=utf-8") }),
    as("no type", { headers: typed(null) }, REQUEST.type),
    as("another type", { headers: typed("text/plain") }, REQUEST.type),
    as("a type of its own", { headers: typed("application/vnd.api+json") }, REQUEST.type),
    as("a form's type", { headers: typed("application/x-www-form-urlencoded") }, REQUEST.type),
    as("identity", { headers: [...usual.headers, ["content-encoding", "identity"]] }),
    encoded("gzip", gzipSync(text)),
    encoded("deflate", deflateSync(text)),
    encoded("br", brotliCompressSync(text)),
    encoded("zstd", zstdCompressSync(text)),
    as("byte order mark", { body: [`\uFEFF${text}`] }, REQUEST.twoWays),
    as("a member twice", { body: [`${text.slice(0, -1)},"note":1,"note":2}`] }, REQUEST.twoWays),
    as("no JSON", { body: ["{"] }, REQUEST.twoWays),
    as("a list", { body: ["[]"] }, REQUEST.noObject),
    as("null", { body: ["null"] }, REQUEST.noObject),
    as("empty", { body: [""] }, empty),
    as("empty, chunked", { body: [], isChunked: true }, empty),
    as("blank", { body: [" \n"] }, REQUEST.twoWays),
  ];
}

/** Gives the headers that a program may send. */
export function listHeaders(spec: RouteSpec): readonly Exchange[] {
  const usual = toRequest(spec);
  const as = (name: string, headers: Pairs): Exchange =>
    of(spec, name, { ...usual, headers: [...usual.headers, ...headers] });
  return [
    as("of an SDK", [
      ["accept", "application/json"],
      ["accept-encoding", "gzip, deflate"],
      ["accept-language", "*"],
      ["user-agent", "OpenAI/JS 7.55.0"],
      ["x-stainless-lang", "js"],
      ["x-stainless-package-version", "7.55.0"],
      ["x-stainless-os", "Linux"],
      ["x-stainless-arch", "x64"],
      ["x-stainless-runtime", "node"],
      ["x-stainless-runtime-version", "v24.21.0"],
      ["x-stainless-retry-count", "0"],
      ["openai-beta", "assistants=v2"],
      ["sec-fetch-mode", "cors"],
    ]),
    as("of a person", [
      ["user-agent", "curl/8.5.0"],
      ["accept", "*/*"],
      ["cookie", "a=b"],
      ["openai-organization", "org-1"],
      ["openai-project", "proj_1"],
      ["x-forwarded-for", "10.0.0.1"],
      ["referer", "http://a.example/"],
      ["idempotency-key", "key-1"],
      ["x-my-own", "value"],
      ["cache-control", "no-cache"],
      ["if-none-match", '"abc"'],
      ["if-modified-since", "Wed, 21 Oct 2015 07:28:00 GMT"],
      ["te", "trailers"],
      ["priority", "u=1"],
    ]),
    as("any encoding", [["accept-encoding", "gzip, deflate, br, zstd"]]),
    as("any answer", [["accept", "text/event-stream, application/json;q=0.5"]]),
  ];
}

/** Gives the methods that the operation's path does not have. */
export function listMethods(spec: RouteSpec): readonly Exchange[] {
  const said = {
    message: "Not allowed",
    type: "invalid_request_error",
    param: null,
    code: "method_not_supported",
  };
  const answer = toJsonAnswer({ error: said }, 405, [["allow", spec.method]]);
  return ["HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND"].map((method) => ({
    ...toExchange(spec, method, { method, path: toRequest(spec).path, headers: [] }, answer),
    refusal: REQUEST.method,
  }));
}
