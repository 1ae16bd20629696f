// `npm run bench`: measures the gateway against a bare proxy and writes docs/benchmarks.md.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { measureShape } from "./measure.ts";
import type { Effort, Measured } from "./measure.ts";
import { readProfile, writeFunctions, writeParts } from "./profile.ts";
import { ratiosOf, writeReport } from "./report.ts";
import { measureRevocations, writeRevocations } from "./revocations.ts";
import type { RevocationRow } from "./revocations.ts";
import { sendRequests } from "./load.ts";
import { listShapes } from "./shapes.ts";
import type { Shape } from "./shapes.ts";
import { measureSockets, writeSockets } from "./sockets.ts";
import type { SocketRow } from "./sockets.ts";
import { startBare, startTollgate, startUpstream } from "./targets.ts";
import type { BenchTarget } from "./targets.ts";
import { measureTransfers, writeTransfers } from "./transfers.ts";
import type { TransferRow } from "./transfers.ts";
import { measureValues } from "./values.ts";

const FULL: Effort = { rounds: 7, share: 1, concurrency: 16 };
const QUICK: Effort = { rounds: 2, share: 0.05, concurrency: 8 };

const USAGE = `Measures Tollgate's CPU beside a bare proxy's, and writes docs/benchmarks.md unless told not to.

Usage: npm run bench -- [options]
  --quick            two short rounds, to see what a change costs; writes nothing
  --rounds N         rounds of each shape (7; 2 with --quick)
  --shape NAME       one shape alone, "transfers", "sockets" or "revocations"; may be given several times
  --targets LIST     what is measured ("bare,tollgate")
  --profile          adds where the CPU time goes, by part and function
  --no-write         writes nothing
  --help             this text

Shapes: ${listShapes()
  .map(({ name }) => `"${name}"`)
  .join(", ")}
`;

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    shape: { type: "string", multiple: true },
    rounds: { type: "string" },
    targets: { type: "string", default: "bare,tollgate" },
    "no-write": { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (flags.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const effort = {
  ...(flags.quick ? QUICK : FULL),
  ...(flags.rounds === undefined ? {} : { rounds: Number(flags.rounds) }),
};
const shapes = listShapes().filter((shape) => flags.shape?.includes(shape.name) ?? true);
const results: { shape: Shape; measured: readonly Measured[] }[] = [];
let profile: readonly string[] | null = null;
let transfers: readonly TransferRow[] = [];
let sockets: readonly SocketRow[] = [];
let revocations: readonly RevocationRow[] = [];

const upstream = await startUpstream();
try {
  await withTargets(null, async (targets) => {
    for (const shape of shapes) {
      const measured = await measureShape(shape, targets, effort);
      results.push({ shape, measured });
      const ratio = ratiosOf(measured, "tollgate");
      const cpu = measured
        .map((one) => `${one.target} ${one.cpu.map((value) => value.toFixed(0)).join(" ")} µs`)
        .join("; ");
      process.stdout.write(
        `${shape.name}: ${ratio === null ? "" : `${ratio.median.toFixed(2)} times the bare proxy; `}${cpu}\n`,
      );
    }
  });
  if (flags.shape === undefined || flags.shape.includes("transfers")) {
    await withTargets(null, async (targets) => {
      transfers = await measureTransfers(targets, flags.quick ? 1 : 3);
    });
  }
  if (flags.shape === undefined || flags.shape.includes("sockets")) {
    await withTargets(null, async (targets) => {
      const tollgate = targets.find(({ name }) => name === "tollgate");
      if (tollgate !== undefined) sockets = await measureSockets(tollgate, flags.quick ? 5 : 60);
    });
  }
  if (flags.shape === undefined || flags.shape.includes("revocations"))
    revocations = await measureRevocations(upstream.origin, flags.quick ? 3 : 50);
  if (flags.profile) profile = await takeProfile();
} finally {
  await upstream.close();
}

const page = writeReport({
  command: ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(" "),
  date: new Date().toISOString().slice(0, 10),
  machine: `${availableParallelism()} cores, ${process.platform} ${process.arch}, shared by the load generator, the target, the proxy and the database`,
  versions: `Node ${process.versions.node}, undici ${readUndiciVersion()}`,
  effort: `${effort.rounds} rounds a shape after one to warm up, ${effort.concurrency} connections, ${shapes.map((shape) => `${Math.round(shape.count * effort.share)} requests a round of ${shape.name}`).join(", ")}.`,
  results,
  transfers: writeTransfers(transfers),
  texts: flags.shape === undefined || flags.shape.includes("texts") ? measureValues() : [],
  sockets: writeSockets(sockets),
  revocations: writeRevocations(revocations),
  profile,
});
// A quick run shows that the benchmark works; its figures are too few to keep.
if (flags.quick || flags["no-write"]) process.stdout.write(`\n${page}`);
else writeFileSync(fileURLToPath(new URL("../docs/benchmarks.md", import.meta.url)), page);

/** Runs `use` on the targets that were asked for, and ends them. */
async function withTargets(
  profileTo: string | null,
  use: (targets: readonly BenchTarget[]) => Promise<void>,
): Promise<void> {
  const names = new Set(profileTo === null ? flags.targets.split(",") : ["tollgate"]);
  const targets: BenchTarget[] = [];
  try {
    if (names.has("bare")) targets.push(await startBare(upstream.origin));
    if (names.has("tollgate")) targets.push(await startTollgate(upstream.origin, { profileTo }));
    await use(targets);
  } finally {
    for (const target of targets) await target.close();
  }
}

/** Runs all shapes on a gateway of their own, under V8's profiler, whose cost the measured one does not bear. */
async function takeProfile(): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-profile-"));
  const started = performance.now();
  let skipMs = 0;
  try {
    await withTargets(folder, async (targets) => {
      for (const target of targets) {
        for (const shape of shapes) await sendRequests(target, shape, 200, effort.concurrency);
        skipMs = performance.now() - started;
        for (const shape of shapes) {
          await sendRequests(target, shape, shape.count * effort.share, effort.concurrency);
        }
      }
    });
    const found = readProfile(folder, skipMs);
    if (found === null) return ["No profile was written."];
    process.stdout.write(`\nFunctions that take the most time:\n${writeFunctions(found, 40)}`);
    return writeParts(found);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readUndiciVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return z.object({ dependencies: z.object({ undici: z.string() }) }).parse(JSON.parse(text)).dependencies
    .undici;
}
