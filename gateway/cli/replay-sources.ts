// Judges what a command names: the record of the database, or a corpus in a file.
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { findReplayRange } from "../../db/queries/replay-rows.ts";
import { loadConfig } from "../config/config.ts";
import { openCorpus } from "../corpus/read-corpus.ts";
import { listRecordParts, PART_SIZE } from "../replay/record-parts.ts";
import { toReport } from "../replay/report.ts";
import type { Report } from "../replay/report.ts";
import { runReplay } from "../replay/run-replay.ts";
import type { ReplayOptions } from "../replay/run-replay.ts";
import { CommandError, type CommandContext } from "./context.ts";
import { findPolicy } from "./policy-source.ts";
import type { PolicySources } from "./policy-source.ts";
import { createProgressBar } from "./progress-bar.ts";
import { readText } from "./read-text.ts";
import { RECORDED, toReplayFilter, toScope } from "./replay-options.ts";
import type { ReplayFilter } from "./replay-options.ts";
import { toTrustInKey } from "./signing-keys.ts";
import { withDatabase } from "./with-database.ts";

/** Which policies are compared. */
export type Compared = {
  readonly bundle: string;
  readonly against?: string;
  readonly operator?: string;
};

/** What a replay gets: processes, MiB of memory for each, time for a part and for all of it. */
const BOUNDS = { processes: 2, memoryMb: 512, partMs: 120_000, totalMs: 4 * 3_600_000 };
const MOST = 1_000_000;

/** Judges the record of the configured database. */
export function replayDatabase(
  context: CommandContext,
  configFile: string | null,
  options: Compared & ReplayFilter & { readonly limit?: number },
): Promise<Report> {
  return withDatabase(context, { create: false, configFile }, async (db, config, _, __, databaseUrl) => {
    const sides = await findSides({ db, config, cwd: context.cwd }, options);
    const filter = toReplayFilter(options);
    const range = await findReplayRange(db, filter, options.limit ?? MOST);
    return judge(context, {
      open: { kind: "open", ...sides, databaseUrl, filter },
      parts: listRecordParts(db, filter, range),
      total: range?.exchanges ?? 0,
      scope: toScope(filter),
    });
  });
}

/** Judges a corpus; by `verify`, a public key, where it must be signed. */
export async function replayCorpus(
  context: CommandContext,
  configFile: string | null,
  options: Compared &
    ReplayFilter & { readonly corpus: string; readonly verify?: string; readonly limit?: number },
): Promise<Report> {
  const narrowing = (["since", "until", "subject", "operation", "connection", "limit"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (narrowing !== undefined)
    throw new CommandError(
      `--${narrowing} is for the record: what a corpus holds was chosen as it was exported.`,
      2,
    );
  const { env, cwd } = context;
  const trust = options.verify === undefined ? null : toTrustInKey(readText(context, options.verify));
  const { config } = loadConfig({ file: configFile, env, cwd, scope: "database" });
  const corpus = await openCorpus(resolve(cwd, options.corpus), trust);
  try {
    const { connection_labels: connectionLabels, recognised, scope, exchanges, callers } = corpus.manifest;
    const names = { connectionLabels, recognised };
    const sides = await findSides({ db: null, config, cwd, names }, { against: RECORDED, ...options });
    return await judge(context, {
      open: { kind: "open", ...sides, databaseUrl: null, filter: {} },
      parts: corpus.parts(),
      total: exchanges,
      scope: `a corpus of ${scope}${callers === "names" ? "" : ", callers under other names"}`,
    });
  } finally {
    corpus.close();
  }
}

type Sides = Pick<ReplayOptions["open"], "next" | "against">;

async function findSides(
  sources: PolicySources,
  { bundle, against = "active", operator }: Compared,
): Promise<Sides> {
  return {
    next: await findPolicy(sources, bundle, operator),
    against: against === RECORDED ? null : await findPolicy(sources, against),
  };
}

async function judge(
  { stderr, signal }: CommandContext,
  {
    total,
    scope,
    ...options
  }: Pick<ReplayOptions, "open" | "parts"> & { readonly total: number; readonly scope: string },
): Promise<Report> {
  const bar = createProgressBar(stderr, total);
  const began = performance.now();
  try {
    const { tally, next, against, titles } = await runReplay({
      ...options,
      ...BOUNDS,
      processes: total <= PART_SIZE ? 1 : Math.min(BOUNDS.processes, availableParallelism()),
      onProgress: (exchanges) => bar.show(exchanges),
      signal,
    });
    const seconds = Math.round(performance.now() - began) / 1000;
    return toReport(tally, { bundle: next, against, scope, seconds }, titles);
  } finally {
    bar.close();
  }
}
