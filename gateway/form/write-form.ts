// Writes a form anew from its parts, so that the target cannot read it otherwise than it was judged.
import { randomBytes } from "node:crypto";
import type { Spool } from "../spool/spool.ts";
import type { FormPart } from "./read-form.ts";

/** A body that is read from the spool while it is sent. */
export type SpooledBody = {
  readonly contentType: string;
  readonly length: number;
  stream(): AsyncGenerator<Buffer, void, undefined>;
};

const LINE = Buffer.from("\r\n");

/** Gives the form as a body: the same parts in the same order, behind a boundary of our own. */
export function writeForm(spool: Spool, parts: readonly FormPart[]): SpooledBody {
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
    (sum, { from, to }, index) => sum + (heads[index]?.length ?? 0) + to - from + LINE.length,
    end.length,
  );
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length,
    async *stream() {
      for (const [index, { from, to }] of parts.entries()) {
        yield heads[index] ?? LINE;
        yield* spool.read(from, to);
        yield LINE;
      }
      yield end;
    },
  };
}
