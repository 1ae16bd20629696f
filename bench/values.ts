// Measures what finds values and patterns in texts: CPU for each KB beside a bare loop over the same text, cold and warm,
// whole and as a stream, what a stream holds back, and hostile text. `node bench/values.ts` prints it alone.
import { createDetectors } from "../gateway/detect/detector.ts";
import type { Detector } from "../gateway/detect/values/values.ts";
import { createFieldReader } from "../gateway/mask/field-reader.ts";
import { createFields } from "../gateway/mask/fields.ts";
import { createNameScanner } from "../gateway/mask/names.ts";
import { SLICE } from "../gateway/turns.ts";
import { createJsonTexts, createTexts } from "./texts.ts";

const PIECE = 4;
const NAME = 32;
const PATTERNS = {
  project: { class: "project", any: ["project bluebird", "board minutes"] },
  staff: { class: "staff", any: [{ prefix: "STF-", alphabet: "0-9", min: 8, max: 12 }] },
  override: {
    class: "injection",
    any: [{ literals: ["ignore", "forget"], regex: "(ignore|forget) (all )?instructions", window: 32 }],
  },
};
/** Each is repeated to 50 KB. */
const HOSTILE = [
  ["one letter", "a"],
  ["one digit", "1"],
  ["names of secrets", "password="],
  ["names and words", "password is "],
  ["beginnings of tokens", ["sk-", "proj-"].join("")],
  ["beginnings of long tokens", "bkaj_-"],
  ["groups of four digits", "1111 "],
  ["groups that begin as telephone numbers", "0171 "],
  ["digits in brackets", "(1) "],
  ["plus signs and digits", "+1"],
  ["words before numbers", "phone 1"],
  ["words before numbers of states", "tax 1A"],
  ["dates of birth", "born 1990-"],
  ["beginnings of bank accounts", "DE89 "],
  ["at signs", "a@"],
  ["colons", ":"],
  ["beginnings of JSON Web Tokens", "eyJ"],
  ["private keys without end", "-----BEGIN PRIVATE KEY-----"],
  ["JSON escapes", "\\u0041"],
  ["backslashes", "\\"],
  ["percent-encoding", "%41"],
  ["escapes of escapes", "%2541"],
  ["beginnings of escapes", "&#"],
  ["beginnings of escapes of escapes", "&amp;"],
  ["characters of other scripts", "漢字"],
  ["addresses of Bitcoin with a wrong check sum", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggv "],
  ["addresses of Ethereum with a wrong check sum", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD "],
  ["addresses of Bitcoin Cash with a wrong check sum", "qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuz "],
  ["addresses of Bitcoin", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu "],
  [
    "addresses of Monero",
    "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A ",
  ],
  ["letters that addresses may be tried at", "q"],
] as const;

let sink = 0;

function bare(text: string): void {
  for (let i = 0; i < text.length; i += 1) sink = (sink * 31 + text.charCodeAt(i)) | 0;
}

/** Gives the CPU time of this thread, in microseconds for each KB; its clock is coarse, so all texts are taken together. */
function measure(texts: readonly string[], work: (text: string) => void): number {
  const size = texts.reduce((sum, text) => sum + text.length, 0);
  const began = process.threadCpuUsage().user;
  for (const text of texts) work(text);
  return (process.threadCpuUsage().user - began) / (size / 1024);
}

const at = (sorted: readonly number[], part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;

/** Measures, and writes the figures as a table. */
export function measureValues(): readonly string[] {
  const detector = createDetectors()(PATTERNS);
  const scan = (text: string): void => {
    sink += detector.scan(text, "message", "request").length;
  };
  const cold = measure(createTexts(20, 10_240, 1), scan);
  measure(createTexts(800, 10_240, 2), scan);
  measure(createTexts(200, 10_240, 3), bare);
  const unit = measure(createTexts(4000, 10_240, 4), bare);
  const row = (name: string, cost: number): string =>
    `| ${name} | ${cost.toFixed(1)} | **${(cost / unit).toFixed(1)}** |`;
  const { cost, held } = measureStream(detector);
  const names = createNameScanner(detector);
  const look = (name: string): void => {
    sink += names.holdsValue(name) ? 1 : 0;
  };
  measure(createTexts(4000, NAME, 10), look);
  const fields = createFields([{ code: "", fields: ["ssn", "customer.salary", "/patients/*/diagnosis"] }]);
  const readFields = (text: string): void => {
    if (fields === null) return;
    const reader = createFieldReader(fields, true);
    sink += reader.push(text).length + reader.end().length;
  };
  measure(createJsonTexts(200, 10_240, 11), readFields);
  const hostile = HOSTILE.map(([name, repeated]) => {
    const text = repeated.repeat(Math.ceil(51_200 / repeated.length));
    const texts = Array.from({ length: 16 }, () => text);
    measure(texts.slice(0, 4), scan);
    return row(`hostile: ${name}`, measure(texts, scan));
  });
  const events = 1024 / PIECE;
  return [
    `What looks for values and patterns in texts, by itself: CPU of its thread in microseconds for each KB of text that it has not seen before, and that as a multiple of a bare loop over the characters (${unit.toFixed(1)} µs), which tells more than the time where the machine does other things. Hostile texts are 50 KB of the same.`,
    "",
    "| text | µs/KB | times the bare loop |",
    "|---|---|---|",
    row("10 KB each, the first 20 after a start", cold),
    row("10 KB each", measure(createTexts(300, 10_240, 6), scan)),
    row("1 KB each", measure(createTexts(1500, 1024, 7), scan)),
    row(`10 KB each, in pieces of ${PIECE} characters`, cost),
    row(`names of ${NAME} characters that were not seen before`, measure(createTexts(8000, NAME, 12), look)),
    row("fields of JSON, 10 KB each", measure(createJsonTexts(300, 10_240, 13), readFields)),
    ...hostile,
    "",
    `A long text is searched in slices of ${SLICE} characters, between which others are served. A piece of ${PIECE} characters in a stream costs ${(cost / events).toFixed(2)} µs. Held back at its end: ${at(held, 0.5)} characters at the median, ${at(held, 0.99)} at p99, ${held.at(-1) ?? 0} at most.`,
  ];
}

function measureStream(detector: Detector): { cost: number; held: number[] } {
  const held: number[] = [];
  const stream = (text: string): void => {
    const one = detector.stream("message");
    for (let i = 0; i < text.length; i += PIECE) {
      sink += one.push(text.slice(i, i + PIECE)).length;
      held.push(one.pending);
    }
    sink += one.end().length;
  };
  measure(createTexts(40, 10_240, 8), stream);
  held.length = 0;
  const cost = measure(createTexts(80, 10_240, 9), stream);
  return { cost, held: held.sort((a, b) => a - b) };
}

if (import.meta.main) process.stdout.write(`${measureValues().join("\n")}\n${sink === 0 ? "\n" : ""}`);
