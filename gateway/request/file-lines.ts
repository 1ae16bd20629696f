// Reads a file of requests line by line: each line is parsed strictly, and judged as a request of its own.
import { GatewayError, toGatewayError } from "../errors.ts";
import type { Decision, Effect, Json, JsonObject, ParameterChange, Route, Segment } from "../exchange.ts";
import type { FormPart } from "../form/read-form.ts";
import { createRewriter } from "../form/rewrite.ts";
import type { Stretches } from "../form/write-form.ts";
import { cutBody } from "../parse/cut.ts";
import { parseJson } from "../parse/json.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { isObject } from "../parse/pointer.ts";
import type { RequestParser } from "../parse/request.ts";
import { rewriteBody } from "../parse/rewrite.ts";
import type { BodyEdits } from "../parse/rewrite.ts";
import { matchRoute } from "../parse/route.ts";
import { joinChanges } from "./join-changes.ts";
import type { TakenForm } from "./request-body.ts";
import type { SetParameters } from "./set-parameters.ts";
import type { Verdict } from "../judge.ts";

/** What the lines of a file are: by this name the file is owned once they are judged. */
export type LineKind = "batch_input" | "fine_tuning_input" | "eval_input";

const KINDS: ReadonlyMap<unknown, LineKind> = new Map([
  ["batch", "batch_input"],
  ["fine-tune", "fine_tuning_input"],
  ["evals", "eval_input"],
]);

/** A file whose lines must be judged before it may be sent. */
export type FileLines = { readonly kind: LineKind; readonly part: FormPart; readonly form: TakenForm };

/** What judging the lines of a file takes. */
export type LineDeps = {
  readonly parser: RequestParser;
  readonly tenant: string;
  readonly depth: number;
  /** Bytes of one line. */
  readonly lineBytes: number;
  /** Judges one request: its ownership and its content; throws where it is refused. */
  judge(route: Route, request: ParsedRequest): Promise<JudgedLine>;
};

/** A line that may be sent, with what is masked in it and set of it. */
export type JudgedLine = {
  readonly decision: Decision;
  readonly edits: BodyEdits | null;
  readonly set: Pick<SetParameters, "changes" | "apply">;
};

/** A file whose lines may be sent. */
export type JudgedLines = {
  readonly effects: LineEffects;
  /** What was set in its lines. */
  readonly changes: readonly ParameterChange[];
  /** What the file is once its lines are changed; null where none is. */
  readonly written: Stretches | null;
};

/** Effects of the lines' decisions that are the whole file's too. */
export type LineEffects = {
  readonly observe: readonly Effect[];
  readonly label: readonly Effect[];
  readonly record: readonly Effect[];
};

const MOST_LINES = 1_000_000;
/** Others are served each so many milliseconds. */
const SLICE_MS = 8;
const NEWLINE = 0x0a;
const LINE_MEMBERS: ReadonlySet<string> = new Set(["body", "custom_id", "method", "url"]);

/** Gives the lines to judge: those of a file that is uploaded to run from; null for any other request. Throws `file_refused`. */
export function findLines(request: ParsedRequest, form: TakenForm | null): FileLines | null {
  if (request.route.operation !== "files.create" || form === null) return null;
  const kind = KINDS.get(request.body()?.["purpose"]);
  if (kind === undefined) return null;
  const files = form.parts.filter(({ isFile }) => isFile);
  const [part] = files;
  if (part === undefined || files.length > 1 || part.name !== "file")
    throw new GatewayError(
      "file_refused",
      "A file of requests is one part of the form, with the name `file`.",
    );
  if (part.encoding !== "utf-8")
    throw new GatewayError("file_refused", "A file of requests must be JSON lines in UTF-8.");
  return { kind, part, form };
}

/**
 * Judges the lines one after the other; the first that is refused refuses the file, by its number. Lines in which
 * something is masked or set are written anew, the others stay as they came.
 */
export async function judgeLines(lines: FileLines, route: Route, deps: LineDeps): Promise<JudgedLines> {
  const effects = { observe: new Map(), label: new Map(), record: new Map() };
  const changes = joinChanges();
  const rewriter = createRewriter(lines.form.spool, lines.part);
  let number = 0;
  let mark = performance.now();
  for await (const line of readLines(lines, deps.lineBytes)) {
    if (isBlank(line.bytes)) {
      await rewriter.keep(line.bytes);
      continue;
    }
    number = line.number;
    if (number > MOST_LINES)
      throw new GatewayError("body_too_large", `The file holds over ${MOST_LINES} lines.`);
    try {
      const asked =
        lines.kind === "batch_input"
          ? await readBatchLine(line.bytes, deps)
          : await readLine(line.bytes, route, deps);
      const { decision, edits, set } = await deps.judge(asked.route, asked.request);
      changes.add(set.changes);
      if (edits === null && set.changes.length === 0) await rewriter.keep(line.bytes);
      else await rewriter.put(asked.write(set.apply(rewriteBody(asked.request, edits ?? {}))));
      for (const name of ["observe", "label", "record"] as const)
        for (const effect of decision[name]) effects[name].set(JSON.stringify(effect), effect);
    } catch (error) {
      throw atLine(toGatewayError(error), number);
    }
    if (performance.now() - mark < SLICE_MS) continue;
    await new Promise(setImmediate);
    mark = performance.now();
  }
  if (number === 0) throw new GatewayError("file_refused", "The file holds no request.");
  return {
    effects: {
      observe: toBounded(effects.observe),
      label: toBounded(effects.label),
      record: toBounded(effects.record),
    },
    changes: changes.all(),
    written: rewriter.end(),
  };
}

