// Measures one shape on all targets in alternating rounds, so that what else the machine does falls on all alike.
import { sendRequests } from "./load.ts";
import { createCpuReader, readMemory } from "./process-usage.ts";
import type { Shape } from "./shapes.ts";
import { median, percentile } from "./statistics.ts";
import type { BenchTarget } from "./targets.ts";

/** What a target showed on a shape: CPU in microseconds a request, times in milliseconds, memory in MiB. */
export type Measured = {
  readonly target: string;
  readonly cpu: readonly number[];
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly firstByte: number;
  /** Median time to the first byte of one request at a time. */
  readonly aloneFirstByte: number;
  readonly resident: number;
  readonly peak: number;
};

/** How much is measured. */
export type Effort = { readonly rounds: number; readonly share: number; readonly concurrency: number };

/** Measures each target on a shape. */
export async function measureShape(
  shape: Shape,
  targets: readonly BenchTarget[],
  effort: Effort,
): Promise<readonly Measured[]> {
  const readCpu = createCpuReader();
  const count = Math.max(effort.concurrency, Math.round(shape.count * effort.share));
  const records = new Map(targets.map((target) => [target, emptyRecord()]));
  for (const target of targets) await sendRequests(target, shape, count, effort.concurrency);
  for (let round = 0; round < effort.rounds; round += 1) {
    for (const target of round % 2 === 0 ? targets : targets.toReversed()) {
      const before = readCpu(target.pid);
      const run = await sendRequests(target, shape, count, effort.concurrency);
      const record = records.get(target);
      record?.cpu.push((readCpu(target.pid) - before) / run.requests);
      record?.perSecond.push(run.requests / run.seconds);
      record?.totals.push(...run.totals);
      record?.firstBytes.push(...run.firstBytes);
    }
  }
  const measured: Measured[] = [];
  for (const target of targets) {
    const record = records.get(target) ?? emptyRecord();
    const alone = await sendRequests(target, shape, Math.max(20, Math.round(count / 20)), 1);
    measured.push({
      target: target.name,
      cpu: record.cpu,
      perSecond: median(record.perSecond),
      p50: percentile(record.totals, 0.5),
      p99: percentile(record.totals, 0.99),
      firstByte: percentile(record.firstBytes, 0.5),
      aloneFirstByte: percentile(alone.firstBytes, 0.5),
      ...readMemory(target.pid),
    });
  }
  return measured;
}

function emptyRecord(): { cpu: number[]; perSecond: number[]; totals: number[]; firstBytes: number[] } {
  return { cpu: [], perSecond: [], totals: [], firstBytes: [] };
}
