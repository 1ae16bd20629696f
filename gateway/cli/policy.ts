// `tollgate policy`: what decides, from its sources to the gateways.
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addPolicyBuild } from "./policy-build.ts";
import { addReplay } from "./policy-replay.ts";

/** Adds the commands. */
export function addPolicy(program: Command, context: CommandContext): void {
  const group = program
    .command("policy")
    .description("policies: check and build, and what they would have done");
  addPolicyBuild(group, context);
  addReplay(group, program, context);
}
