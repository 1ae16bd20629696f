// Writes a form anew from its parts, so that the target cannot read it otherwise than it was judged.
import { randomBytes } from "node:crypto";
import type { Spool } from "../spool/spool.ts";
import type { PartHeader } from "./part-header.ts";

/** A body that is read from the spool while it is sent. */
export type SpooledBody = {
  readonly contentType: string;
  readonly length: number;
  stream(): AsyncGenerator<Buffer, void, undefined>;
};

const LINE = Buffer.from("\r\n");

/** A stretch of the spool. */
export type Stretch = { readonly from: number; readonly to: number };

/** What is written of a part from the spool: a stretch, and another one behind it. */
export type Stretches = Stretch & { readonly more?: Stretch };

/** A part as it is written: from the spool, or with bytes of our own. */
export type WrittenPart = PartHeader & (Stretches | { readonly bytes: Buffer });

/** Gives the form as a body: the parts in their order, behind a boundary of our own. */
export function writeForm(spool: Pick<Spool, "read"> | null, parts: readonly WrittenPart[]): SpooledBody {
  const boundary = `tollgate-${randomBytes(18).toString("hex")}`;
  const heads = parts.map(({ name, filename, type }) =>
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"` +
        `${filename === null ? "" : `; filename="${filename}"`}\r\n` +
        `${type === null ? "" : `Content-Type: ${type}\r\n`}\r\n`,
    ),
  );
  const end = Buffer.from(`--${boundary}--\r\n`);
  const length = parts.reduce(
    (sum, part, index) => sum + (heads[index]?.length ?? 0) + toLength(part) + LINE.length,
    end.length,
  );
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length,
    async *stream() {
      for (const [index, part] of parts.entries()) {
        yield heads[index] ?? LINE;
        if ("bytes" in part) yield part.bytes;
        else if (spool !== null) {
          yield* spool.read(part.from, part.to);
          if (part.more !== undefined) yield* spool.read(part.more.from, part.more.to);
        }
        yield LINE;
      }
      yield end;
    },
  };
}

function toLength(part: WrittenPart): number {
  if ("bytes" in part) return part.bytes.length;
  return part.to - part.from + (part.more === undefined ? 0 : part.more.to - part.more.from);
}
