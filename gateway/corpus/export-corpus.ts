// Exports a part of the record as a corpus, part by part: what policy saw and said, and no text.
import type { Database } from "../../db/client.ts";
import { readCorpusRows } from "../../db/queries/corpus-rows.ts";
import type { CorpusRow } from "../../db/queries/corpus-rows.ts";
import type { ExchangeFilter } from "../../db/queries/exchange-filter.ts";
import { findDigests } from "../../db/queries/policy-bundles.ts";
import { readReplayRows } from "../../db/queries/replay-rows.ts";
import type { ReplayRange } from "../../db/queries/replay-rows.ts";
import { signCorpus } from "../bundle-signature/corpus-signature.ts";
import type { Signer } from "../bundle-signature/jws.ts";
import { listRecordParts } from "../replay/record-parts.ts";
import { toRecordLine } from "../replay/record-line.ts";
import type { RecordLine } from "../replay/record-line.ts";
import { LONGEST_LINE } from "./limits.ts";
import { toHeader } from "./manifest.ts";
import type { CorpusManifest } from "./manifest.ts";
import { hideCallers } from "./pseudonyms.ts";
import type { ToPseudonym } from "./pseudonyms.ts";
import { addToFrequencies, createFrequencies, createSampler } from "./sample.ts";
import type { Sampler, Sampling } from "./sample.ts";
import { writeCorpus } from "./write-corpus.ts";

export type ExportOptions = {
  readonly db: Database;
  readonly filter: ExchangeFilter;
  readonly range: ReplayRange | null;
  readonly path: string;
  /** Null: all of them. `asked` is how it was asked for. */
  readonly sampling: { readonly asked: string; readonly by: Sampling } | null;
  /** Null: callers keep their names. */
  readonly toPseudonym: ToPseudonym | null;
  /** Null: it is not signed. */
  readonly signer: Signer | null;
  readonly about: Pick<CorpusManifest, "scope" | "tollgate" | "connection_labels" | "recognised">;
  /** Told how many exchanges were looked at: to choose among them, then to write them. */
  readonly onProgress: (step: "choose" | "write", exchanges: number) => void;
  readonly signal: AbortSignal;
};

/** Exports; gives the manifest. The file is there whole or not at all. */
export async function exportCorpus(options: ExportOptions): Promise<CorpusManifest> {
  const { db, about, sampling, toPseudonym, signer } = options;
  const counted = createCounted();
  const sampler = sampling === null ? null : await openSampler(options, sampling.by);
  const made: { manifest?: CorpusManifest } = {};
  await writeCorpus(
    options.path,
    listLines(options, sampler, counted),
    async (totals) => {
      const digests = await findDigests(db, [...counted.revisions.keys()]);
      const { from, to } = counted;
      made.manifest = {
        format: 1,
        facts: 1,
        made_at: new Date().toISOString(),
        ...about,
        span: from === null || to === null ? null : { from: from.toISOString(), to: to.toISOString() },
        exchanges: counted.exchanges,
        decisions: counted.decisions,
        operations: Object.fromEntries(counted.operations),
        revisions: [...counted.revisions].map(([revision, exchanges]) => ({
          revision,
          digest: digests.get(revision) ?? null,
          exchanges,
        })),
        callers: toPseudonym === null ? "names" : "pseudonyms",
        sampling:
          sampler === null || sampling === null
            ? null
            : {
                asked: sampling.asked,
                part: sampler.part,
                at_least: sampler.atLeast,
                chosen_by: "sha256 of the id",
              },
        left_out: toLeftOut(counted, toPseudonym !== null),
        ...totals,
      };
      return toHeader(made.manifest, signer === null ? null : await signCorpus(made.manifest, signer));
    },
    options.signal,
  );
  if (made.manifest === undefined) throw new Error("No manifest was made.");
  return made.manifest;
}

type Counted = {
  exchanges: number;
  decisions: number;
  notChosen: number;
  unreadable: number;
  tooLong: number;
  from: Date | null;
  to: Date | null;
  readonly operations: Map<string, number>;
  readonly revisions: Map<string, number>;
};

function createCounted(): Counted {
  return {
    exchanges: 0,
    decisions: 0,
    notChosen: 0,
    unreadable: 0,
    tooLong: 0,
    from: null,
    to: null,
    operations: new Map(),
    revisions: new Map(),
  };
}

async function openSampler(options: ExportOptions, sampling: Sampling): Promise<Sampler> {
  const { db, filter, range, onProgress, signal } = options;
  const frequencies = createFrequencies();
  for await (const part of listRecordParts(db, filter, range)) {
    signal.throwIfAborted();
    for (const row of await readCorpusRows(db, filter, part.range)) addToFrequencies(frequencies, row);
    onProgress("choose", frequencies.exchanges);
  }
  return createSampler(sampling, frequencies);
}

/** Gives the lines of one part at a time. */
async function* listLines(
  options: ExportOptions,
  sampler: Sampler | null,
  counted: Counted,
): AsyncGenerator<string> {
  const { db, filter, range, onProgress } = options;
  let seen = 0;
  for await (const part of listRecordParts(db, filter, range)) {
    const all = await readCorpusRows(db, filter, part.range);
    const chosen = sampler === null ? all : all.filter((row) => sampler.isChosen(row));
    counted.notChosen += all.length - chosen.length;
    const about = new Map(chosen.map((row) => [row.id, row]));
    const rows = chosen.length === 0 ? [] : await readReplayRows(db, filter, part.range, [...about.keys()]);
    let text = "";
    for (const row of rows) {
      const written = toLine(toRecordLine(row), options.toPseudonym, counted);
      const known = about.get(row.id);
      if (written === null || known === undefined) continue;
      add(counted, known, row.later.length);
      text += written;
    }
    if (text !== "") yield text;
    seen += all.length;
    onProgress("write", seen);
  }
}

function toLine(line: RecordLine, toPseudonym: ToPseudonym | null, counted: Counted): string | null {
  const hidden = toPseudonym === null ? line : hideCallers(line, toPseudonym);
  if (hidden === null) {
    counted.unreadable += 1;
    return null;
  }
  const text = `${JSON.stringify(hidden)}\n`;
  if (Buffer.byteLength(text) <= LONGEST_LINE) return text;
  counted.tooLong += 1;
  return null;
}

function add(counted: Counted, { at, operation, revision }: CorpusRow, decisions: number): void {
  counted.exchanges += 1;
  counted.decisions += decisions;
  counted.from ??= at;
  counted.to = at;
  counted.operations.set(operation, (counted.operations.get(operation) ?? 0) + 1);
  if (revision !== null) counted.revisions.set(revision, (counted.revisions.get(revision) ?? 0) + 1);
}

function toLeftOut(
  { notChosen, unreadable, tooLong }: Counted,
  isHidden: boolean,
): CorpusManifest["left_out"] {
  const left: CorpusManifest["left_out"] = [
    { what: "texts and bodies", why: "recorded facts hold none", count: null },
    ...(isHidden
      ? [
          { what: "names of callers, agents and owners", why: "others stand in their place", count: null },
          { what: "claims of callers", why: "they name people", count: null },
        ]
      : []),
  ];
  const counts = [
    [notChosen, "they are not in the sample"],
    [unreadable, "their facts can't be read, and may name somebody"],
    [tooLong, "they are too long for a line"],
  ] as const;
  for (const [count, why] of counts) if (count > 0) left.push({ what: "exchanges", why, count });
  return left;
}
