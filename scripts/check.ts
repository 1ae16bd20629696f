// Runs everything that must hold before a change goes in, bar the tests. CI runs exactly this.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findBrokenLinks } from "./check/links.ts";
import { compareMigrations } from "./check/migrations.ts";
import { runCommand } from "./check/run-command.ts";
import { runSteps } from "./check/run-steps.ts";
import type { Step } from "./check/run-steps.ts";
import { findSecrets } from "./check/secrets.ts";
import { readTrackedFiles } from "./check/tracked-files.ts";
import { findUnwanted } from "./check/wording.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The steps, slowest first, so that none is left over at the end. */
const STEPS: readonly Step[] = [
  command("lint", "oxlint: correctness, types in use, import boundaries", ["oxlint"]),
  command("types", "tsc: types", ["tsc", "-p", "."]),
  command("policy", "opa: formatted, strict, covered; the bundle is what its sources build", [
    "scripts/build-bundle",
    "--check",
  ]),
  command("unused", "knip: files, exports and dependencies that nobody uses", ["knip", "--no-progress"]),
  command("docs", "generated pages and schemas are what the code says", [
    "node",
    "scripts/generate-docs.ts",
    "--check",
  ]),
  {
    name: "migrations",
    what: "drizzle-kit: the migrations agree with the schema",
    run: () => compareMigrations(ROOT),
  },
  command("format", "oxfmt: formatting", ["oxfmt", "--check"]),
  scan("secrets", "no file holds what looks like a key", findSecrets),
  scan("wording", "no file names a private path, or leaves a marker or a test aside", findUnwanted),
  scan("links", "links between the pages lead somewhere", findBrokenLinks),
];

function command(name: string, what: string, argv: readonly [string, ...string[]]): Step {
  return { name, what, run: () => runCommand(ROOT, argv) };
}

type Files = Awaited<ReturnType<typeof readTrackedFiles>>;

function scan(name: string, what: string, find: (files: Files) => readonly string[]): Step {
  return {
    name,
    what,
    run: async () => {
      const found = find(await readTrackedFiles(ROOT));
      return found.length === 0 ? null : found.join("\n");
    },
  };
}

function toHelp(): string {
  const steps = STEPS.map(({ name, what }) => `  ${name.padEnd(12)}${what}`).join("\n");
  return `Usage: npm run check -- [--only NAME]…\n\nSteps:\n${steps}\n`;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: "string", multiple: true }, help: { type: "boolean", short: "h" } },
  });
  if (values.help === true) {
    process.stdout.write(toHelp());
    return 0;
  }
  const unknown = values.only?.filter((name) => STEPS.every((step) => step.name !== name)) ?? [];
  if (unknown.length > 0) {
    process.stderr.write(`No step is called ${unknown.join(", ")}.\n\n${toHelp()}`);
    return 2;
  }
  const wanted = STEPS.filter(({ name }) => values.only?.includes(name) ?? true);
  const failed = await runSteps(wanted, Math.min(availableParallelism(), 4), (text) =>
    process.stdout.write(text),
  );
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
