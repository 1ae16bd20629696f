// Takes a request's body as its operation has it: JSON in memory; forms, and what nobody understands, into the spool.
import type { IncomingMessage } from "node:http";
import { readBody } from "./body.ts";
import { GatewayError } from "../errors.ts";
import type { Json, JsonObject, Route } from "../exchange.ts";
import { toFile, toTexts } from "./form-request.ts";
import { toObject } from "../form/fields.ts";
import { badForm } from "../form/part-header.ts";
import type { PartHeader } from "../form/part-header.ts";
import { readBoundary, readField, readForm } from "../form/read-form.ts";
import type { FormPart } from "../form/read-form.ts";
import { takeBody } from "../form/take.ts";
import { writeForm } from "../form/write-form.ts";
import type { SpooledBody, Stretches, WrittenPart } from "../form/write-form.ts";
import { parseJson } from "../parse/json.ts";
import { isObject } from "../parse/pointer.ts";
import { REFERENCES } from "../parse/walk.ts";
import { toUntraced } from "./realtime-body.ts";
import type { Spool, Spools } from "../spool/spool.ts";

/** A form that was read. */
export type TakenForm = {
  readonly parts: readonly FormPart[];
  /** Where each part stands in the body. */
  readonly pointers: readonly string[];
  readonly spool: Spool;
  /** Texts of files that are small enough to be looked at as a whole, by their part. */
  readonly texts: ReadonlyMap<FormPart, string>;
};

/** A request's body. */
export type TakenBody = {
  /** What the parser reads: JSON as it came, or what a form says as JSON. */
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
  /** How many bytes came. */
  readonly size: number;
  readonly form: TakenForm | null;
  /** What goes to the target; null: the bytes that the parser has read. */
  readonly spooled: SpooledBody | null;
  /** Lets go of what was kept. */
  close(): Promise<void>;
};

export type BodyLimits = {
  readonly request_bytes: number;
  readonly upload_bytes: number;
  readonly request_ms: number;
  readonly depth: number;
};

/** Fields that the gateway must understand: as files they could be read in two ways. */
const FIELDS: ReadonlySet<string> = new Set(
  "background format input instructions keywords language model n prompt purpose query response_format size store stream stream_format voice".split(
    " ",
  ),
);
/** Fields that the API reads as JSON, whether or not they say that they are. */
const JSON_FIELDS: ReadonlySet<string> = new Set(["session"]);
const FLAGS: ReadonlySet<string> = new Set(["background", "store", "stream"]);
/** Fields that are one value: as a list some readers take them for it. */
const SINGLE: ReadonlySet<string> = new Set([...FLAGS, "model", "n", "purpose", "stream_format"]);
const SDP = /^application\/sdp[ \t]*(?:;|$)/i;
const MOST_SDP = 1024 * 1024;
const MOST_JSON = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** Stands for a body that nobody reads: its request is refused without it. */
export const UNREAD: TakenBody = {
  bytes: NOTHING,
  contentType: undefined,
  size: 0,
  form: null,
  spooled: null,
  close: async () => undefined,
};

/**
 * Takes the body of one request. What it keeps lasts until it is closed. `bound` is the session that a call takes from
 * the client secret that it was asked for with.
 */
export async function takeRequestBody(
  incoming: IncomingMessage,
  { spec }: Route,
  spools: Pick<Spools, "open">,
  limits: BodyLimits,
  bound: JsonObject | null = null,
): Promise<TakenBody> {
  const contentType = incoming.headers["content-type"];
  if (spec.body === "any") return takeUnread(incoming, contentType, spools, limits);
  if (spec.body === "form" || spec.body === "form_or_sdp") {
    const boundary = readBoundary(contentType);
    if (boundary !== null && bound !== null)
      throw badForm("With a client secret a call takes its session from that: send the description alone.");
    if (boundary !== null)
      return takeForm(incoming, boundary, spools, limits, spec.operation === "uploads.parts.create");
  }
  if (spec.body === "form_or_sdp" && SDP.test(contentType ?? "")) return takeSdp(incoming, limits, bound);
  const bytes = await readBody(incoming, { bytes: limits.request_bytes, milliseconds: limits.request_ms });
  return { bytes, contentType, size: bytes.length, form: null, spooled: null, close: async () => undefined };
}

async function takeForm(
  incoming: IncomingMessage,
  boundary: string,
  spools: Pick<Spools, "open">,
  limits: BodyLimits,
  isPiece: boolean,
): Promise<TakenBody> {
  const spool = spools.open();
  try {
    const bounds = { bytes: limits.upload_bytes, milliseconds: limits.request_ms };
    const parts = await readForm(incoming, boundary, spool, bounds, isPiece);
    const fields: { name: string; value: Json }[] = [];
    for (const part of parts)
      fields.push({ name: part.name, value: await toValue(spool, part, limits.depth) });
    const written = parts.map((part, index) => toWrittenPart(part, part, fields[index]?.value ?? null));
    const { body, pointers } = toObject(fields);
    return {
      bytes: Buffer.from(JSON.stringify(body)),
      contentType: "application/json",
      size: spool.size,
      form: { parts, pointers, spool, texts: await toTexts(spool, parts) },
      spooled: writeForm(spool, written),
      close: () => spool.close(),
    };
  } catch (error) {
    await spool.close();
    throw error;
  }
}

