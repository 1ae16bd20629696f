// `tollgate policy replay`: what a policy would have done to what was recorded.
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { listMeasures, meet, parseCondition } from "../replay/fail-on.ts";
import type { Condition } from "../replay/fail-on.ts";
import { toHtml } from "../replay/html-report.ts";
import { toJunit } from "../replay/junit-report.ts";
import { toMarkdown } from "../replay/markdown-report.ts";
import { toReportLines } from "../replay/print-report.ts";
import type { Report } from "../replay/report.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseCount } from "./duration.ts";
import { ACTIVE } from "./policy-source.ts";
import { printJson, toPlain } from "./print.ts";
import { addReplayFilter, RECORDED } from "./replay-options.ts";
import type { ReplayFilter } from "./replay-options.ts";
import { replayAtGateway } from "./replay-at-gateway.ts";
import { replayCorpus, replayDatabase } from "./replay-sources.ts";
import type { Compared } from "./replay-sources.ts";

type Options = Compared &
  ReplayFilter & {
    readonly corpus?: string;
    readonly verify?: string;
    readonly limit?: number;
    readonly failOn: readonly Condition[];
    readonly json?: true;
    readonly html?: string;
    readonly junit?: string;
    readonly markdown?: string;
    readonly gateway?: string;
    readonly token?: string;
  };

/** Adds the command. */
export function addReplay(group: Command, program: Command, context: CommandContext): void {
  const command = group
    .command("replay")
    .description("say what a policy would have done to recorded exchanges: coverage first, then every change")
    .option(
      "--bundle <policy>",
      "the policy to try: a file, or a revision that was in force; where several decide NAME=FILE, beside the others as they are",
      ACTIVE,
    )
    .option(
      "--operator <file>",
      "the operator's file over it, or none (default: the configured one, or what lay over that revision)",
    )
    .option(
      "--against <policy>",
      `what to compare with: ${ACTIVE} (the configured one; the default), ${RECORDED} (what was decided then; with --corpus the default), a file or a revision`,
    )
    .option("--corpus <file>", "judge what `policy corpus export` wrote, without a database")
    .option("--verify <file>", "the public key that must have signed the corpus, in PEM")
    .option("--gateway <url>", "have a gateway judge its record: the URL of its operators' listener")
    .option(
      "--token <source>",
      "the key to show it, made with --scope policy:replay: a file, or env:NAME of a variable that holds it (default: env:TOLLGATE_TOKEN)",
    );
  addReplayFilter(command)
    .option("--limit <count>", "at most so many, the newest (default: 1000000)", parseCount(1, 100_000_000))
    .option(
      "--fail-on <condition>",
      "end with 3 where it holds, for instance new-denials>0 or not-judged>5%; may be repeated",
      addCondition,
      [],
    )
    .option("--json", "print the report as JSON")
    .option("--html <file>", "write it as a page too")
    .option("--junit <file>", "write it as JUnit's XML too")
    .option("--markdown <file>", "write it as Markdown too, for a comment: without names of callers")
    .addHelpText(
      "after",
      `\nConditions compare (> >= < <= =) a number, or a percentage of all exchanges, with one of:\n  ${listMeasures().join(", ")}\n` +
        "\nExit codes: 0 done, 1 failed, 2 called wrongly, 3 a condition of --fail-on holds.",
    )
    .action((options: Options) => run(options, getConfigFile(program), context));
}

async function run(options: Options, configFile: string | null, context: CommandContext): Promise<void> {
  const { corpus, failOn, json, html, junit, markdown } = options;
  if (corpus === undefined && options.verify !== undefined)
    throw new CommandError("--verify is the key of a --corpus.", 2);
  const report = await judge(options, configFile, context);
  const met = meet(report, failOn);
  if (html !== undefined) await write(context, html, toHtml(report, met));
  if (junit !== undefined) await write(context, junit, toJunit(report, met));
  if (markdown !== undefined) await write(context, markdown, toMarkdown(report, met));
  if (json === true) printJson(context.stdout, { ...report, conditions: met });
  else for (const line of toReportLines(report)) context.stdout.write(`${toPlain(line)}\n`);
  const failed = met.filter(({ isMet }) => isMet);
  if (failed.length > 0)
    throw new CommandError(failed.map(({ text, value }) => `${text}: it is ${value}`).join("; "), 3);
}

async function judge(options: Options, configFile: string | null, context: CommandContext): Promise<Report> {
  const { corpus, gateway } = options;
  if (gateway !== undefined && corpus !== undefined)
    throw new CommandError("Either a --gateway judges, or a --corpus is judged here.", 2);
  if (gateway !== undefined) return replayAtGateway(context, { ...options, gateway });
  if (options.token !== undefined) throw new CommandError("--token is for a --gateway.", 2);
  return corpus === undefined
    ? replayDatabase(context, configFile, options)
    : replayCorpus(context, configFile, { ...options, corpus });
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
