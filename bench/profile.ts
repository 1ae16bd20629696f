// Adds up a CPU profile by the part of the program that the time was spent in, and by function.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const cpuProfile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** Shares of the busy time, largest first. */
export type Profile = {
  readonly parts: readonly (readonly [name: string, share: number])[];
  readonly functions: readonly (readonly [name: string, share: number])[];
};

/** Reads the largest profile of a folder, without its first `skipMs`; null where there is none. */
export function readProfile(folder: string, skipMs: number): Profile | null {
  const files = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  const texts = files
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .toSorted((a, b) => b.length - a.length);
  if (texts[0] === undefined) return null;
  const profile = cpuProfile.parse(JSON.parse(texts[0]));
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let elapsed = 0;
  let total = 0;
  for (const [index, sample] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    elapsed += delta;
    const frame = frames.get(sample);
    if (frame === undefined || frame.functionName === "(idle)" || elapsed < skipMs * 1000) continue;
    const part = partOf(frame.url, frame.functionName);
    const file = frame.url.split("/").slice(-2).join("/");
    const name = `${frame.functionName || "anonymous"} ${file}:${frame.lineNumber + 1}`;
    parts.set(part, (parts.get(part) ?? 0) + delta);
    functions.set(name, (functions.get(name) ?? 0) + delta);
    total += delta;
  }
  const toShares = (sums: ReadonlyMap<string, number>): readonly (readonly [string, number])[] =>
    [...sums].map(([name, sum]) => [name, sum / total] as const).toSorted((a, b) => b[1] - a[1]);
  return { parts: toShares(parts), functions: toShares(functions) };
}

/** Writes the parts as the lines of a table; what is below half a percent is left out. */
export function writeParts(profile: Profile): readonly string[] {
  return [
    "Main thread under load, all shapes together, by where the running function stands; built-in functions by name.",
    "",
    "| part | share of the busy time |",
    "|---|---|",
    ...profile.parts
      .filter(([, share]) => share >= 0.005)
      .map(([name, share]) => `| ${name} | ${toPercent(share)} |`),
  ];
}

/** Writes the functions that take the most time, one a line. */
export function writeFunctions(profile: Profile, count: number): string {
  return profile.functions
    .slice(0, count)
    .map(([name, share]) => `${toPercent(share).padStart(7)}  ${name}\n`)
    .join("");
}

function toPercent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function partOf(url: string, functionName: string): string {
  if (functionName === "(garbage collector)") return "garbage collection";
  if (functionName === "(program)") return "native code of Node and the system";
  const dependency = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (dependency !== undefined) return dependency;
  const own = /\/(gateway\/[a-z]+|db)\/[^/]+/.exec(url)?.[1] ?? /\/(gateway)\/[a-z-]+\.ts$/.exec(url)?.[1];
  if (own !== undefined) return `${own}/`;
  if (url.startsWith("wasm:")) return "policy in WebAssembly";
  const builtin = /^node:(?:internal\/)?([a-z_]+)/.exec(url)?.[1];
  return builtin === undefined
    ? `built-in ${functionName}`
    : `node:${builtin.replace(/^_/, "").replace(/_.*$/, "")}`;
}
