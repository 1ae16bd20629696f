// Forms, as they are usually written.
import type { RouteSpec } from "../../gateway/exchange.ts";
import { pointersOf, toBody } from "./fields.ts";

/** Stands between the parts. */
export const BOUNDARY = "a-boundary";

/** A part of a form: its header's lines and its bytes. */
export type Part = readonly [header: readonly string[], bytes: string | Buffer];

/** Gives the parts of an operation's form. */
export function toParts(spec: RouteSpec): readonly Part[] {
  const fields = Object.entries(toBody(pointersOf(spec, "request", "multipart/form-data")));
  const named = fields.filter(
    ([name, value]) => typeof value === "string" && !/file|image|mask|data/.test(name),
  );
  return [
    ...named.map(([name, value]): Part => [
      [`Content-Disposition: form-data; name="${name}"`],
      typeof value === "string" ? value : "",
    ]),
    [
      ['Content-Disposition: form-data; name="file"; filename="a file.txt"', "Content-Type: text/plain"],
      "the text of a file\r\n--\r\n",
    ],
  ];
}

/** Writes a form. */
export function toForm(parts: readonly Part[], boundary = BOUNDARY): Buffer {
  const pieces = parts.flatMap(([header, bytes]) => [
    Buffer.from(`--${boundary}\r\n${header.join("\r\n")}\r\n\r\n`),
    Buffer.from(bytes),
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}
