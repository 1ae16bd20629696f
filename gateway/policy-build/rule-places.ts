// Says where the rule stands that did something: the bundle holds its sources, and OPA says which of their lines decided.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { unpackBundle } from "../bundle-archive/unpack.ts";
import type { Facts } from "../exchange.ts";
import { toTestCapabilities } from "./capabilities.ts";
import type { Opa } from "./run-opa.ts";

/**
 * A file of the policy's sources as the bundle holds them, where OPA leaves comments out, with the rule's first line; null:
 * which of its rules it was is not known.
 */
export type RulePlace = { readonly file: string; readonly line: number | null; readonly rule: string | null };

export type RulePlaces = AsyncDisposable & {
  /** Gives where the rules of packages decided about facts; by package. */
  find(facts: Facts, packages: readonly string[]): Promise<ReadonlyMap<string, readonly RulePlace[]>>;
};

type Module = {
  readonly file: string;
  readonly name: string;
  readonly heads: readonly { readonly line: number; readonly rule: string }[];
};

const CAPABILITIES = "capabilities.json";

/** What contributes: the heads of an effect's rules, as OPA formats them. */
const HEAD = /^(?:allow|deny|require_approval|mask|set|record|label|share|forward|need) contains\b/;

const coverage = z.object({
  coverage: z.object({
    files: z.record(
      z.string(),
      z.object({
        covered: z.array(z.object({ start: z.object({ row: z.int(), col: z.int() }) })).default([]),
      }),
    ),
  }),
});

/** Opens a bundle's sources. `opa` null: only files can be said. `operator` is what lies over the bundle's data. */
export async function openRulePlaces(
  bundle: Buffer,
  operator: unknown,
  opa: Opa | null,
): Promise<RulePlaces> {
  const files = await unpackBundle(bundle);
  const modules = [...files].flatMap(([file, bytes]) => toModule(file, bytes.toString("utf8")));
  const folder = opa === null ? null : await mkdtemp(join(tmpdir(), "tollgate-rules-"));
  if (opa !== null && folder !== null) {
    // Whoever wrote the rules, they reach nothing outside.
    await write(join(folder, CAPABILITIES), Buffer.from(await toTestCapabilities(opa)));
    for (const [file, bytes] of files)
      if (file.endsWith(".rego") || file === "data.json") await write(join(folder, file), bytes);
  }

  /** Gives the heads that decided: OPA covers a head only where its rule comes to something. */
  async function findHeads(
    facts: Facts,
    own: readonly Module[],
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    if (opa === null || folder === null || own.length === 0) return new Map();
    // A reference after `as` is evaluated under the new input, a variable is not.
    const query = [
      "facts := input.facts",
      "operator := input.operator",
      ...own.map(
        ({ name }, index) =>
          `d${index} := ${name} with input as facts with data.gateway.operator as operator with data.gateway.rev as "replay"`,
      ),
    ].join("; ");
    const parts = ["--data", "gateway", "--data", "data.json", "--capabilities", CAPABILITIES];
    const { code, stdout } = await opa.ask(
      ["eval", "--coverage", "--timeout", "10s", "--format", "json", "--stdin-input", ...parts, query],
      { cwd: folder, input: JSON.stringify({ facts, operator: operator ?? {} }).toWellFormed() },
    );
    const said = code === 0 ? coverage.safeParse(JSON.parse(stdout)) : null;
    if (said?.success !== true) return new Map();
    return new Map(
      Object.entries(said.data.coverage.files).map(([file, { covered }]) => [
        file,
        covered.filter(({ start }) => start.col === 1).map(({ start }) => start.row),
      ]),
    );
  }

  return {
    async find(facts, packages) {
      const own = modules.filter(({ name }) => packages.includes(name));
      const lines = await findHeads(facts, own);
      const places = new Map<string, RulePlace[]>();
      for (const { file, name, heads } of own) {
        const decided = heads.filter(({ line }) => lines.get(file)?.includes(line) === true);
        const found =
          decided.length === 0
            ? [{ file, line: null, rule: null }]
            : decided.map((head) => ({ file, ...head }));
        places.set(name, [...(places.get(name) ?? []), ...found]);
      }
      return places;
    },
    async [Symbol.asyncDispose]() {
      if (folder !== null) await rm(folder, { recursive: true, force: true });
    },
  };
}

function toModule(file: string, text: string): readonly Module[] {
  if (!file.endsWith(".rego")) return [];
  const lines = text.split("\n");
  const name = lines
    .find((line) => line.startsWith("package "))
    ?.slice("package ".length)
    .trim();
  if (name === undefined) return [];
  const heads = lines.flatMap((line, index) => (HEAD.test(line) ? { line: index + 1, rule: line } : []));
  return [{ file, name: `data.${name}`, heads }];
}

async function write(file: string, bytes: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
}
