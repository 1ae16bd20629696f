// Measures what the detectors find: recall by type with full coverage, precision, hard negatives, encodings.
// `npm run eval:detect -- --dir FOLDER` reads every *.jsonl and *.jsonl.gz there; without one the project's own made corpus.
// `--encoded BYTES` sets the budget for what is decoded from base64 and hexadecimal, as `detect.encoded_bytes` does.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { TABLES } from "../gateway/detect/values/tables.ts";
import { createDetectorCompiler } from "../gateway/detect/values/values.ts";
import { createCorpus } from "../test/made/corpus.ts";

const { values } = parseArgs({
  options: {
    dir: { type: "string" },
    encoded: { type: "string", default: "0" },
    json: { type: "boolean", default: false },
    misses: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** One text with what must be found in it; offsets are UTF-16 units. */
const record = z.object({
  id: z.string(),
  text: z.string(),
  spans: z.array(z.object({ start: z.number(), end: z.number(), type: z.string() })),
  kind: z.string(),
  tier: z.string().nullish(),
  variant: z.string().nullish(),
  complete: z.boolean().default(true),
});
type Record = z.infer<typeof record>;

type Score = { gold: number; full: number; part: number };

function readRecords(folder: string): Record[] {
  const files = readdirSync(folder).filter(
    (name) => /^[^.]+\.jsonl(?:\.gz)?$/.test(name) && !name.startsWith("sql"),
  );
  return files.flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    const text = name.endsWith(".gz") ? gunzipSync(bytes).toString() : bytes.toString();
    return text.split("\n").flatMap((line) => (line === "" ? [] : [record.parse(JSON.parse(line))]));
  });
}

const percent = (part: number, whole: number): string =>
  whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;

function main(): void {
  if (values.help) {
    process.stdout.write(
      "usage: npm run eval:detect -- [--dir FOLDER] [--encoded BYTES] [--misses] [--json]\n",
    );
    return;
  }
  const records = values.dir === undefined ? createCorpus() : readRecords(values.dir);
  const scanner = createDetectorCompiler(TABLES, Number(values.encoded))({});
  const scores = new Map<string, Score>();
  const misses: object[] = [];
  const negatives = { texts: 0, touched: 0 };
  const precision = { found: 0, wrong: 0 };
  for (const { id, text, spans, kind, tier, variant, complete } of records) {
    const found = scanner.scan(text, "message", "request");
    const covered = new Uint8Array(text.length);
    for (const { start, end } of found) covered.fill(1, start, end);
    for (const { start, end, type } of spans) {
      const name =
        kind === "encoded"
          ? `encoded ${variant ?? ""}`
          : `${type.split(":")[0] ?? type}${tier === "contextual" ? ", by its name" : ""}`;
      const score = scores.get(name) ?? { gold: 0, full: 0, part: 0 };
      const count = covered.subarray(start, end).reduce((sum, one) => sum + one, 0);
      score.gold += 1;
      if (count === end - start) score.full += 1;
      if (count > 0) score.part += 1;
      if (count < end - start) misses.push({ id, type, text: text.slice(Math.max(0, start - 40), end + 20) });
      scores.set(name, score);
    }
    if (!complete || kind === "encoded") continue;
    const wrong = found.filter(
      ({ start, end }) => !spans.some((span) => span.start < end && span.end > start),
    );
    precision.found += found.length;
    precision.wrong += wrong.length;
    for (const { id: detector, start, end } of wrong)
      misses.push({ id, detector, wrong: text.slice(Math.max(0, start - 40), end + 20) });
    if (kind !== "neg") continue;
    negatives.texts += 1;
    if (wrong.length > 0) negatives.touched += 1;
  }
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ scores: Object.fromEntries(scores), precision, negatives })}\n`);
  } else {
    const rows = [...scores].sort(([a], [b]) => a.localeCompare(b));
    for (const [name, { gold, full, part }] of rows)
      process.stdout.write(
        `${name.padEnd(32)}${String(gold).padStart(6)}  whole ${percent(full, gold).padStart(7)}  touched ${percent(part, gold).padStart(7)}\n`,
      );
    process.stdout.write(
      `precision ${percent(precision.found - precision.wrong, precision.found)} of ${precision.found}; ${negatives.touched} of ${negatives.texts} negatives touched\n`,
    );
  }
  if (values.misses) for (const miss of misses) process.stdout.write(`${JSON.stringify(miss)}\n`);
}

main();
