// `tollgate policy corpus`: recorded facts and decisions as a file, for where the database can't be reached.
import { resolve } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { noteAction } from "../../db/queries/admin-actions.ts";
import { findReplayRange } from "../../db/queries/replay-rows.ts";
import { exportCorpus } from "../corpus/export-corpus.ts";
import type { ExportOptions } from "../corpus/export-corpus.ts";
import type { CorpusManifest } from "../corpus/manifest.ts";
import { createPseudonyms } from "../corpus/pseudonyms.ts";
import { openCorpus } from "../corpus/read-corpus.ts";
import { getConfigFile } from "./config-file.ts";
import { CommandError, type CommandContext } from "./context.ts";
import { toOperator } from "./operator.ts";
import { findNames } from "./policy-source.ts";
import { printFields, printJson } from "./print.ts";
import { createProgressBar } from "./progress-bar.ts";
import { readText } from "./read-text.ts";
import { addReplayFilter, toReplayFilter, toScope } from "./replay-options.ts";
import type { ReplayFilter } from "./replay-options.ts";
import { readSigner, toTrustInKey } from "./signing-keys.ts";
import { readOwnVersion } from "./version.ts";
import { withDatabase } from "./with-database.ts";

type ExportFlags = ReplayFilter & {
  readonly out: string;
  readonly sample?: NonNullable<ExportOptions["sampling"]>;
  readonly keepNames?: true;
  readonly key?: string;
  readonly keyId: string;
  readonly json?: true;
};

/** More than any record has. */
const ALL = 1_000_000_000;

/** Adds the commands. */
export function addPolicyCorpus(policy: Command, program: Command, context: CommandContext): void {
  const group = policy
    .command("corpus")
    .description("recorded facts and decisions as a file, which `policy replay --corpus` judges anywhere");

  const command = group
    .command("export")
    .description(
      "write what policy saw and said to a file: no texts, nothing that the record masks, callers under other names",
    )
    .requiredOption("-o, --out <file>", "where it goes, for instance corpus.ndjson.gz");
  addReplayFilter(command)
    .option(
      "--sample <n>",
      "a part (5%) or about so many (10000): evenly spread, and of each operation, code and caller some",
      parseSample,
    )
    .option("--keep-names", "leave callers their names, so that rules which read them can be judged")
    .option(
      "--key <file>",
      "sign it: the private key in PEM, a file, or env:NAME of a variable that holds it",
    )
    .option("--key-id <id>", "what the key is called", "corpus")
    .option("--json", "print the manifest as JSON")
    .action((flags: ExportFlags) => runExport(flags, program, context));

  group
    .command("show")
    .description(
      "say what a corpus holds; ends with 1 where it is damaged, or not signed by the key that is named",
    )
    .argument("<file>", "the corpus")
    .option("--verify <file>", "the public key that must have signed it, in PEM")
    .option("--json", "print the manifest as JSON")
    .action(async (file: string, { verify, json }: { verify?: string; json?: true }) => {
      const trust = verify === undefined ? null : toTrustInKey(readText(context, verify));
      const corpus = await openCorpus(resolve(context.cwd, file), trust);
      try {
        // Whether it is whole is known at its end.
        for await (const _ of corpus.parts()) if (context.signal.aborted) throw stopped();
      } finally {
        corpus.close();
      }
      if (json === true) return printJson(context.stdout, { ...corpus.manifest, signed: corpus.isSigned });
      const signature = corpus.isSigned ? "signed, not verified: name a key with --verify" : "not signed";
      show(context, corpus.manifest, trust === null ? signature : "signed by that key");
    });
}

