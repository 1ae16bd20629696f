// `tollgate policy`: the rules as code, and what they would do.
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addReplay } from "./policy-replay.ts";

/** Adds the commands. */
export function addPolicy(program: Command, context: CommandContext): void {
  const group = program.command("policy").description("the policy as code, and what it would do");
  addReplay(group, program, context);
}
