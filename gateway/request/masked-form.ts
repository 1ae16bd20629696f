// Changes a form: its fields and the names of its files as the body says them, its texts from the spool, piece by piece.
import { isDeepStrictEqual } from "node:util";
import { GatewayError } from "../errors.ts";
import type { Json, JsonObject } from "../exchange.ts";
import type { FileLines, JudgedLines } from "./file-lines.ts";
import { findInRuns, isBinary, searchFile, toFilename, withoutFileTexts } from "./form-request.ts";
import type { Searching } from "./form-request.ts";
import type { FormPart } from "../form/read-form.ts";
import { createRewriter } from "../form/rewrite.ts";
import { writeForm } from "../form/write-form.ts";
import type { SpooledBody, Stretches, WrittenPart } from "../form/write-form.ts";
import { createEditor } from "../mask/edits.ts";
import { findAhead } from "../findings.ts";
import { withFields, withFieldStreams } from "../mask/field-scan.ts";
import { FIELD_CLASS } from "../field-name.ts";
import { createPieceMasker } from "../mask/mask-pieces.ts";
import type { MaskedPiece } from "../mask/mask-pieces.ts";
import { maskRequest, requireMaskable, requireNoneToMask, toUnmaskable } from "../mask/mask-request.ts";
import type { MaskedRequest, OnMasked } from "../mask/mask-request.ts";
import type { Masks } from "../mask/masks.ts";
import type { Placeholders } from "../mask/placeholders.ts";
import { createPieceReader } from "../mask/text-pieces.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { getAt, isObject } from "../parse/pointer.ts";
import { isJsonField, isSentAsJson, toWrittenPart, writeCall } from "./request-body.ts";
import type { TakenBody, TakenForm } from "./request-body.ts";
import { requireWritable } from "./set-parameters.ts";
import type { SetParameters } from "./set-parameters.ts";

/** What masking takes. */
export type Masking = Searching & {
  readonly masks: Masks;
  readonly key: Buffer;
  readonly onMasked: OnMasked;
  /** Those of the session; in files, whose values are not kept, tokens stand in their place. */
  readonly placeholders: Placeholders;
};

/** What is known of a body before it is masked. */
export type Searched = {
  readonly findings: Readonly<Record<string, number>>;
  /** The texts where parts of an upload meet. */
  readonly junctions: readonly string[];
  /** The file whose lines were judged, and what became of them. */
  readonly lines: FileLines | null;
  readonly judged: JudgedLines | null;
  /** What is set of its parameters. */
  readonly set: SetParameters;
};

/** A body as it goes to the target: edits of what the parser has read, and what goes of a body that was spooled. */
export type MaskedBody = {
  readonly masked: MaskedRequest | null;
  readonly spooled: SpooledBody | null;
  /** Where the files of a form lie that were written anew. */
  readonly files: ReadonlyMap<FormPart, Stretches>;
};

/**
 * Masks a request's body, whatever it came as, and sets what stands in a form. An upload's part keeps its length: the upload
 * said beforehand how many bytes it will have.
 *
 * @throws GatewayError `policy_denied` where a class is blocked, or a value stands where it cannot be masked.
 */
export async function maskBody(
  { request, body }: { readonly request: ParsedRequest; readonly body?: TakenBody },
  { findings, junctions, lines, judged, set }: Searched,
  masking: Masking,
): Promise<MaskedBody> {
  const { scanner, masks, key, onMasked, placeholders } = masking;
  const form = body?.form ?? null;
  const spooled = body?.spooled ?? null;
  const isOfUpload = junctions.length > 0 || request.route.operation === "uploads.parts.create";
  const isUnread = request.route.spec.body === "any";
  if (junctions.length > 0 || isUnread) requireMaskable(masks, findings);
  // A part begins anywhere in its text: where in JSON that is nobody can say.
  if (isOfUpload && masks.fields("other", "request") !== null && holdsText(form))
    throw toUnmaskable(masks, FIELD_CLASS, "");
  if (isUnread) requireNoneToMask(request, scanner, masks);
  for (const [index, { type }] of form?.parts.entries() ?? [])
    requireNoneInType(masking, type ?? "", form?.pointers[index] ?? "");
  const searched = form === null ? request : withoutFileTexts(request);
  // What fields hold is not known yet.
  if (masks.fieldsKey !== null)
    await findAhead(
      { ...withFieldStreams(scanner, masks), digest: withFields(scanner, masks).digest },
      searched,
    );
  const masked = await maskRequest(searched, scanner, masks, key, onMasked, placeholders);
  const files = new Map<FormPart, Stretches>();
  if (spooled === null || isUnread) return { masked, spooled, files };
  const after = set.applyTo(masked?.body() ?? request.body() ?? {});
  const isChanged = masked !== null || set.changes.length > 0;
  if (form === null) return { masked, spooled: isChanged ? writeCall(after) : spooled, files };
  requireWritable(set, form.pointers);
  if (lines !== null && judged?.written != null) files.set(lines.part, judged.written);
  if (lines === null && mayHoldMasked(masks, findings)) await maskFiles(form, files, masking, isOfUpload);
  if (!isChanged && files.size === 0) return { masked, spooled, files };
  return { masked, spooled: writeChangedForm(form, request.body() ?? {}, after, files), files };
}

