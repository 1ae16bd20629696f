// Turns a form into what policy sees of a request: files as facts, their names and texts as segments.
import { GatewayError } from "../errors.ts";
import type { FileFacts, Finding, Json, Segment } from "../exchange.ts";
import type { RequestScanner } from "../findings.ts";
import { createTextReader } from "../form/probe.ts";
import type { FormPart } from "../form/read-form.ts";
import { createTextRuns } from "../form/text-runs.ts";
import type { Stretches } from "../form/write-form.ts";
import { createTally } from "../answer/tally.ts";
import type { Tally } from "../answer/tally.ts";
import type { TextScanner } from "../answer/context.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { parseQuery } from "../parse/query.ts";
import type { TakenBody, TakenForm } from "./request-body.ts";
import type { PartEdges } from "../record/upload-parts.ts";
import type { SignalReader } from "../injection.ts";
import type { Ahead, Recognition } from "../recognise/recognition.ts";
import { withRecognised } from "../recognised.ts";
import type { Spool } from "../spool/spool.ts";

type Counts = Pick<Tally, "patterns" | "findings">;
export type PiecewiseScanner = RequestScanner & TextScanner;

/** What searches texts of any length. */
export type Searching = {
  readonly scanner: PiecewiseScanner;
  readonly recognition: Recognition;
  /** The scanner without what is recognised. */
  readonly own: PiecewiseScanner;
};

/** Texts of files that are kept whole, together: longer ones are searched in pieces. */
const MOST_TEXT_BYTES = 1024 * 1024;
const MOST_FILES = 64;

/** Gives what stands in the body for a file. */
export function toFile({ filename, type, from, to }: FormPart): Json {
  return { filename: filename === null ? null : toName(filename), type: toMediaType(type), size: to - from };
}

/** Reads the texts of files that are small enough to be kept. */
export async function toTexts(
  spool: Spool,
  parts: readonly FormPart[],
): Promise<ReadonlyMap<FormPart, string>> {
  const texts = new Map<FormPart, string>();
  let left = MOST_TEXT_BYTES;
  for (const part of parts) {
    if (!part.isFile || part.encoding === null || part.to - part.from > left) continue;
    left -= part.to - part.from;
    texts.set(part, await readText(spool, part));
  }
  return texts;
}

async function readText(spool: Spool, part: FormPart): Promise<string> {
  const reader = createTextReader(part.encoding ?? "lenient");
  let text = "";
  for await (const piece of spool.read(part.from, part.to)) text += reader.push(piece);
  return text + reader.end();
}

/** Gives the request with the facts and texts of the body that it came with. */
export function withBody(request: ParsedRequest, query: string, body: TakenBody): ParsedRequest {
  const { form } = body;
  if (body.spooled === null) return request;
  const asked = parseQuery(query).single.get("model")?.slice(0, 256) ?? null;
  const model = request.facts.model ?? asked;
  // Which of two the target takes nobody can say.
  if (asked !== null && asked !== model)
    throw new GatewayError("query_invalid", "The query names another model than the body.", {
      param: "model",
    });
  const facts = { ...request.facts, model, bytes: body.size };
  const isCall = request.route.spec.body === "form_or_sdp";
  if (form === null) return isCall ? withFixedSdp({ ...request, facts }) : { ...request, facts };
  const files = form.parts.filter(({ isFile }) => isFile);
  const read = {
    ...request,
    facts: {
      ...facts,
      files: files.slice(0, MOST_FILES).map(toFileFacts),
      media: countMedia(files),
      truncated: facts.truncated || files.length > MOST_FILES,
    },
    rest: [...request.rest, ...toSegments(form)],
    // What was found in the fields alone says nothing of the files.
    restDerived: new Map(),
  };
  return isCall ? withFixedSdp(read) : read;
}

/** The two ends of a call find each other by its description: of another one no call would come about, so it is not masked. */
function withFixedSdp(request: ParsedRequest): ParsedRequest {
  const rest = request.rest.map((one): Segment =>
    one.pointer === "/sdp" ? { ...one, part: { of: "name" } } : one,
  );
  return { ...request, rest, restDerived: new Map() };
}

/** Gives the request without the texts of its files. */
export function withoutFileTexts(request: ParsedRequest): ParsedRequest {
  const rest = request.rest.filter(({ part }) => part?.of !== "file");
  return { ...request, rest, restDerived: new Map() };
}

/** Tells whether every text of the body stands in the request's segments. */
export function isKeptWhole({ form }: Pick<TakenBody, "form">): boolean {
  return (
    form === null ||
    form.parts.every((part) => !part.isFile || part.encoding === null || form.texts.has(part))
  );
}

/** Adds what stands in texts that are not kept, and in those where parts of an upload meet. */
export async function searchBody(
  searching: Searching,
  form: TakenForm | null,
  junctions: readonly string[],
  counts: Counts,
): Promise<Counts> {
  const unread = listUnread(form);
  const binary = form?.parts.filter(isBinary) ?? [];
  if (unread.length === 0 && binary.length === 0 && junctions.length === 0) return counts;
  const tally = createTally();
  tally.addCounts(counts.patterns, counts.findings);
  for (const text of junctions) tally.add(searching.scanner.scan(text, "other", "request"));
  for (const part of unread) {
    const reader = createTextReader(part.encoding ?? "lenient");
    const { scanner, ahead } = searchFile(searching);
    const stream = scanner.stream("other", "request");
    for await (const piece of form?.spool.read(part.from, part.to) ?? []) {
      const text = reader.push(piece);
      await ahead.push(text);
      tally.add(stream.push(text));
      // Pieces in memory come without a pause: others are served between them.
      await new Promise(setImmediate);
    }
    const last = reader.end();
    await ahead.push(last);
    await ahead.rest();
    tally.add(stream.push(last));
    tally.add(stream.end());
  }
  for (const part of binary)
    for await (const found of findInRuns(searching.own, form?.spool ?? null, part)) tally.add(found);
  return tally;
}

