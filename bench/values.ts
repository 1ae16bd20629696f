// Measures the detectors of values: cost per KB beside a bare loop over the same text, cold and warm, whole and as a
// stream, what a stream holds back, and hostile text.
import { TABLES } from "../gateway/detect/values/tables.ts";
import { createDetectorCompiler } from "../gateway/detect/values/values.ts";
import { createTexts } from "./texts.ts";

const PIECE = 4;
let sink = 0;

function bare(text: string): void {
  for (let i = 0; i < text.length; i += 1) sink = (sink * 31 + text.charCodeAt(i)) | 0;
}

/** Gives microseconds per KB, of each text once, in order. */
function measure(texts: readonly string[], work: (text: string) => void): number[] {
  return texts
    .map((text) => {
      const began = process.hrtime.bigint();
      work(text);
      return Number(process.hrtime.bigint() - began) / 1000 / (text.length / 1024);
    })
    .sort((a, b) => a - b);
}

const at = (sorted: readonly number[], part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;

function show(name: string, costs: readonly number[], unit: number): void {
  const cells = [0.1, 0.5, 0.95].map((part) => at(costs, part).toFixed(1).padStart(9));
  console.log(
    `${name.padEnd(36)}${cells.join("")}   ${(at(costs, 0.1) / unit).toFixed(1).padStart(6)} x bare`,
  );
}

const scanner = createDetectorCompiler(TABLES)({});
const scan = (text: string): void => {
  sink += scanner.scan(text, "message", "request").length;
};
const held: number[] = [];
const stream = (text: string): void => {
  const one = scanner.stream("message");
  for (let i = 0; i < text.length; i += PIECE) {
    sink += one.push(text.slice(i, i + PIECE)).length;
    held.push(one.pending);
  }
  sink += one.end().length;
};

console.log(`${"µs per KB".padEnd(36)}${["p10", "median", "p95"].map((name) => name.padStart(9)).join("")}`);
const cold = measure(createTexts(20, 10_240, 1), scan);
measure(createTexts(800, 10_240, 2), scan);
measure(createTexts(200, 10_240, 3), bare);
const unit = at(measure(createTexts(200, 10_240, 4), bare), 0.1);
show("bare loop, 10 KB texts", measure(createTexts(200, 10_240, 5), bare), unit);
show("cold, 10 KB texts", cold, unit);
show("warm, 10 KB texts seen once", measure(createTexts(300, 10_240, 6), scan), unit);
show("warm, 1 KB texts seen once", measure(createTexts(1500, 1024, 7), scan), unit);
measure(createTexts(20, 10_240, 8), stream);
held.length = 0;
const streamed = measure(createTexts(40, 10_240, 9), stream);
show(`stream in pieces of ${PIECE}, 10 KB`, streamed, unit);
held.sort((a, b) => a - b);
console.log(
  `held back in the stream: p50 ${at(held, 0.5)}, p99 ${at(held, 0.99)}, most ${held.at(-1)} characters`,
);

const HOSTILE = [
  "a",
  "key=",
  "password=",
  "1",
  "1111 ",
  "11 ",
  "a@",
  ":",
  "://",
  "eyJ",
  "-----BEGIN PRIVATE KEY-----",
  "sk-proj-",
  "\\u0041",
  "\\",
  "%41",
  "DE89 ",
  "born 1990-",
  "0171 ",
  "(1) ",
  "+1",
  "phone 1",
  "password is ",
  "secret='",
  "bkaj_-",
  "漢字",
];
for (const unitText of HOSTILE) {
  const text = unitText.repeat(Math.ceil(51_200 / unitText.length));
  show(`hostile, 50 KB of ${JSON.stringify(unitText)}`, measure([text, text, text, text], scan), unit);
}
console.log(`(${sink & 1 ? "odd" : "even"})`);
