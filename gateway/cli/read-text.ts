// Reads a file that a command is given.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";

/** Gives the text of a file, without white space around it; its path is relative to where the command runs. */
export function readText({ cwd }: Pick<CommandContext, "cwd">, file: string): string {
  const path = resolve(cwd, file);
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new CommandError(`The file ${path} can't be read (${code}).`, 2);
  }
}