async function runExport(flags: ExportFlags, program: Command, context: CommandContext): Promise<void> {
  const { key, keyId } = flags;
  const signer = key === undefined ? null : readSigner({ key, keyId, scope: "" }, context);
  const path = resolve(context.cwd, flags.out);
  const use = { create: false, configFile: getConfigFile(program) };
  const manifest = await withDatabase(context, use, async (db, config) => {
    const filter = toReplayFilter(flags);
    const toPseudonym = flags.keepNames === true ? null : createPseudonyms();
    const range = await findReplayRange(db, filter, ALL);
    const bars = {
      choose: createProgressBar(context.stderr, range?.exchanges ?? 0),
      write: createProgressBar(context.stderr, range?.exchanges ?? 0),
    };
    const { connectionLabels, recognised } = await findNames({ db, config });
    const { subject } = filter;
    const scope = toScope({
      ...filter,
      subject: subject === undefined || toPseudonym === null ? subject : toPseudonym(subject),
    });
    try {
      const made = await exportCorpus({
        db,
        filter,
        range,
        path,
        sampling: flags.sample ?? null,
        toPseudonym,
        signer,
        about: {
          scope,
          tollgate: readOwnVersion(),
          connection_labels: [...connectionLabels],
          recognised: [...recognised],
        },
        onProgress: (step, exchanges) => bars[step].show(exchanges),
        signal: context.signal,
      });
      await noteAction(db, {
        actor: toOperator(),
        action: "policy.export_corpus",
        object: made.sha256,
        detail: { exchanges: made.exchanges, callers: made.callers, span: made.span },
      });
      return made;
    } catch (error) {
      throw toExplained(error, path);
    } finally {
      bars.choose.close();
      bars.write.close();
    }
  });
  if (flags.json === true) return printJson(context.stdout, manifest);
  context.stdout.write(`${path}\n`);
  show(context, manifest, signer === null ? "not signed" : `signed with ${keyId} (${signer.algorithm})`);
}

function show({ stdout }: CommandContext, manifest: CorpusManifest, signature: string): void {
  const { span, sampling, revisions, operations } = manifest;
  const count = (number: number): string => number.toLocaleString("en-US");
  const list = (counts: readonly (readonly [string, number])[]): string =>
    counts.map(([name, number]) => `${name} ${count(number)}`).join(", ");
  printFields(stdout, [
    ["exchanges", `${count(manifest.exchanges)}, with ${count(manifest.decisions)} later decisions`],
    ["scope", manifest.scope],
    ["from", span?.from ?? null],
    ["to", span?.to ?? null],
    ["operations", list(Object.entries(operations))],
    ["decided by", list(revisions.map(({ revision, exchanges }) => [revision, exchanges]))],
    ["callers", manifest.callers === "names" ? "with their names" : "under other names"],
    [
      "sample",
      sampling === null
        ? "none: all of them"
        : `${(100 * sampling.part).toFixed(2)} %, and of each operation, code and caller about ${sampling.at_least} or all`,
    ],
    ["signature", signature],
    ["made", `${manifest.made_at} by Tollgate ${manifest.tollgate}`],
  ]);
  stdout.write("Left out:\n");
  for (const { what, why, count: number } of manifest.left_out)
    printFields(stdout, [["", `${number === null ? "" : `${count(number)} `}${what}: ${why}`]], 0);
}

function parseSample(asked: string): NonNullable<ExportOptions["sampling"]> {
  const [, percent] = /^(\d{1,3}(?:\.\d{1,6})?)\s*%$/.exec(asked) ?? [];
  const part = Number(percent) / 100;
  if (percent !== undefined && part > 0 && part <= 1) return { asked, by: { part } };
  if (/^[1-9]\d{0,8}$/.test(asked)) return { asked, by: { count: Number(asked) } };
  throw new InvalidArgumentError("Expected a number of exchanges such as 10000, or a part such as 5%.");
}

function toExplained(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === "AbortError") return stopped();
  const isOfFile = "syscall" in error && "path" in error && "code" in error;
  return isOfFile ? new CommandError(`The file ${path} can't be written (${String(error.code)}).`) : error;
}

function stopped(): CommandError {
  return new CommandError("It was stopped; nothing was written.");
}
