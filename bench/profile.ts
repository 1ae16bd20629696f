// Adds up a CPU profile by the part of the program that the time was spent in.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const cpuProfile = z.object({
  nodes: z.array(
    z.object({ id: z.number(), callFrame: z.object({ functionName: z.string(), url: z.string() }) }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** Reads the largest profile of a folder and gives the lines of a table: part, share of the busy time. */
export function summariseProfiles(folder: string): readonly string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  const texts = files
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .toSorted((a, b) => b.length - a.length);
  if (texts[0] === undefined) return ["No profile was written."];
  const profile = cpuProfile.parse(JSON.parse(texts[0]));
  const parts = new Map(
    profile.nodes.map((node) => [node.id, partOf(node.callFrame.url, node.callFrame.functionName)]),
  );
  const sums = new Map<string, number>();
  for (const [index, sample] of profile.samples.entries()) {
    const part = parts.get(sample) ?? "other";
    sums.set(part, (sums.get(part) ?? 0) + (profile.timeDeltas[index] ?? 0));
  }
  sums.delete("idle");
  const total = [...sums.values()].reduce((sum, value) => sum + value, 0);
  const rows = [...sums].toSorted((a, b) => b[1] - a[1]).filter(([, value]) => value / total >= 0.005);
  return [
    "Main thread, all shapes together, by the file whose function was on top.",
    "",
    "| part | share |",
    "|---|---|",
    ...rows.map(([part, value]) => `| ${part} | ${((100 * value) / total).toFixed(1)} % |`),
  ];
}

function partOf(url: string, functionName: string): string {
  if (functionName === "(idle)") return "idle";
  if (functionName === "(garbage collector)") return "garbage collection";
  if (functionName === "(program)") return "native code of Node and the system";
  const own = /\/(gateway\/[a-z]+|db)\//.exec(url)?.[1] ?? /\/(gateway)\/[a-z-]+\.ts$/.exec(url)?.[1];
  const dependency = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (dependency !== undefined) return dependency;
  if (own !== undefined) return `${own}/`;
  if (url.startsWith("wasm:")) return "policy (WebAssembly)";
  const builtin = /^node:(?:internal\/)?([a-z_]+)/.exec(url)?.[1];
  return builtin === undefined
    ? "built-in functions"
    : `node:${builtin.replace(/^_/, "").replace(/_.*$/, "")}`;
}
