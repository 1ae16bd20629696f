// Writes what was measured as a page of Markdown, ratios first.
import type { Measured } from "./measure.ts";
import type { Shape } from "./shapes.ts";
import { median } from "./statistics.ts";

/** Everything that the page tells. */
export type Report = {
  readonly command: string;
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  readonly effort: string;
  readonly results: readonly { readonly shape: Shape; readonly measured: readonly Measured[] }[];
  /** Lines of the table of large bodies. */
  readonly transfers: readonly string[];
  /** Lines of the table of what stays open. */
  readonly sockets: readonly string[];
  /** Lines of the table of what is withdrawn. */
  readonly revocations: readonly string[];
  /** Lines about what looks for values in texts. */
  readonly texts: readonly string[];
  /** Lines of the profile's table; null where none was taken. */
  readonly profile: readonly string[] | null;
};

/** Writes the page. */
export function writeReport(report: Report): string {
  const lines = [
    "# Benchmarks",
    "",
    "Written by the benchmark itself. A mock target answers with fixed bytes; before it stand a bare proxy (`bench/bare.ts`: node:http and undici, reading nothing) and Tollgate with identity, policy and recording to a real PostgreSQL on, in alternating rounds of one run. CPU is that of the process with all its threads, user and system; the database's is not in it.",
    "",
    "## CPU against the bare proxy",
    "",
    "| shape | what it is | times the bare proxy's CPU | lowest and highest round |",
    "|---|---|---|---|",
    ...report.results.map(({ shape, measured }) => ratioRow(shape, measured)),
    "",
    "## Values",
    "",
    "Times in milliseconds, CPU in microseconds a request, memory in MiB after the shape's rounds. `alone` is the time to the first byte of one request at a time; the other times are under full load.",
    "",
    "| shape | process | CPU | requests/s | p50 | p99 | first byte | alone | memory | peak |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...report.results.flatMap(({ shape, measured }) => measured.map((one) => valueRow(shape, one))),
    "",
    "## Large bodies",
    "",
    ...report.transfers,
    "",
    "## What stays open",
    "",
    ...report.sockets,
    "",
    "## What is withdrawn",
    "",
    ...report.revocations,
    "",
    ...(report.texts.length === 0 ? [] : ["## Looking for values in texts", "", ...report.texts, ""]),
    ...(report.profile === null ? [] : ["## Where the gateway's time goes", "", ...report.profile, ""]),
    "## How",
    "",
    `- Command: \`${report.command}\``,
    `- Date: ${report.date}`,
    `- Machine: ${report.machine}`,
    `- Versions: ${report.versions}`,
    `- ${report.effort}`,
    "",
  ];
  return lines.join("\n");
}

/** Gives the ratio of a target's CPU to the bare proxy's: the median, lowest and highest of the rounds. */
export function ratiosOf(
  measured: readonly Measured[],
  target: string,
): { median: number; low: number; high: number } | null {
  const bare = measured.find((one) => one.target === "bare");
  const other = measured.find((one) => one.target === target);
  if (bare === undefined || other === undefined) return null;
  const ratios = other.cpu.map((cpu, round) => cpu / (bare.cpu[round] ?? Number.NaN));
  return { median: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}

function ratioRow(shape: Shape, measured: readonly Measured[]): string {
  const ratios = ratiosOf(measured, "tollgate");
  const told =
    ratios === null
      ? ["–", "–"]
      : [`**${ratios.median.toFixed(2)}**`, `${ratios.low.toFixed(2)} – ${ratios.high.toFixed(2)}`];
  return row([shape.name, shape.title, ...told]);
}

function valueRow(shape: Shape, one: Measured): string {
  return row([
    shape.name,
    one.target,
    median(one.cpu).toFixed(0),
    one.perSecond.toFixed(0),
    one.p50.toFixed(1),
    one.p99.toFixed(1),
    one.firstByte.toFixed(1),
    one.aloneFirstByte.toFixed(2),
    one.resident.toFixed(0),
    one.peak.toFixed(0),
  ]);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
