// Runs a command of the command line within the test's process, which saves the seconds that a process takes to start.
import { Readable } from "node:stream";
import { runCommandLine } from "../gateway/cli/program.ts";
import type { CommandResult } from "./gateway.ts";

/** Where a command runs, and what it is given on standard input. */
export type CommandOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin?: string;
};

/** Runs one; gives what it printed. */
export async function runInProcess(
  args: readonly string[],
  { env, cwd, stdin = "" }: CommandOptions,
): Promise<CommandResult> {
  let [stdout, stderr] = ["", ""];
  const code = await runCommandLine(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: Readable.from([stdin]),
    env,
    cwd,
    signal: new AbortController().signal,
  });
  return { code, stdout, stderr };
}
