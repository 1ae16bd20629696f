// Replays what a test's gateway has recorded.
import { tmpdir } from "node:os";
import { z } from "zod";
import { runInProcess } from "../command.ts";
import type { CommandResult } from "../gateway.ts";

const unjudged = z.array(z.object({ reason: z.string(), count: z.number() }));

/** The part of a report that tests look at. */
export const reportShape = z.object({
  coverage: z.object({
    exchanges: z.number(),
    judged: z.number(),
    not_judged: unjudged,
    later: z.number(),
    later_not_judged: unjudged,
  }),
  exchanges: z.object({
    changed: z.number(),
    unchanged: z.number(),
    new_denials: z.number(),
    lifted_denials: z.number(),
  }),
  changes: z.array(
    z.object({
      change: z.string(),
      phase: z.string(),
      effect: z.string(),
      code: z.string(),
      detail: z.string(),
      exchanges: z.number(),
      examples: z.array(z.string()),
    }),
  ),
});

/** Runs the command on a database, or on none. */
export function runReplayCommand(
  databaseUrl: string | null,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return runInProcess(["policy", "replay", ...args], {
    env: { ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }), ...env },
    cwd: tmpdir(),
  });
}

/** Replays, and gives the report. */
export async function replayRecord(
  databaseUrl: string | null,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<z.output<typeof reportShape>> {
  const { code, stdout, stderr } = await runReplayCommand(databaseUrl, [...args, "--json"], env);
  if (code !== 0) throw new Error(`policy replay ended with ${code}: ${stderr}`);
  return reportShape.parse(JSON.parse(stdout));
}