/** Gives a part as it goes to the target, with what stands in the spool: a session's without its tracing. */
export function toWrittenPart(header: PartHeader, kept: Stretches, value: Json): WrittenPart {
  const { name, filename, type } = header;
  const edits = JSON_FIELDS.has(name) && isObject(value) ? toUntraced(value) : {};
  if (Object.keys(edits).length === 0 || !isObject(value)) {
    const { from, to, more } = kept;
    return { name, filename, type, from, to, ...(more !== undefined && { more }) };
  }
  return { name, filename, type, bytes: Buffer.from(JSON.stringify({ ...value, ...edits })) };
}

/** Tells a field that is read as JSON however it is sent. */
export function isJsonField(name: string): boolean {
  return JSON_FIELDS.has(name);
}

/** Tells a field that is read as JSON. */
export function isSentAsJson({ name, type }: Pick<PartHeader, "name" | "type">): boolean {
  return isJsonField(name) || /^application\/json\b/i.test(type ?? "");
}

/** Gives what a part says: a file's name, type and size; a field's text, or what it means where that is known. */
async function toValue(spool: Spool, part: FormPart, depth: number): Promise<Json> {
  const { name } = part;
  const [base = ""] = name.split("[", 1);
  if (base !== name && SINGLE.has(base)) throw badForm("A field of the form must be one value.", name);
  // Browsers give what they send with a type a file name.
  if (JSON_FIELDS.has(name)) {
    if (part.to - part.from > MOST_JSON) throw new GatewayError("body_too_large", "A field is too long.");
    return parseJson(Buffer.from(await readField(spool, part)), { depth: depth - 2 });
  }
  if (part.isFile) {
    if (FIELDS.has(name) || REFERENCES.has(base))
      throw badForm("A field of the form is sent as a file.", name);
    return toFile(part);
  }
  const text = await readField(spool, part);
  if (isSentAsJson(part)) return parseJson(Buffer.from(text), { depth: depth - 2 });
  if (FLAGS.has(name)) {
    if (text === "true" || text === "false") return text === "true";
    throw new GatewayError("body_shape", "The field must be `true` or `false`.", { param: name });
  }
  if (name !== "n") return text;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new GatewayError("body_shape", "The field must be a whole number.", { param: name });
}

async function takeSdp(
  incoming: IncomingMessage,
  limits: BodyLimits,
  session: JsonObject | null,
): Promise<TakenBody> {
  const bytes = await readBody(incoming, { bytes: MOST_SDP, milliseconds: limits.request_ms });
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const sdp = decode(text, bytes);
  const body: JsonObject = session === null ? { sdp } : { sdp, session };
  return {
    bytes: Buffer.from(JSON.stringify(body)),
    contentType: "application/json",
    size: bytes.length,
    form: null,
    spooled: writeCall(body),
    close: async () => undefined,
  };
}

/** Writes what opens a call: its description, alone or in a form with its session. */
export function writeCall({ sdp, session }: JsonObject): SpooledBody {
  const bytes = Buffer.from(typeof sdp === "string" ? sdp : "");
  return isObject(session ?? null) ? toCallForm(bytes, session ?? null) : toBareBody(bytes);
}

function toBareBody(bytes: Buffer): SpooledBody {
  return {
    contentType: "application/sdp",
    length: bytes.length,
    async *stream() {
      yield bytes;
    },
  };
}

function toCallForm(sdp: Buffer, session: Json): SpooledBody {
  const json = Buffer.from(JSON.stringify(session));
  return writeForm(null, [
    { name: "sdp", filename: null, type: "application/sdp", bytes: sdp },
    { name: "session", filename: null, type: "application/json", bytes: json },
  ]);
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new GatewayError("body_invalid", "The body is not valid UTF-8.", { cause });
  }
}

async function takeUnread(
  incoming: IncomingMessage,
  contentType: string | undefined,
  spools: Pick<Spools, "open">,
  limits: BodyLimits,
): Promise<TakenBody> {
  const spool = spools.open();
  try {
    const bounds = { bytes: limits.upload_bytes, milliseconds: limits.request_ms };
    await takeBody(incoming, bounds, (piece) => spool.write(piece));
  } catch (error) {
    await spool.close();
    throw error;
  }
  const { size } = spool;
  const hasBody = size > 0 || incoming.headers["content-length"] !== undefined;
  return {
    bytes: NOTHING,
    contentType: undefined,
    size,
    form: null,
    spooled: hasBody
      ? {
          contentType: contentType ?? "application/octet-stream",
          length: size,
          stream: () => spool.read(0, size),
        }
      : null,
    close: () => spool.close(),
  };
}