/** Adds the effects of the lines to the file's own verdict, so that they are recorded and kept with it. */
export function addEffects(verdict: Verdict, { observe, label, record }: LineEffects): Verdict {
  const { decision } = verdict;
  return {
    ...verdict,
    decision: {
      ...decision,
      observe: [...decision.observe, ...observe],
      label: [...decision.label, ...label],
      record: [...decision.record, ...record],
    },
  };
}

/** Effects that differ in what they are about alone are many: a hundred tell enough, but no label is lost. */
function toBounded(effects: ReadonlyMap<string, Effect>): readonly Effect[] {
  const all = [...effects.values()];
  return all.filter(({ label }, index) => index < 100 || label !== undefined);
}

/** Gives the lines, each with the line break that ends it. */
async function* readLines(
  { form, part }: FileLines,
  most: number,
): AsyncGenerator<{ readonly number: number; readonly bytes: Buffer }, void, undefined> {
  let pieces: Buffer[] = [];
  let size = 0;
  let number = 1;
  const take = (): Buffer => {
    const bytes = Buffer.concat(pieces, size);
    pieces = [];
    size = 0;
    return bytes;
  };
  for await (const piece of form.spool.read(part.from, part.to)) {
    let at = 0;
    while (at < piece.length) {
      const newline = piece.indexOf(NEWLINE, at);
      const end = newline === -1 ? piece.length : newline + 1;
      size += end - at;
      if (size > (newline === -1 ? most : most + 1))
        throw new GatewayError("file_refused", `Line ${number} of the file is over ${most} bytes.`);
      pieces.push(piece.subarray(at, end));
      at = end;
      if (newline === -1) break;
      yield { number, bytes: take() };
      number += 1;
    }
  }
  if (size > 0) yield { number, bytes: take() };
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE);
}

type Line = {
  readonly route: Route;
  readonly request: ParsedRequest;
  /** Gives the line with another body. */
  write(body: Buffer): Buffer;
};

/** Reads a line of a batch: method, address and body of a request. */
async function readBatchLine(bytes: Buffer, deps: LineDeps): Promise<Line> {
  const line = parseLine(bytes, deps.depth);
  const { method, url, body } = line;
  const stranger = Object.keys(line).find((key) => !LINE_MEMBERS.has(key));
  if (stranger !== undefined) throw refused("it has a member that a request of a batch does not have");
  if (typeof line["custom_id"] !== "string") throw refused("`custom_id` must be a string");
  if (typeof method !== "string" || typeof url !== "string" || !isObject(body ?? null))
    throw refused("it needs `method`, `url` and `body`");
  const { route, query } = matchRoute(method, url);
  const { spec } = route;
  if (
    query !== "" ||
    route.connection !== null ||
    method !== "POST" ||
    spec.body !== "json" ||
    spec.isSecret ||
    spec.isGrant ||
    spec.isAdmin ||
    spec.isLocal
  )
    throw refused("no batch may run this method and address");
  const { start, end } = findMember(bytes, "body");
  const request = await parse(deps, route, bytes.subarray(start, end));
  // The name that the answer comes back under is free text, beside the body.
  const name: Segment = {
    pointer: "/custom_id",
    kind: "metadata",
    role: "none",
    text: line["custom_id"],
    part: { of: "name" },
  };
  return {
    route,
    request: { ...request, rest: [...request.rest, name], restDerived: new Map() },
    write: (written) => Buffer.concat([bytes.subarray(0, start), written, bytes.subarray(end)]),
  };
}

function findMember(bytes: Buffer, key: string): { readonly start: number; readonly end: number } {
  const member = cutBody(bytes, null, () => null)?.members.find((one) => one.key === key);
  if (member === undefined) throw refused("it cannot be read");
  return member.value;
}

/** Reads a line of any other file: what it holds is looked at as the body of the upload would be. */
async function readLine(bytes: Buffer, { spec, ...rest }: Route, deps: LineDeps): Promise<Line> {
  const route: Route = { ...rest, spec: { ...spec, body: "json" } };
  const request = await parse(deps, route, bytes);
  // Nothing runs what a line of data names.
  const references = request.references.filter(({ kind }) => kind !== "fine_tuned_model");
  const facts = { ...request.facts, models: [] };
  return { route, request: { ...request, references, facts }, write: (written) => written };
}

function parse(deps: LineDeps, route: Route, bytes: Buffer): ParsedRequest | Promise<ParsedRequest> {
  return deps.parser.parseInTurns({
    route,
    query: "",
    contentType: "application/json",
    bytes,
    tenant: deps.tenant,
  });
}

function parseLine(bytes: Buffer, depth: number): JsonObject {
  const value: Json = parseJson(bytes, { depth });
  if (isObject(value)) return value;
  throw refused("it is no object");
}

function refused(why: string): GatewayError {
  return new GatewayError("file_refused", why);
}

/** Says in which line it was. What a rule refuses keeps the rule's code. */
function atLine(error: GatewayError, number: number): GatewayError {
  const { code, publicCode } = error;
  const isOwn = error.status >= 500 || [403, 429].includes(error.status) || code === "not_found";
  return new GatewayError(isOwn ? code : "file_refused", `Line ${number} of the file: ${error.message}`, {
    cause: error,
    publicCode: isOwn ? publicCode : "file_refused",
    param: "file",
  });
}
