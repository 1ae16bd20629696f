// The option `--config`, which every command takes.
import type { Command } from "commander";

/** Gives its value; null where it was not given. */
export function getConfigFile(program: Command): string | null {
  const { config } = program.opts<{ config?: string }>();
  return config ?? null;
}
