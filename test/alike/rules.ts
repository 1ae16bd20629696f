// What a program may tell the gateway from a provider by: docs/compatibility.md has each by its name, with the reason.
import type { JsonObject, RouteSpec } from "../../gateway/exchange.ts";
import type { Exchange } from "./exchange.ts";
import { toFrames } from "./view.ts";
import type { Headers, Sent, View } from "./view.ts";

/** A difference that is meant: how an exchange shows itself through the gateway, given how it does without. */
export type Rule = {
  readonly name: string;
  /** It depends on what comes first, and need not be met. */
  readonly isRare?: true;
  readonly change: (view: View, exchange: Exchange, through: View) => View;
};

const sentAs = (view: View, change: (sent: Sent) => Sent): View => ({ ...view, sent: view.sent.map(change) });
const without = (headers: Headers, isGone: (name: string, value: string) => boolean): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name, value]) => !isGone(name, value)));

const TO_PROVIDER = /^(?:accept|content-type|idempotency-key|openai-beta|user-agent|x-stainless-.*)$/;
const OF_PARTS = /^(?:if-range|range)$/;
/** What no SDK sends. */
const ODD = /^(?:curl|text\/event-stream, application|lines=)/;
const TO_PROGRAM =
  /^(?:connection|content-type|openai-(?:poll-after-ms|processing-ms|version)|retry-after(?:-ms)?|x-(?:ratelimit-.*|request-id|should-retry))$/;
const OF_FILES = /^(?:accept-ranges|content-disposition|content-range|etag|last-modified)$/;

const isFile = ({ spec }: Exchange, { status }: View): boolean =>
  status === 416 || spec.answer === "any" || (spec.answer === "bytes" && status < 300 && status !== 204);
const isStream = (view: View): boolean =>
  view.status === 200 && (view.headers["content-type"] ?? "").startsWith("text/event-stream");
const DONE = "data: [DONE]\n\n";
/** Streams that do not say that they are whole. */
const CUT: ReadonlySet<string> = new Set(["stream: breaks off", "stream: without its end", "stream: empty"]);
const PAGES: ReadonlyMap<string, number> = new Map([["file", 1000]]);