/** Opens what searches one file, and what is asked ahead of that. */
export function searchFile({ own, recognition }: Searching): {
  readonly scanner: PiecewiseScanner;
  readonly ahead: Ahead;
} {
  const ofFile = recognition.fork();
  return { scanner: withRecognised(own, ofFile), ahead: ofFile.ahead() };
}

/** Tells a file whose bytes are no text. */
export function isBinary({ isFile, encoding }: FormPart): boolean {
  return isFile && encoding === null;
}

/** Gives what stands in what can be read of a file that is no text. */
export async function* findInRuns(
  scanner: PiecewiseScanner,
  spool: Spool | null,
  { from, to }: Pick<FormPart, "from" | "to">,
): AsyncGenerator<readonly Finding[], void, undefined> {
  const runs = createTextRuns();
  const streams = { narrow: scanner.stream("other", "request"), wide: scanner.stream("other", "request") };
  for await (const piece of spool?.read(from, to) ?? []) {
    const texts = runs.push(piece);
    yield streams.narrow.push(texts.narrow);
    yield streams.wide.push(texts.wide);
    // Pieces in memory come without a pause: others are served between them.
    await new Promise(setImmediate);
  }
  yield streams.narrow.end();
  yield streams.wide.end();
}

/** Counts the signals in texts of files that are not kept; of several files all together. */
export async function searchSignals(
  signals: SignalReader,
  form: TakenForm | null,
): Promise<Readonly<Record<string, number>> | null> {
  let sum: Record<string, number> | null = null;
  for (const part of listUnread(form)) {
    const reader = createTextReader(part.encoding ?? "lenient");
    const stream = signals.stream();
    for await (const piece of form?.spool.read(part.from, part.to) ?? []) {
      stream.push(reader.push(piece));
      await new Promise(setImmediate);
    }
    stream.push(reader.end());
    for (const [id, count] of Object.entries(stream.end() ?? {})) {
      sum ??= {};
      sum[id] = (sum[id] ?? 0) + count;
    }
  }
  return sum;
}

function listUnread(form: TakenForm | null): readonly FormPart[] {
  return form?.parts.filter((part) => part.isFile && part.encoding !== null && !form.texts.has(part)) ?? [];
}

/** Gives beginning and end of the first file of a form as it went out, each so many bytes; a short file is its beginning. */
export async function readEdges(
  { parts, spool }: TakenForm,
  files: ReadonlyMap<FormPart, Stretches>,
  bytes: number,
): Promise<PartEdges> {
  const part = parts.find(({ isFile }) => isFile);
  if (part === undefined) return { head: Buffer.alloc(0), tail: null };
  const { from, to, more = { from: 0, to: 0 } }: Stretches = files.get(part) ?? part;
  const first = to - from;
  const length = first + more.to - more.from;
  const read = async (start: number, end: number): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    for await (const piece of spool.read(Math.min(from + start, to), Math.min(from + end, to)))
      pieces.push(piece);
    const [begin, until] = [Math.max(start - first, 0), Math.max(end - first, 0)];
    for await (const piece of spool.read(more.from + begin, more.from + until)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  if (length <= 2 * bytes) return { head: await read(0, length), tail: null };
  return { head: await read(0, bytes), tail: await read(length - bytes, length) };
}

function toSegments({ parts, pointers, texts }: TakenForm): readonly Segment[] {
  return parts.flatMap((part, index): Segment[] => {
    const text = texts.get(part);
    const pointer = pointers[index];
    if (text === undefined || text === "" || pointer === undefined) return [];
    return [{ pointer, kind: "other", role: "none", text, part: { of: "file" } }];
  });
}

function toFileFacts(part: FormPart): FileFacts {
  const { name, filename, type, from, to, encoding } = part;
  return {
    field: name.slice(0, 64),
    name: filename === null ? null : toName(filename).slice(0, 256),
    type: toMediaType(type)?.slice(0, 128) ?? null,
    bytes: to - from,
    read: encoding !== null,
  };
}

function countMedia(files: readonly FormPart[]): { images: number; audio: number; files: number } {
  const media = { images: 0, audio: 0, files: 0 };
  for (const { type } of files) {
    if (type?.startsWith("image/") === true) media.images += 1;
    else if (type?.startsWith("audio/") === true) media.audio += 1;
    else media.files += 1;
  }
  return media;
}

function toMediaType(type: string | null): string | null {
  return type?.split(";", 1)[0]?.trim().toLowerCase() ?? null;
}

/** Reads a name as its writer meant it: quotes and line breaks stand escaped between quotes. */
function toName(filename: string): string {
  return filename.replaceAll("%22", '"').replaceAll(/%0d/gi, "\r").replaceAll(/%0a/gi, "\n");
}

/** Writes a name as it stands between quotes. */
export function toFilename(name: string): string {
  return name.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
