// Records what goes over the wire between a client and its target, in a form that can be compared: ids and times aside.
import { createHash } from "node:crypto";

/** One call with what was answered. */
export type Entry = {
  readonly method: string;
  /** Below `/v1`, without the query, with the ids that stood in it. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, a list of events, a text, or the sum of bytes. */
  readonly body: unknown;
};

/** A recorder: give `fetch` to a client. */
export type Transcript = { readonly fetch: typeof fetch; entries(): readonly Entry[] };

/** The headers that a program may rely on. */
const HEADERS = [
  "accept-ranges",
  "content-disposition",
  "content-range",
  "content-type",
  "etag",
  "location",
  "openai-poll-after-ms",
  "openai-processing-ms",
  "openai-version",
  "retry-after",
  "retry-after-ms",
  "x-ratelimit-limit-requests",
  "x-ratelimit-remaining-requests",
];
/** Ids, the names of tuned models, sums of content with ids in it, sealed content. */
const ID =
  /(?<![\w-])(?:(?:[a-z]+[_-])+[0-9a-f]{12,}\w*|ek_tg_\w+|ft:[\w:.-]+|[0-9a-f]{32}\b|gAAAAAB[\w-]+)/g;

/** Creates a recorder for calls below a base URL. */
export function createTranscript(baseUrl: string): Transcript {
  const calls: { readonly method: string; readonly path: string; readonly response: Response }[] = [];
  const bodies: Promise<Entry>[] = [];
  const done: Entry[] = [];
  const base = new URL(baseUrl).pathname;

  async function record(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const response = await fetch(input, init);
    const url = new URL(input instanceof Request ? input.url : input);
    const at = bodies.length;
    calls.push({ method: init?.method ?? "GET", path: url.pathname.slice(base.length), response });
    const [mine, theirs] = response.body === null ? [null, null] : response.body.tee();
    const entry = toEntry(calls[at] ?? { method: "", path: "", response }, mine);
    bodies.push(entry);
    entry.then(
      (one) => (done[at] = one),
      () => undefined,
    );
    return new Response(theirs, { status: response.status, headers: response.headers });
  }

  return {
    fetch: record,
    entries: () => rename(done),
  };
}

async function toEntry(
  { method, path, response }: { readonly method: string; readonly path: string; readonly response: Response },
  body: ReadableStream<Uint8Array> | null,
): Promise<Entry> {
  const bytes = Buffer.from(await new Response(body).arrayBuffer());
  const isLines = response.headers.get("content-disposition")?.includes('.jsonl"') ?? false;
  const headers = Object.fromEntries(
    HEADERS.flatMap((name) => {
      const value = response.headers.get(name);
      // A file that is judged line by line may be another than the target's: it has no tag.
      return value === null || (name === "etag" && isLines) ? [] : [[name, value]];
    }),
  );
  return {
    method,
    path,
    status: response.status,
    headers,
    body: toBody(headers["content-type"] ?? "", bytes),
  };
}

function toBody(type: string, bytes: Buffer): unknown {
  if (bytes.length === 0) return null;
  if (type.startsWith("application/json")) return JSON.parse(bytes.toString("utf8"));
  if (type.startsWith("text/event-stream")) return toEvents(bytes.toString("utf8"));
  if (type.startsWith("text/") || type.startsWith("application/sdp")) return bytes.toString("utf8");
  const text = bytes.toString("utf8");
  // What a batch wrote is JSON a line, whatever its type says.
  if (text.startsWith('{"'))
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function toEvents(text: string): readonly unknown[] {
  return text
    .split(/\r?\n\r?\n/)
    .map((frame) => frame.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith(":")))
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const data = lines.flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : [])).join("\n");
      const event = lines.find((line) => line.startsWith("event: "))?.slice(7) ?? null;
      return { event, data: data.startsWith("{") ? JSON.parse(data) : data };
    });
}

/** Gives each id a name by the order in which they appear, and takes the times out. */
function rename(entries: readonly Entry[]): readonly Entry[] {
  const names = new Map<string, string>();
  const renamed = (text: string): string =>
    text.replace(ID, (id) => {
      const name =
        names.get(id) ??
        `<${id.replace(/(?:[0-9a-f]{12,}\w*|(?<=^ek_)tg_.*|:.*|(?<=AAB).*)$/, "")}${names.size}>`;
      names.set(id, name);
      return name;
    });
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return renamed(value);
    if (typeof value === "number") return value > 1_600_000_000 && value < 2_100_000_000 ? "<time>" : value;
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [renamed(key), walk(one)]));
  };
  return entries.map((entry) => ({
    ...entry,
    path: renamed(entry.path),
    headers: Object.fromEntries(Object.entries(entry.headers).map(([name, value]) => [name, renamed(value)])),
    body: walk(entry.body),
  }));
}
