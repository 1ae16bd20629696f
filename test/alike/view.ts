// What one way showed, in a form that can be compared: what is another each time has a name in its place.
import type { Told } from "./ask.ts";
import type { Pairs, Received } from "./provider.ts";

export type Headers = Readonly<Record<string, string>>;

/** A request as it reached the provider. */
export type Sent = {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** Bytes as Latin-1; of a form its parts, each with its name, file name, type and bytes. */
  readonly body: string;
  readonly trailers: Pairs;
};

/** An answer as it reached the program, and what the provider saw of its request. */
export type View = {
  readonly status: number;
  readonly headers: Headers;
  /** Bytes as Latin-1; of an error of the gateway's own `refused: CODE`. */
  readonly body: string;
  /** It ended as it said that it would. */
  readonly isWhole: boolean;
  readonly interim: readonly number[];
  readonly trailers: Pairs;
  readonly sent: readonly Sent[];
};

/** The headers of an answer that a program may look at, but for those of framing: whole is what the client makes of it. */
const MATTERS =
  /^(?:accept-ranges|allow|cache-control|connection|content-(?!length$).*|etag|last-modified|link|location|openai-.*|retry-after(?:-ms)?|vary|www-authenticate|x-content-.*|x-ratelimit-.*|x-request-id|x-should-retry)$/;
/** Headers of a request that name the way, or frame the body. */
const OF_THE_WAY =
  /^(?:authorization|connection|content-length|expect|host|trailer|transfer-encoding|x-client-request-id)$/;
const OWN_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** Gives what a way showed. */
export function toView(told: Told, received: readonly Received[]): View {
  const { status, isWhole, interim, trailers } = told;
  const headers = pick(told.headers, (name) => MATTERS.test(name));
  const text = told.body.toString("latin1");
  const own = /"code":"(\w+)","exchange_id":/.exec(text)?.[1];
  const isOwn = own !== undefined && !text.includes("event: error");
  return {
    status,
    headers: mapValues(headers, (value) => (OWN_ID.test(value) ? "<exchange>" : value)),
    body: isOwn ? `refused: ${own}` : withErrors(text).replace(/ek_tg_\w+/, "<client secret>"),
    isWhole,
    interim,
    trailers,
    sent: received.map(toSent),
  };
}

function toSent({ method, url, headers: pairs, body, trailers }: Received): Sent {
  const headers = pick(pairs, (name) => !OF_THE_WAY.test(name));
  const type = headers["content-type"] ?? "";
  const boundary = /boundary="?([^";]+(?:;(?=[^=]*")[^";]*)*)/i.exec(type)?.[1];
  const text = body.toString("latin1");
  if (boundary === undefined) return { method, url, headers, body: text, trailers };
  const parts = readParts(text, boundary);
  return {
    method,
    url,
    headers: { ...headers, "content-type": "multipart/form-data" },
    body: JSON.stringify(parts),
    trailers,
  };
}

/** Reads a form's parts (RFC 7578): a name's writing, and what a part says of its own length and encoding, tells nothing. */
function readParts(text: string, boundary: string): readonly object[] {
  const [, ...pieces] = `\r\n${text}`.split(`\r\n--${boundary}`);
  return pieces
    .filter((piece) => !piece.startsWith("--"))
    .map((piece) => {
      const end = piece.indexOf("\r\n\r\n");
      const head = piece.slice(0, end);
      const extended = /filename\*=UTF-8''(\S+)/.exec(head)?.[1];
      return {
        name: /[; ]name="?([^";\r]*)/.exec(head)?.[1],
        filename:
          extended === undefined
            ? /filename="?([^";\r]*)/.exec(head)?.[1]
            : Buffer.from(decodeURIComponent(extended)).toString("latin1"),
        type: /content-type:[ ]*(.*)/i.exec(head)?.[1]?.trim(),
        bytes: piece.slice(end + 4),
      };
    });
}

/** Cuts a stream into its events, each with the line ends behind it; a blank line by itself is one. */
export function toFrames(text: string): readonly string[] {
  return text.match(/(?:[^\r\n]+(?:\r\n|\n|\r))*(?:\r\n|\n|\r)|[^]+$/g) ?? [];
}

/** Writes a stream's errors, which the gateway words so that all clients raise them, by what they say. */
function withErrors(text: string): string {
  if (!/^(?:event|data): ?(?:error|\{"error":)/m.test(text)) return text;
  const frames = toFrames(text);
  const at = frames.findIndex((frame) => /^event: error$|^data: \{"error":/m.test(frame));
  const [, code, message] = /"message":"([^"]*)".*"code":"(\w+)"/.exec(frames[at] ?? "") ?? [];
  const said = code === undefined ? /"code":"(\w+)","message":"([^"]*)"/.exec(frames[at] ?? "") : null;
  return `${frames.slice(0, at).join("")}error: ${said?.[1] ?? message}: ${said?.[2] ?? code}\n\n`;
}

function pick(pairs: Pairs, matters: (name: string) => boolean): Headers {
  const picked: Record<string, string> = {};
  for (const [name, value] of pairs)
    if (matters(name)) picked[name] = name in picked ? `${picked[name]} | ${value}` : value;
  return picked;
}

function mapValues(headers: Headers, change: (value: string) => string): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, change(value)]));
}
