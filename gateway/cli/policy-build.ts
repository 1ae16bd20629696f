// `tollgate policy build` and `check`: policies' sources, checked and made into a bundle.
import { mkdirSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { Command } from "commander";
import type { CheckOptions } from "../policy-build/check.ts";
import type { Problem } from "../policy-build/problem.ts";
import { ChildEnd, CommandError, type CommandContext } from "./context.ts";
import { parseCount } from "./duration.ts";
import { printJson } from "./print.ts";
import { writeWhole } from "./write-whole.ts";

type CheckFlags = {
  readonly allowPatterns?: true;
  readonly frozen?: true;
  readonly fix?: true;
  readonly json?: true;
};
type BuildFlags = CheckFlags & {
  readonly output: string;
  readonly revision?: string;
  readonly serial?: number;
  readonly canaries?: string;
  readonly check?: true;
};

/** Adds the commands to their group. */
export function addPolicyBuild(group: Command, context: CommandContext): void {
  group
    .command("init")
    .description(
      "make a repository of policies: the gateway's own rules with their tests and data, editor settings, a workflow",
    )
    .argument("<dir>", "a folder that is empty, or not there yet")
    .action((dir: string) => runInit(dir, context));

  withCheckOptions(
    group
      .command("check")
      .description(
        "check a policy's sources: format, types, what a rule can never match, tests that cover every line",
      )
      .argument("[dir]", "the folder that holds gateway/", "."),
  ).action((dir: string, flags: CheckFlags) => runCheck(dir, flags, context));

  withCheckOptions(
    group
      .command("build")
      .description(
        "check a policy's sources and build the bundle that a gateway loads; the same sources give the same bytes",
      )
      .argument("[dir]", "the folder that holds gateway/", "."),
  )
    .option(
      "-o, --output <file>",
      "where the bundle goes; beside it FILE.rego.tar.gz, for OPA itself",
      "policy.tar.gz",
    )
    .option("--revision <text>", "what the revision is called (default: the digest of the sources)")
    .option(
      "--serial <number>",
      "orders the revisions (default: the time of the commit in seconds, where all is committed to Git)",
      parseCount(1, Number.MAX_SAFE_INTEGER),
    )
    .option(
      "--canaries <file>",
      "facts that the bundle must decide as the file says (default: canaries.json in the folder)",
    )
    .option("--check", "write nothing; fail where the bundle is not what its sources give")
    .action((dir: string, flags: BuildFlags) => runBuild(dir, flags, context));

  group
    .command("docs")
    .description(
      "print a page of Markdown about a policy's rules, from their METADATA: codes, remedies, parameters",
    )
    .argument("[dir]", "the folder that holds gateway/", ".")
    .action((dir: string) =>
      orExplain(dir, context, async (source) => {
        const { toReference } = await import("../policy-build/reference.ts");
        context.stdout.write(toReference(source, null));
      }),
    );

  group
    .command("opa")
    .description("run the pinned OPA: `tollgate policy opa fmt --write gateway`")
    .argument("[args...]", "what OPA is given")
    .helpOption(false)
    .allowUnknownOption()
    .action((args: readonly string[]) => runOpa(args, context));
}

function withCheckOptions(command: Command): Command {
  return command
    .option("--fix", "format the sources first")
    .option("--frozen", "write nothing in the folder; fail where a generated file is not what is generated")
    .option("--allow-patterns", "let rules use regex.match and glob.match, at most 50 literals")
    .option("--json", "print the outcome and every problem as JSON");
}

async function runInit(dir: string, context: CommandContext): Promise<void> {
  await orExplain(dir, context, async (source) => {
    const { initPolicy } = await import("../policy-build/init.ts");
    for (const path of initPolicy(source)) context.stdout.write(`  ${path}\n`);
    context.stdout.write(`\nNext: cd ${dir} && git init && tollgate policy build\n`);
  });
}

/** Runs a step on a folder, and shows what is wrong with it. */
async function orExplain(
  dir: string,
  { stderr, cwd }: CommandContext,
  step: (source: string) => Promise<void>,
): Promise<void> {
  const { PolicyProblem } = await import("../policy-build/problem.ts");
  const { showProblems } = await import("../policy-build/show-problems.ts");
  const source = resolve(cwd, dir);
  try {
    await step(source);
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    stderr.write(showProblems(error.problems, { source, prefix: "", hasColours: stderr.isTTY === true }));
    throw new CommandError("Nothing was made.");
  }
}

async function runCheck(dir: string, flags: CheckFlags, context: CommandContext): Promise<void> {
  const { checkPolicy } = await import("../policy-build/build.ts");
  await report(dir, flags, context, async (common) => {
    const { rules, warnings } = await checkPolicy(common);
    return { warnings, said: { rules }, text: `${rules} rules are right.` };
  });
}

async function runBuild(dir: string, flags: BuildFlags, context: CommandContext): Promise<void> {
  const { buildBundle, findCanaries } = await import("../policy-build/build.ts");
  const { compareBundle } = await import("../policy-build/compare.ts");
  const output = resolve(context.cwd, flags.output);
  const twin = `${output.replace(/\.tar\.gz$/, "")}.rego.tar.gz`;
  await report(dir, flags, context, async (common) => {
    const built = await buildBundle({
      ...common,
      isFrozen: common.isFrozen || flags.check === true,
      canaries:
        flags.canaries === undefined ? findCanaries(common.source) : resolve(context.cwd, flags.canaries),
      revision: flags.revision ?? null,
      stamp: { serial: flags.serial ?? null },
    });
    const { revision, serial, rules, warnings, bytes } = built;
    if (flags.check === true) await compareBundle(bytes, output);
    else {
      mkdirSync(dirname(output), { recursive: true });
      writeWhole(output, bytes);
      writeWhole(twin, built.rego);
    }
    const said = { revision, serial, rules: rules.length, output, rego: twin, bytes: bytes.byteLength };
    const order = serial === null ? "no serial, since not all is committed to Git" : `serial ${serial}`;
    const text = `${flags.output}: revision ${revision}, ${order}, ${rules.length} rules, ${bytes.byteLength} bytes.`;
    return { warnings, said, text };
  });
}

/** Runs OPA as it was asked to, in the folder where the command runs. */
async function runOpa(args: readonly string[], { stdout, stderr, cwd, env }: CommandContext): Promise<void> {
  const { findOpa } = await import("../policy-build/run-opa.ts");
  const said = await findOpa(env).ask(args, { cwd, env });
  stdout.write(said.stdout);
  stderr.write(said.stderr);
  if (said.code !== 0) throw new ChildEnd(said.code);
}

type Outcome = { readonly warnings: readonly Problem[]; readonly said: object; readonly text: string };
type Common = CheckOptions & { readonly source: string };

/** Runs a step and says what came of it: problems as a compiler does, or all as JSON. */
async function report(
  dir: string,
  flags: CheckFlags,
  { stdout, stderr, cwd, env }: CommandContext,
  step: (common: Common) => Promise<Outcome>,
): Promise<void> {
  const { PolicyProblem } = await import("../policy-build/problem.ts");
  const { showProblems } = await import("../policy-build/show-problems.ts");
  const { findOpa } = await import("../policy-build/run-opa.ts");
  const { formatSources } = await import("../policy-build/format.ts");
  const source = resolve(cwd, dir);
  const below = relative(cwd, source);
  const prefix = below === "" ? "" : `${below.startsWith("..") ? source : below}/`;
  const show = { source, prefix, hasColours: stderr.isTTY === true && env["NO_COLOR"] === undefined };
  try {
    const opa = findOpa(env);
    if (flags.fix === true) await formatSources(opa, source);
    const common = {
      opa,
      source,
      allowPatterns: flags.allowPatterns === true,
      isFrozen: flags.frozen === true,
    };
    const { warnings, said, text } = await step(common);
    if (flags.json === true) return printJson(stdout, { ok: true, ...said, problems: warnings });
    if (warnings.length > 0) stderr.write(showProblems(warnings, show));
    stdout.write(`${text}\n`);
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error;
    if (flags.json === true) printJson(stdout, { ok: false, problems: error.problems });
    else stderr.write(showProblems(error.problems, show));
    throw new CommandError("The policy is not right: nothing was built.");
  }
}