/** Refuses a value in what stands behind a media type, which goes on as it came. */
function requireNoneInType({ scanner, masks }: Masking, type: string, place: string): void {
  if (!type.includes(";")) return;
  for (const { class: ofClass } of scanner.scan(type, "other", "request"))
    if (masks.pick(ofClass, "other", "request") !== null) throw toUnmaskable(masks, ofClass, place);
}

function holdsText(form: TakenForm | null): boolean {
  return form?.parts.some(({ isFile, encoding }) => isFile && encoding !== null) === true;
}

/** Tells whether what was found in files may have to be masked. */
function mayHoldMasked(masks: Masks, findings: Readonly<Record<string, number>>): boolean {
  if (masks.fields("other", "request") !== null) return true;
  return Object.keys(findings).some((ofClass) => masks.pick(ofClass, "other", "request") !== null);
}

/** Gives masks under which every value is covered with stars, whatever else they ask for. */
function toCovering(masks: Masks): Masks {
  return {
    ...masks,
    look(ofClass, kind, direction) {
      const mask = masks.look(ofClass, kind, direction);
      const isKept = mask === null || mask.operator === "detect" || mask.operator === "block";
      return isKept ? mask : { ...mask, operator: "fixed" };
    },
  };
}

/** Writes the texts among a form's files anew in which something is masked. */
async function maskFiles(
  { parts, pointers, spool }: TakenForm,
  written: Map<FormPart, Stretches>,
  masking: Masking,
  keepsLength: boolean,
): Promise<void> {
  const { masks, key, onMasked } = masking;
  const editor = createEditor(keepsLength ? toCovering(masks) : masks, "request", key, onMasked);
  for (const [index, part] of parts.entries()) {
    const { encoding } = part;
    const place = pointers[index] ?? "";
    if (isBinary(part)) {
      for await (const found of findInRuns(masking.own, spool, part))
        for (const { class: ofClass } of found)
          if (masks.pick(ofClass, "other", "request") !== null) throw toUnmaskable(masks, ofClass, place);
    }
    if (!part.isFile || encoding === null || isJsonField(part.name)) continue;
    const reader = createPieceReader(encoding === "lenient" ? "utf-8" : encoding);
    const { scanner, ahead } = searchFile(masking);
    const masker = createPieceMasker({
      stream: withFieldStreams(scanner, masks).stream("other", "request"),
      editor,
      kind: "other",
      place,
      keepsLength,
      toRefusal: (ofClass) => toUnmaskable(masks, ofClass, place),
    });
    const rewriter = createRewriter(spool, part);
    const take = async (pieces: readonly MaskedPiece[]): Promise<void> => {
      for (const { bytes, isChanged } of pieces)
        await (isChanged ? rewriter.put(bytes) : rewriter.keep(bytes));
    };
    for await (const bytes of spool.read(part.from, part.to)) {
      for (const piece of reader.push(bytes)) {
        await ahead.push(piece.text);
        await take(masker.push(piece));
      }
      // Pieces in memory come without a pause: others are served between them.
      await new Promise(setImmediate);
    }
    for (const piece of reader.end()) {
      await ahead.push(piece.text);
      await take(masker.push(piece));
    }
    await ahead.rest();
    await take(masker.end());
    const stretches = rewriter.end();
    if (stretches !== null) written.set(part, stretches);
  }
}

/** Gives the form as it goes to the target: fields as the changed body has them, files as they were written anew. */
function writeChangedForm(
  form: TakenForm,
  before: JsonObject,
  after: JsonObject,
  files: ReadonlyMap<FormPart, Stretches>,
): SpooledBody {
  const written = form.parts.flatMap((part, index): readonly WrittenPart[] => {
    const pointer = form.pointers[index] ?? "";
    const goes = getAt(after, pointer);
    // A parameter that is left out.
    if (goes === undefined) return [];
    return [writePart(part, files.get(part) ?? part, getAt(before, pointer) ?? null, goes)];
  });
  return writeForm(form.spool, written);
}

function writePart(part: FormPart, kept: Stretches, came: Json, goes: Json): WrittenPart {
  if (isDeepStrictEqual(came, goes)) return toWrittenPart(part, kept, goes);
  const { name, filename, type } = part;
  if (part.isFile && !isJsonField(name)) {
    const masked = isObject(goes) ? goes["filename"] : null;
    const isNameAlone =
      isObject(came) && isObject(goes) && came["type"] === goes["type"] && came["size"] === goes["size"];
    if (!isNameAlone || typeof masked !== "string") throw unwritable();
    return toWrittenPart({ name, filename: toFilename(masked), type }, kept, goes);
  }
  const written = toWrittenPart(part, kept, goes);
  if ("bytes" in written) return written;
  if (isSentAsJson(part)) return { name, filename, type, bytes: Buffer.from(JSON.stringify(goes)) };
  if (typeof goes === "object") throw unwritable();
  return { name, filename, type, bytes: Buffer.from(String(goes)) };
}

function unwritable(): GatewayError {
  return new GatewayError("internal_error", "A part of the form cannot be written anew.");
}
