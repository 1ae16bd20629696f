// Reads what may not stand on a command line, where every process of the machine can read it.
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";

const MOST_BYTES = 1024 * 1024;

/** Gives standard input without white space around it: the one `what` that a command asks for. */
export async function readStdin(stdin: CommandContext["stdin"], what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > MOST_BYTES) throw new CommandError(`The ${what} is longer than 1 MiB.`, 2);
    chunks.push(bytes);
  }
  const value = Buffer.concat(chunks).toString("utf8").trim();
  if (value === "") throw new CommandError(`Standard input held no ${what}.`, 2);
  return value;
}