export const RULES: readonly Rule[] = [
  {
    name: "trailers",
    change: (view) => sentAs({ ...view, trailers: [] }, (sent) => ({ ...sent, trailers: [] })),
  },
  {
    name: "interim answers",
    change: (view) => ({ ...view, interim: view.interim.filter((status) => status === 100) }),
  },
  {
    name: "compressed answers",
    change: (view) =>
      sentAs(view, (sent) => ({ ...sent, headers: { ...sent.headers, "accept-encoding": "identity" } })),
  },
  {
    name: "request headers",
    change: (view, { spec }) =>
      sentAs(view, ({ headers, ...sent }) => {
        const isPart = /^(?:bytes|any)$/.test(spec.answer) && spec.method === "GET";
        const crosses = (name: string, value: string): boolean =>
          name === "accept-encoding" ||
          ((TO_PROVIDER.test(name) || (isPart && OF_PARTS.test(name))) && !ODD.test(value));
        return { ...sent, headers: without(headers, (name, value) => !crosses(name, value)) };
      }),
  },
  {
    name: "idempotency keys",
    change: (view, _, through) =>
      sentAs(view, (sent) => {
        const key = through.sent[0]?.headers["idempotency-key"] ?? "";
        const isBound = "idempotency-key" in sent.headers && /^[\w-]{43}$/.test(key);
        return isBound ? { ...sent, headers: { ...sent.headers, "idempotency-key": key } } : sent;
      }),
  },
  {
    name: "empty bodies",
    change: (view, { spec }) =>
      sentAs(view, ({ headers, ...sent }) => ({
        ...sent,
        url: spec.lists === null ? sent.url.replace(/\?$/, "") : sent.url,
        headers: without(headers, (name) => name === "content-type" && sent.body === ""),
      })),
  },
  {
    name: "answer headers",
    change: (view, exchange) => ({
      ...view,
      headers: without(
        view.headers,
        (name) => !TO_PROGRAM.test(name) && !(isFile(exchange, view) && OF_FILES.test(name)),
      ),
    }),
  },
  {
    name: "calls' addresses",
    change: (view, { spec }) =>
      spec.answer === "sdp" && view.status === 201
        ? { ...view, headers: { ...view.headers, location: "/v1/realtime/calls/rtc_1" } }
        : view,
  },
  {
    name: "lists",
    change: (view, { spec, refusal }) =>
      spec.lists === null ? view : toOwnList(view, spec.lists, refusal === undefined),
  },
  {
    name: "streams",
    change: (view, { spec }) =>
      isStream(view)
        ? {
            ...view,
            headers: {
              ...view.headers,
              "content-type": "text/event-stream; charset=utf-8",
              "cache-control": "no-cache",
            },
            body: toFrames(view.body)
              .map((frame) => toPlainFrame(frame, spec.dialect))
              .join(""),
          }
        : view,
  },
  {
    name: "errors within streams",
    isRare: true,
    change: (view, _, through) => {
      if (!isStream(view) || !/(?:^|\n)error: /.test(view.body)) return view;
      // What is recorded while the error comes is not sent any more.
      const error = toFrames(view.body).at(-1) ?? "";
      const kept = through.body.endsWith(error) ? through.body.slice(0, -error.length) : view.body;
      return view.body.startsWith(kept) ? { ...view, body: `${kept}${error}` } : view;
    },
  },
  {
    name: "what comes behind the end",
    isRare: true,
    change: (view, { spec }, through) =>
      spec.dialect === "responses" && view.body.endsWith(`\n\n${DONE}`) && !through.body.endsWith(DONE)
        ? { ...view, body: view.body.slice(0, -DONE.length) }
        : view,
  },
  {
    name: "cut answers",
    change: (view, exchange, through) => {
      const { name, spec, answer } = exchange;
      if (isStream(view)) {
        const isNeeded = spec.dialect !== "other" || spec.operation === "completions.create";
        const isCut = isNeeded ? CUT.has(name) : answer.breaksOff === true;
        const error = toFrames(through.body).at(-1) ?? "";
        if (!isCut || !error.startsWith("error: target_broke_off: ")) return view;
        const kept = through.body.slice(0, -error.length);
        return view.body.startsWith(kept) ? { ...view, isWhole: true, body: `${kept}${error}` } : view;
      }
      const isPart =
        isFile(exchange, view) && answer.breaksOff === true && view.body.startsWith(through.body);
      return isPart ? { ...view, body: through.body } : view;
    },
  },
  {
    name: "usage in chat streams",
    change: (view, { spec }) =>
      spec.dialect === "chat"
        ? sentAs(view, (sent) =>
            sent.body.includes('"stream":true')
              ? { ...sent, body: `${sent.body.slice(0, -1)},"stream_options":{"include_usage":true}}` }
              : sent,
          )
        : view,
  },
  {
    name: "tracing",
    change: (view) =>
      sentAs(view, (sent) => ({
        ...sent,
        body: sent.body.replace(/"tracing":(?:"[^"]*"|\{[^}]*\})/, '"tracing":null'),
      })),
  },
  {
    name: "client secrets",
    change: (view, { spec }, through) => (spec.isGrant ? toGiven(view, spec.operation, through) : view),
  },
  {
    name: "refusals",
    change: (view, { refusal }, through) =>
      refusal === undefined
        ? view
        : {
            ...view,
            status: refusal.status,
            body: view.body === "" && through.body === "" ? "" : `refused: ${refusal.code}`,
            isWhole: true,
            headers: refusal.code === "target_failed" ? toErrorHead(view.headers) : through.headers,
            sent: refusal.reaches ? view.sent : [],
          },
  },
];

/** An error that is not JSON keeps what its head says. */
function toErrorHead(headers: Headers): Headers {
  return { "x-request-id": "<exchange>", ...headers, "content-type": "application/json" };
}

/** The gateway reads pages of the largest size, and writes one of its own. */
function toOwnList(view: View, kind: string, isRead: boolean): View {
  const asked = sentAs(view, (sent) => {
    const [path = "", query = ""] = sent.url.split("?");
    const parameters = new URLSearchParams(query);
    if (kind === "fine_tuned_model")
      return { ...sent, url: parameters.size === 0 ? path : `${path}?${parameters.toString()}` };
    parameters.delete("limit");
    parameters.append("limit", String(PAGES.get(kind) ?? 100));
    return { ...sent, url: `${path}?${parameters.toString()}` };
  });
  if (!isRead || view.status !== 200 || view.body === "") return asked;
  const page: JsonObject = JSON.parse(Buffer.from(view.body, "latin1").toString("utf8"));
  const known = ["object", "data", "first_id", "last_id", "has_more"].filter((name) => name in page);
  const body = JSON.stringify(Object.fromEntries(known.map((name) => [name, page[name]])));
  return { ...asked, body: Buffer.from(body).toString("latin1") };
}

/** Comments and blank lines are signs of life, and lines that the SDKs trip over are left out. */
function toPlainFrame(frame: string, dialect: RouteSpec["dialect"]): string {
  if (frame.startsWith("error: ")) return frame;
  const lines = frame.split(/\r\n|\n|\r/).filter((line) => line !== "");
  const isKnown = (line: string): boolean => /^(?:\u00EF\u00BB\u00BF)?(?:event|data)/.test(line);
  const isKeepAlive = dialect === "responses" && lines.includes("event: keepalive");
  if (isKeepAlive || !lines.some((line) => isKnown(line))) return ": keep-alive\n\n";
  if (dialect === "chat" && /^data: ?\[DONE\]$/.test(lines.at(-1) ?? "")) return "data: [DONE]\n\n";
  const plain = lines.filter((line) => isKnown(line));
  if (plain.length < lines.length) return `${plain.join("\n")}\n\n`;
  return /(?:\r\n\r\n|\n\n|\r\r)$/.test(frame) ? frame : `${frame.trimEnd()}\n\n`;
}

/** The program gets a secret of the gateway's, which lives as long as was asked for. */
function toGiven(view: View, operation: string, through: View): View {
  const isNew = operation.endsWith("client_secrets.create");
  const expires = /"expires_at":(\d+)/.exec(through.body)?.[1] ?? "0";
  const given = `"<client secret>"`;
  const body = view.body
    .replace('"ek_of_the_provider"', given)
    .replace('"expires_at":1', `"expires_at":${expires}`)
    .replace(/\}$/, isNew && view.status < 300 ? `,"expires_at":${expires}}` : "}");
  const sent = sentAs(view, (sent) =>
    isNew
      ? {
          ...sent,
          body: sent.body.replace(/\}(\s*)$/, ',"expires_after":{"anchor":"created_at","seconds":10}}$1'),
        }
      : sent,
  );
  return { ...sent, body };
}
