// Asks one cell of docs/coverage.md: sends the operation with a text somewhere, and has the target answer with one.
import type { Coverage } from "../../gateway/coverage.ts";
import type { Client } from "../websocket/client.ts";
import type { Mirror } from "./mirror.ts";

/** What operations need before the gateway reads on. */
const NEEDED: Readonly<Record<string, object>> = {
  "responses.create": { model: "m", input: "hi" },
  "chat.completions.create": { model: "m", messages: [{ role: "user", content: "hi" }], store: true },
  "chat.completions.update": { metadata: {} },
  "exchanges.reveal": { reason: "a reason that is long enough" },
  "traces.ingest": { data: [{ object: "trace", id: "trace_1", workflow_name: "w" }] },
};

/** Where a text stands in what is sent. */
export type Ask = {
  /** A member or field of the body, which nobody knows. */
  readonly note?: string;
  readonly file?: { readonly name: string; readonly text: string };
  readonly query?: string;
  readonly stream?: boolean;
};

/** Whom cells are asked of, and by whom. */
export type Door = { readonly origin: string; readonly key: string };

function toPath({ spec }: Coverage): string {
  return `/v1${spec.template.replaceAll(/\{[^}]*\}/g, "id_1")}`;
}

/** Sends the operation. */
export function askCell(
  { origin, key }: Door,
  row: Coverage,
  { note, file, query, stream = false }: Ask = {},
): Promise<Response> {
  const { spec } = row;
  const parameters = new URLSearchParams(query === undefined ? {} : { note: query });
  if (stream && spec.streams === "query") parameters.set("stream", "true");
  const headers: Record<string, string> = { authorization: `Bearer ${key}` };
  const url = `${origin}${toPath(row)}${parameters.size === 0 ? "" : `?${parameters.toString()}`}`;
  if (spec.body === "form" || spec.body === "form_or_sdp") {
    const form = new FormData();
    if (note !== undefined) form.set("note", note);
    if (stream) form.set("stream", "true");
    form.set("file", new Blob([file?.text ?? "hi"], { type: "text/plain" }), file?.name ?? "hi.txt");
    return fetch(url, { method: spec.method, headers, body: form, redirect: "manual" });
  }
  if (spec.body === "none") return fetch(url, { method: spec.method, headers, redirect: "manual" });
  headers["content-type"] = "application/json";
  const wish = stream ? (spec.streams === "format" ? { stream_format: "sse" } : { stream: true }) : {};
  const unknown = note === undefined ? {} : { unknown: [{ deep: note }] };
  const body = JSON.stringify({ ...NEEDED[spec.operation], ...wish, ...unknown });
  return fetch(url, { method: spec.method, headers, body, redirect: "manual" });
}

/** Has the target give a whole answer of the operation, with the text in a place that nobody knows. */
export function answerWith(mirror: Mirror, { spec }: Coverage, text: string): void {
  if (spec.answer === "bytes") mirror.answer({ headers: { "content-type": "text/plain" }, body: text });
  else if (spec.answer === "sdp")
    mirror.answer({ headers: { "content-type": "application/sdp" }, body: text });
  else if (spec.isGrant) {
    const secret = { value: ["ek", "of-the-targets"].join("_"), expires_at: 1 };
    const unknown = [{ deep: text }];
    const isOlder = !spec.operation.endsWith("client_secrets.create");
    mirror.answer({
      body: JSON.stringify(isOlder ? { client_secret: secret, unknown } : { ...secret, unknown }),
    });
  } else if (spec.lists === null) mirror.answer({ body: JSON.stringify({ unknown: [{ deep: text }] }) });
  else {
    // Of a list a caller gets its own objects, and here those that nobody owns.
    const data = [{ id: `old_${spec.lists}`, unknown: [{ deep: text }] }];
    mirror.answer({ body: JSON.stringify({ object: "list", data, has_more: false }) });
  }
}

/** Has the target give a stream of the operation, with the text in an event that nobody knows. */
export function streamWith(mirror: Mirror, { spec }: Coverage, text: string): void {
  const events: object[] =
    spec.dialect === "chat"
      ? [
          {
            object: "chat.completion.chunk",
            choices: [{ index: 0, delta: { content: "hi" }, finish_reason: "stop" }],
            unknown: text,
          },
        ]
      : [{ type: "response.something.new", deep: [text] }];
  if (spec.dialect === "responses") {
    const response = { id: "resp_1", object: "response", status: "completed", output: [] };
    events.unshift({ type: "response.created", response: { ...response, status: "in_progress" } });
    events.push({ type: "response.completed", response });
  }
  const body = `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`;
  mirror.answer({ headers: { "content-type": "text/event-stream" }, body });
}

/** Gives the address of a socket. */
export function toSocketUrl({ origin }: Door, row: Coverage, query = ""): string {
  return `${origin}${toPath(row)}?model=m${query}`;
}

/** Sends a message with the text in a place that nobody knows. */
export function sendMessage(client: Client, { spec }: Coverage, note: string): void {
  client.send({
    type: "response.create",
    ...(spec.operation === "responses.connect" ? { model: "m", input: "hi" } : {}),
    unknown: [{ deep: note }],
  });
}

/** Waits for what the client is told at last: a message that fits, or the end of the socket. */
export function waitUntilTold(client: Client, fits: (text: string) => boolean): Promise<string> {
  return client
    .until((message) => fits(JSON.stringify(message)))
    .then((message) => JSON.stringify(message))
    .catch(async () => JSON.stringify(await client.closed));
}
