// Measures the matcher: cost per KB on benign text seen once, cold and warm, whole and as a stream, and on hostile text.
import { parseArgs } from "node:util";
import { parsePatternTable } from "../gateway/detect/values/pattern-spec.ts";
import { createDetectorCompiler, type Detector } from "../gateway/detect/values/values.ts";
import { createTexts } from "./texts.ts";

const { values } = parseArgs({
  options: { texts: { type: "string", default: "400" }, seed: { type: "string", default: "7" } },
});

const PATTERNS = {
  ...Object.fromEntries(
    [
      "sk-",
      "sk-ant-",
      "ghp_",
      "gho_",
      "github_pat_",
      "glpat-",
      "xoxb-",
      "xoxp-",
      "AKIA",
      "ASIA",
      "AIza",
      "hf_",
      "npm_",
      "pypi-",
      "dop_v1_",
      "SG.",
      "rk_live_",
      "sk_live_",
      "shpat_",
      "sq0atp-",
    ].map((prefix, i) => [
      `token_${i}`,
      {
        class: "secret",
        any: [
          { prefix: prefix.length < 3 ? `${prefix}.` : prefix, alphabet: "A-Za-z0-9_-", min: 16, max: 256 },
        ],
      },
    ]),
  ),
  ...Object.fromEntries(
    [
      "ignore previous instructions",
      "disregard the above",
      "you are now in developer mode",
      "reveal your system prompt",
      "<|im_start|>",
      "[INST]",
      "</system>",
      "do not tell the user",
      "print the text above",
      "forget everything you were told",
    ].map((literal, i) => [`phrase_${i}`, { class: "injection", any: [literal] }]),
  ),
  ...Object.fromEntries(
    [
      "internal use only",
      "project bluebird",
      "not for distribution",
      "board minutes",
      "merger draft",
      "salary table",
    ].map((literal, i) => [`term_${i}`, { class: "confidential", any: [literal] }]),
  ),
  override: {
    class: "injection",
    any: [
      {
        literals: ["ignore", "disregard", "forget"],
        regex:
          "(ignore|disregard|forget) (all|any|the)? ?(of )?(your|the|previous|prior|above) (instructions|rules|prompts)",
        window: 96,
      },
    ],
  },
  assignment: {
    class: "secret",
    any: [
      {
        literals: ["password=", "api_key=", "secret="],
        regex: "(password|api_key|secret)=[^ ]{8,64}",
        window: 96,
      },
    ],
  },
  pem: {
    class: "secret",
    any: [
      {
        prefix: ["-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"],
        alphabet: "A-Za-z0-9+/=\\s\\-",
        min: 16,
        max: 8192,
        suffix: ["-----END PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"],
      },
    ],
  },
  hidden: { class: "injection", any: [{ characters: "tag", min: 4 }] },
};

function measure(
  texts: readonly string[],
  work: (text: string) => void,
): { median: number; p95: number; worst: number } {
  const costs = texts.map((text) => {
    const begin = process.hrtime.bigint();
    work(text);
    return Number(process.hrtime.bigint() - begin) / 1000 / (text.length / 1024);
  });
  costs.sort((a, b) => a - b);
  const at = (share: number): number =>
    costs[Math.min(costs.length - 1, Math.floor(share * costs.length))] ?? 0;
  return { median: at(0.5), p95: at(0.95), worst: at(1) };
}

const show = (name: string, { median, p95, worst }: { median: number; p95: number; worst: number }): void => {
  console.log(
    `${name.padEnd(44)} ${median.toFixed(2).padStart(9)} ${p95.toFixed(2).padStart(9)} ${worst.toFixed(2).padStart(9)}`,
  );
};

const count = Number(values.texts);
const seed = Number(values.seed);
const matcher: Detector = createDetectorCompiler(null)(parsePatternTable(PATTERNS));
let hits = 0;
const scan = (text: string): void => {
  hits += matcher.scan(text, "message", "request").length;
};
const stream = (text: string): void => {
  const scanner = matcher.stream("message");
  for (let i = 0; i < text.length; i += 5) hits += scanner.push(text.slice(i, i + 5)).length;
  hits += scanner.end().length;
};

console.log(
  `${Object.keys(PATTERNS).length} patterns; µs per KB                               median       p95     worst`,
);
show("cold, 10 KB texts", measure(createTexts(20, 10_240, seed), scan));
measure(createTexts(count, 10_240, seed + 1), scan);
show("warm, 10 KB texts seen once", measure(createTexts(count, 10_240, seed + 2), scan));
show("warm, 1 KB texts seen once", measure(createTexts(count * 4, 1024, seed + 3), scan));
show("warm, 100 KB texts seen once", measure(createTexts(Math.ceil(count / 8), 102_400, seed + 4), scan));
show(
  "with characters beyond Latin-1, 10 KB",
  measure(
    createTexts(count, 10_239, seed + 5).map((text) => `${text}€`),
    scan,
  ),
);
measure(createTexts(40, 10_240, seed + 6), stream);
show("stream in pieces of 5, 10 KB", measure(createTexts(40, 10_240, seed + 7), stream));
for (const unit of [
  "a",
  "sk-",
  "ignore ",
  "ignore previous ",
  "password=",
  "-----BEGIN PRIVATE KEY-----",
  "ghp_sk-xoxb-glpat-",
  "\u200b",
  "\u{e0041}",
]) {
  const text = unit.repeat(Math.ceil(51_200 / unit.length));
  const name = JSON.stringify(unit.replaceAll(/[^ -~]/gu, (c) => `U+${c.codePointAt(0)?.toString(16)}`));
  let outcome = "";
  const cost = measure([text, text, text, text, text], (text) => {
    try {
      scan(text);
    } catch {
      outcome = " (refused)";
    }
  });
  show(`hostile, 50 KB of ${name}${outcome}`, cost);
}
console.log(`${hits} findings`);
