// `tollgate policy replay`: what a policy would have done to what was recorded.
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { Database } from "../../db/client.ts";
import type { ExchangeFilter } from "../../db/queries/exchange-filter.ts";
import { findReplayRange } from "../../db/queries/replay-rows.ts";
import { parseCondition, listMeasures } from "../replay/fail-on.ts";
import type { Condition } from "../replay/fail-on.ts";
import { toHtml } from "../replay/html-report.ts";
import { toJunit } from "../replay/junit-report.ts";
import { listRecordParts, PART_SIZE } from "../replay/record-parts.ts";
import { toReportLines } from "../replay/print-report.ts";
import { toReport } from "../replay/report.ts";
import type { Report } from "../replay/report.ts";
import { runReplay } from "../replay/run-replay.ts";
import type { ReplayOptions } from "../replay/run-replay.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseCount, parseMoment } from "./duration.ts";
import { ACTIVE, findPolicy } from "./policy-source.ts";
import { printJson, toMoment, toPlain } from "./print.ts";
import { createProgressBar } from "./progress-bar.ts";
import { withDatabase } from "./with-database.ts";

type Options = Pick<ExchangeFilter, "since" | "until" | "subject" | "operation" | "connection"> & {
  readonly bundle: string;
  readonly against: string;
  readonly operator?: string;
  readonly limit: number;
  readonly failOn: readonly Condition[];
  readonly json?: true;
  readonly html?: string;
  readonly junit?: string;
};

const RECORDED = "recorded";
const WEEK_MS = 7 * 86_400_000;
/** What a replay gets: processes, MiB of memory for each, time for a part and for all of it. */
const BOUNDS = { processes: 2, memoryMb: 512, partMs: 120_000, totalMs: 4 * 3_600_000 };

/** Adds the command. */
export function addReplay(group: Command, program: Command, context: CommandContext): void {
  group
    .command("replay")
    .description("say what a policy would have done to recorded exchanges: coverage first, then every change")
    .option("--bundle <policy>", "the policy to try: a file, or a revision that was in force", ACTIVE)
    .option(
      "--operator <file>",
      "the operator's file over it, or none (default: the configured one, or what lay over that revision)",
    )
    .option(
      "--against <policy>",
      `what to compare with: ${ACTIVE} (the configured one), ${RECORDED} (what was decided then), a file or a revision`,
      ACTIVE,
    )
    .option(
      "--since <when>",
      "from this moment on: 2h, 7d, or 2026-01-31T12:00:00Z (default: 7d)",
      parseMoment,
    )
    .option("--until <when>", "before this moment", parseMoment)
    .option("--subject <name>", "of this caller")
    .option("--operation <name>", "of this operation, for instance responses.create")
    .option("--connection <name>", "to this connection")
    .option("--limit <count>", "at most so many, the newest", parseCount(1, 100_000_000), 1_000_000)
    .option(
      "--fail-on <condition>",
      "end with 3 where it holds, for instance new-denials>0 or not-judged>5%; may be repeated",
      addCondition,
      [],
    )
    .option("--json", "print the report as JSON")
    .option("--html <file>", "write it as a page too")
    .option("--junit <file>", "write it as JUnit's XML too")
    .addHelpText(
      "after",
      `\nConditions compare (> >= < <= =) a number, or a percentage of all exchanges, with one of:\n  ${listMeasures().join(", ")}\n` +
        "\nExit codes: 0 done, 1 failed, 2 called wrongly, 3 a condition of --fail-on holds.",
    )
    .action(async (given: Options) => {
      const options = { ...given, since: given.since ?? new Date(Date.now() - WEEK_MS) };
      await withDatabase(
        context,
        { create: false, configFile: getConfigFile(program) },
        async (db, config, _key, _secrets, databaseUrl) => {
          const { failOn, json, html, junit, bundle, against, operator } = options;
          const sources = { db, config, cwd: context.cwd };
          const next = await findPolicy(sources, bundle, operator);
          const other = against === RECORDED ? null : await findPolicy(sources, against);
          const { since, until, subject, operation, connection } = options;
          const filter = { since, until, subject, operation, connection };
          const open = { kind: "open", next, against: other, databaseUrl, filter } as const;
          const report = await replay(context, db, open, options);
          const met = failOn.map((condition) => ({ text: condition.text, ...condition.holds(report) }));
          if (html !== undefined) await write(context, html, toHtml(report, met));
          if (junit !== undefined) await write(context, junit, toJunit(report, failOn));
          if (json === true) printJson(context.stdout, report);
          else for (const line of toReportLines(report)) context.stdout.write(`${toPlain(line)}\n`);
          const failed = met.filter(({ isMet }) => isMet);
          if (failed.length > 0)
            throw new CommandError(failed.map(({ text, value }) => `${text}: it is ${value}`).join("; "), 3);
        },
      );
    });
}

async function replay(
  context: CommandContext,
  db: Database,
  open: ReplayOptions["open"],
  options: Options,
): Promise<Report> {
  const { filter } = open;
  const range = await findReplayRange(db, filter, options.limit);
  const total = range?.exchanges ?? 0;
  const bar = createProgressBar(context.stderr, total);
  const began = performance.now();
  try {
    const { tally, next, against, titles } = await runReplay({
      open,
      parts: listRecordParts(db, filter, range),
      ...BOUNDS,
      processes: total <= PART_SIZE ? 1 : Math.min(BOUNDS.processes, availableParallelism()),
      onProgress: (exchanges) => bar.show(exchanges),
      signal: context.signal,
    });
    const seconds = Math.round(performance.now() - began) / 1000;
    return toReport(tally, { bundle: next, against, scope: toScope(options), seconds }, titles);
  } finally {
    bar.close();
  }
}

function toScope({ since, until, subject, operation, connection }: Options): string {
  return [
    since === undefined ? "all exchanges" : `exchanges since ${toMoment(since)} UTC`,
    until === undefined ? "" : `until ${toMoment(until)} UTC`,
    subject === undefined ? "" : `of ${subject}`,
    operation === undefined ? "" : `of ${operation}`,
    connection === undefined ? "" : `to ${connection}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}

async function write(context: CommandContext, file: string, text: string): Promise<void> {
  try {
    await writeFile(resolve(context.cwd, file), text);
  } catch {
    throw new CommandError(`The file ${file} can't be written.`);
  }
}

function addCondition(text: string, known: readonly Condition[]): readonly Condition[] {
  const condition = parseCondition(text);
  if (condition === null)
    throw new InvalidArgumentError(
      `Expected a condition such as new-denials>0; there are: ${listMeasures().join(", ")}.`,
    );
  return [...known, condition];
}
