// Reads the header of a part of a form: what can be read in two ways is refused.
import { isUtf8 } from "node:buffer";
import { GatewayError } from "../errors.ts";

/** What a part says of itself. */
export type PartHeader = {
  readonly name: string;
  /** As it stood between the quotes; null where the part has none. */
  readonly filename: string | null;
  /** The media type with its parameters, as sent; null where the part has none. */
  readonly type: string | null;
};

/** Makes the refusal of a form. */
export function badForm(message: string, param?: string): GatewayError {
  return new GatewayError("body_invalid", message, param === undefined ? {} : { param });
}

const KNOWN: ReadonlySet<string> = new Set([
  "content-disposition",
  "content-type",
  "content-transfer-encoding",
  "content-length",
]);
const AS_IT_IS: ReadonlySet<string> = new Set(["7bit", "8bit", "binary"]);
/** A parameter: a token, or what stands between two quotes. */
const PARAMETER = /^[ \t]*;[ \t]*([A-Za-z]+\*?)=(?:"([^"]*)"|([^\s";]+))/;
/** `filename*` (RFC 8187), which some clients write for names beyond ASCII. */
const EXTENDED = /^utf-8'[A-Za-z-]*'((?:%[0-9A-Fa-f]{2}|[A-Za-z0-9!#$&+.^_`|~-])*)$/i;
const MEDIA_TYPE = /^[A-Za-z0-9!#$&^_.+-]{1,64}\/[A-Za-z0-9!#$&^_.+-]{1,64}(?:[ \t]*;[\x20-\x7e]{0,128})?$/;

/** Reads the header's lines, given by name in lower case as Latin-1. Throws `body_invalid`. */
export function readPartHeader(lines: object): PartHeader {
  const single = new Map<string, string>();
  for (const [name, values] of Object.entries(lines)) {
    if (!KNOWN.has(name)) continue;
    const value: unknown = Array.isArray(values) && values.length === 1 ? values[0] : null;
    if (typeof value !== "string") throw badForm("A part of the form has a header twice.");
    single.set(name, value.trim());
  }
  const encoding = single.get("content-transfer-encoding")?.toLowerCase();
  if (encoding !== undefined && !AS_IT_IS.has(encoding)) throw badForm("A part of the form is encoded.");
  const type = single.get("content-type") ?? null;
  if (type !== null && !MEDIA_TYPE.test(type)) throw badForm("A part's content type cannot be read.");
  const disposition = single.get("content-disposition");
  if (disposition === undefined) throw badForm("A part of the form has no name.");
  return { ...readDisposition(toText(disposition)), type };
}

function readDisposition(text: string): Pick<PartHeader, "name" | "filename"> {
  const given = new Map<string, string>();
  let rest = /^form-data(?=[ \t]*(?:;|$))/i.test(text) ? text.slice("form-data".length) : null;
  while (rest !== null && rest.trim() !== "") {
    const found: RegExpExecArray | null = PARAMETER.exec(rest);
    const [all, name, quoted, token] = found ?? [];
    if (all === undefined || name === undefined) break;
    const key = name.toLowerCase();
    const value = quoted ?? token ?? "";
    // A backslash before the quote that ends the value: to some readers the value goes on.
    if (given.has(key) || value.endsWith("\\")) break;
    given.set(key, value);
    rest = rest.slice(all.length);
  }
  const name = given.get("name");
  const unread = rest === null || rest.trim() !== "";
  const isKnown = [...given.keys()].every((key) => key === "name" || key.startsWith("filename"));
  if (unread || name === undefined || !isKnown) throw badForm("A part's name cannot be read.");
  const extended = given.get("filename*");
  if (extended === undefined) return { name, filename: given.get("filename") ?? null };
  const coded = EXTENDED.exec(extended)?.[1];
  if (coded === undefined || given.has("filename")) throw badForm("A part's file name cannot be read.", name);
  const bytes = Buffer.from(
    coded.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
  const filename = escape(toText(bytes.toString("latin1")));
  // As above: it is written between quotes.
  if (filename.endsWith("\\")) throw badForm("A part's file name cannot be read.", name);
  return { name, filename };
}

/** Writes a name as it stands between quotes (WHATWG, multipart/form-data encoding). */
function escape(text: string): string {
  return text.replaceAll('"', "%22");
}

/** Gives the text of what was read as Latin-1; control characters have no place in a header. */
function toText(latin1: string): string {
  const bytes = Buffer.from(latin1, "latin1");
  if (!isUtf8(bytes)) throw badForm("A part's header is not in UTF-8.");
  const text = bytes.toString("utf8");
  if (/[^\P{Cc}\t]/u.test(text)) throw badForm("A part's header holds a control character.");
  return text;
}
