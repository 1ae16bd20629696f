// Reads a multipart form as it comes: every part into the spool, with what it says of itself. The framing is Dicer's.
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { Dicer } from "@fastify/busboy";
import { GatewayError } from "../errors.ts";
import type { Spool } from "../spool/spool.ts";
import { badForm, readPartHeader } from "./part-header.ts";
import type { PartHeader } from "./part-header.ts";
import { createProbe, isCalledText } from "./probe.ts";
import type { Probe, TextEncodingName } from "./probe.ts";
import { takeBody } from "./take.ts";
import type { TakeLimits } from "./take.ts";

/** A part of a form; its bytes lie in the spool. */
export type FormPart = PartHeader & {
  readonly from: number;
  readonly to: number;
  /** It is no field but a file: it has a file name, or a media type that no field has. */
  readonly isFile: boolean;
  /** How its bytes are text; null where they are none. */
  readonly encoding: TextEncodingName | null;
};

/** More parts than any request of the API has. */
const MOST_PARTS = 1000;
const MOST_HEADER_BYTES = 8 * 1024;
/** What fields may hold together: their texts are kept in memory. */
const MOST_FIELD_BYTES = 4 * 1024 * 1024;
const CHARSET = String.raw`[ \t]*;[ \t]*charset=(?:utf-8|"utf-8")`;
/** The form is written anew: what stands beside the boundary goes no further. */
const BOUNDARY = new RegExp(
  String.raw`^multipart/form-data(?:${CHARSET})?[ \t]*;[ \t]*boundary=(?:"([^"\\]{1,200})"|([^\s";,]{1,200}))(?:${CHARSET})?[ \t]*(?:;[ \t]*)?$`,
  "i",
);
const FIELD_TYPE = /^(?:text\/plain|application\/json|application\/sdp)(?=$|[ \t;])/i;

/** Gives the boundary of a form's content type; null where this is no form. Throws `body_invalid` for one that cannot be read. */
export function readBoundary(contentType: string | undefined): string | null {
  if (contentType === undefined || !/^multipart\//i.test(contentType)) return null;
  const [, quoted, token] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? token;
  if (boundary === undefined) throw badForm("The form's boundary cannot be read.");
  return boundary;
}

/** Reads a form. `isPiece`: its file is a piece of a longer one. Throws `body_invalid`, `body_too_large` and what the spool throws. */
export async function readForm(
  incoming: IncomingMessage,
  boundary: string,
  spool: Spool,
  limits: TakeLimits,
  isPiece: boolean,
): Promise<readonly FormPart[]> {
  // Its types do not tell of `maxHeaderSize`.
  const bounds = { boundary, maxHeaderPairs: 16, maxHeaderSize: MOST_HEADER_BYTES };
  const dicer = new Dicer(bounds);
  const parts: FormPart[] = [];
  let fieldBytes = 0;
  const failures: unknown[] = [];
  let count = 0;
  let isFinished = false;
  let wake: () => void = () => undefined;
  /** Parts are taken one after the other, in their order. */
  let taking: Promise<void> = Promise.resolve();

  function fail(thrown: unknown): void {
    failures.push(thrown);
    wake();
  }

  async function takePart(part: Dicer.PartStream, readHeader: () => object | null): Promise<void> {
    const from = spool.size;
    let begun: BegunPart | null = null;
    for await (const chunk of part) {
      const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      begun ??= beginPart(readHeader(), isPiece);
      if (!begun.isFile) {
        fieldBytes += bytes.length;
        if (fieldBytes > MOST_FIELD_BYTES)
          throw new GatewayError("body_too_large", `The form's fields hold over ${MOST_FIELD_BYTES} bytes.`);
      }
      begun.probe.push(bytes);
      await spool.write(bytes);
    }
    const { header, isFile, probe } = begun ?? beginPart(readHeader(), isPiece);
    parts.push({ ...header, from, to: spool.size, isFile, encoding: probe.end() });
  }

  dicer.on("part", (part) => {
    let lines: object | null = null;
    part.on("header", (header: object) => {
      lines = header;
    });
    part.on("error", () => undefined);
    count += 1;
    if (count > MOST_PARTS)
      fail(new GatewayError("body_too_large", `The form holds over ${MOST_PARTS} parts.`));
    taking = taking
      .then(async () => {
        if (failures.length === 0) await takePart(part, () => lines);
      })
      .catch(fail);
  });
  dicer.on("error", (cause: Error) =>
    fail(new GatewayError("body_invalid", "The form is cut off.", { cause })),
  );
  dicer.on("finish", () => {
    isFinished = true;
    wake();
  });

  await takeBody(incoming, limits, async (piece) => {
    requireNone(failures);
    await new Promise<void>((resolve) => {
      wake = resolve;
      dicer.write(piece, () => resolve());
    });
    requireNone(failures);
  });
  await new Promise<void>((resolve) => {
    wake = resolve;
    if (isFinished || failures.length > 0) resolve();
    else dicer.end();
  });
  await taking;
  requireNone(failures);
  return parts;
}

type BegunPart = { readonly header: PartHeader; readonly isFile: boolean; readonly probe: Probe };

function beginPart(lines: object | null, isPiece: boolean): BegunPart {
  if (lines === null) throw badForm("A part of the form has no header.");
  const header = readPartHeader(lines);
  const { filename, type } = header;
  const isFile = filename !== null || (type !== null && !FIELD_TYPE.test(type));
  return { header, isFile, probe: createProbe(!isFile || isCalledText(type, filename), isPiece && isFile) };
}

/** Throws the first of the failures. */
function requireNone(failures: readonly unknown[]): void {
  const [thrown] = failures;
  if (failures.length === 0) return;
  throw thrown instanceof GatewayError
    ? thrown
    : new GatewayError("body_invalid", "The form cannot be read.", { cause: thrown });
}

/** Reads a field's text. Throws `body_invalid` where it is not UTF-8. */
export async function readField(spool: Spool, part: FormPart): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of spool.read(part.from, part.to)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const charset = /charset="?([\w-]+)/i.exec(part.type ?? "")?.[1]?.toLowerCase() ?? "utf-8";
  if (!isUtf8(bytes) || (charset !== "utf-8" && charset !== "us-ascii"))
    throw badForm("A field of the form is not in UTF-8.", part.name);
  return bytes.toString("utf8");
}
