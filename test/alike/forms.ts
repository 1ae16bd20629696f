// Forms that are written in other ways than the usual one (RFC 7578, RFC 2046).
import type { RouteSpec } from "../../gateway/exchange.ts";
import { toAnswer } from "./answer.ts";
import type { Request } from "./ask.ts";
import { toExchange, toRequest } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { toForm, toParts } from "./form.ts";
import type { Part } from "./form.ts";
import { REQUEST } from "./refused.ts";

const REFUSED_FORMS: ReadonlySet<string> = new Set([
  "encoded base64",
  "both file names",
  "a quote behind a backslash",
  "cut off",
]);

/** Gives the ways to write a form. */
export function listForms(spec: RouteSpec): readonly Exchange[] {
  if (spec.body !== "form") return [];
  const usual = toRequest(spec);
  const parts = toParts(spec);
  const whole = toForm(parts);
  const file = (
    header: readonly string[],
    bytes: string | Buffer = "the text of a file",
  ): readonly Part[] => [...parts.slice(0, -1), [header, bytes]];
  const as = (
    name: string,
    body: readonly Buffer[],
    type = "multipart/form-data; boundary=a-boundary",
    more: Partial<Request> = {},
  ): Exchange =>
    toExchange(
      spec,
      name,
      { ...usual, headers: [["content-type", type]], body, ...more },
      toAnswer(spec),
      REFUSED_FORMS.has(name) ? REQUEST.form : null,
    );
  const named = 'Content-Disposition: form-data; name="file"; filename="a.txt"';
  return [
    as("quoted", [whole], 'multipart/form-data; boundary="a-boundary"'),
    as(
      "a boundary with signs",
      [toForm(parts, "a'()+_,-./:=? b")],
      'multipart/form-data; boundary="a\'()+_,-./:=? b"',
    ),
    as("in capitals", [whole], "Multipart/Form-Data; BOUNDARY=a-boundary"),
    as("with a charset", [whole], "multipart/form-data; charset=utf-8; boundary=a-boundary"),
    as("with a charset behind", [whole], "multipart/form-data; boundary=a-boundary; charset=utf-8"),
    as("chunked", [whole.subarray(0, 30), whole.subarray(30)], undefined, { isChunked: true }),
    as("with a preamble", [Buffer.concat([Buffer.from("for old readers\r\n"), whole])]),
    as("with an epilogue", [Buffer.concat([whole, Buffer.from("\r\nand more")])]),
    as("without a last line end", [whole.subarray(0, -2)]),
    as("encoded 7bit", [
      toForm(file([named, "Content-Type: text/plain", "Content-Transfer-Encoding: 7bit"])),
    ]),
    as("encoded binary", [
      toForm(
        file(
          [named, "Content-Type: application/octet-stream", "Content-Transfer-Encoding: binary"],
          Buffer.from([0, 1, 255, 13, 10, 45, 45]),
        ),
      ),
    ]),
    as("encoded base64", [toForm(file([named, "Content-Transfer-Encoding: base64"], "aGk="))]),
    as("a part with a length", [toForm(file([named, "Content-Type: text/plain", "Content-Length: 18"]))]),
    as("a part with a header of its own", [toForm(file([named, "X-Own: 1"]))]),
    as("a file name beyond ASCII", [
      toForm(file(['Content-Disposition: form-data; name="file"; filename="né 😀.txt"'])),
    ]),
    as("an extended file name", [
      toForm(file(["Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''n%C3%A9.txt"])),
    ]),
    as("both file names", [
      toForm(
        file([
          'Content-Disposition: form-data; name="file"; filename="ne.txt"; filename*=UTF-8\'\'n%C3%A9.txt',
        ]),
      ),
    ]),
    as("unquoted", [toForm(file(["Content-Disposition: form-data; name=file; filename=a.txt"]))]),
    as("a quote in a name", [
      toForm(file(['Content-Disposition: form-data; name="file"; filename="a%22b.txt"'])),
    ]),
    as("a quote behind a backslash", [
      toForm(file(['Content-Disposition: form-data; name="file"; filename="a\\"b.txt"'])),
    ]),
    as("headers in small letters", [
      toForm(
        file(['content-disposition: form-data; name="file"; filename="a.txt"', "content-type:text/plain"]),
      ),
    ]),
    as("a list", [
      toForm([
        [['Content-Disposition: form-data; name="include[]"'], "logprobs"],
        [['Content-Disposition: form-data; name="include[]"'], "more"],
        ...parts,
      ]),
    ]),
    as("an empty file", [toForm(file([named], ""))]),
    as("a large file", [
      toForm(file([named, "Content-Type: application/octet-stream"], Buffer.alloc(300_000, 7))),
    ]),
    as("file first", [toForm([...parts].reverse())]),
    as("cut off", [whole.subarray(0, -20)]),
    as("no parts", [Buffer.from("--a-boundary--\r\n")]),
    as("JSON instead", [Buffer.from("{}")], "application/json"),
  ];
}
