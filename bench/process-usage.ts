// Reads from /proc what a process has used, its threads included.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Creates a reader of CPU time in microseconds; the kernel counts in ticks, usually of 10 ms. */
export function createCpuReader(): (pid: number) => number {
  const ticks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return (pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces: fields are counted after it, utime is the 14th and stime the 15th.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / ticks;
  };
}

/** Reads the resident memory of a process in MiB: what it holds, and the most that it held. */
export function readMemory(pid: number): { readonly resident: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) / 1024;
  return { resident: field("VmRSS"), peak: field("VmHWM") };
}
