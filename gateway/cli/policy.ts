// `tollgate policy`: what decides, from its sources to the gateways.
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addPolicyBuild } from "./policy-build.ts";

/** Adds the commands. */
export function addPolicy(program: Command, context: CommandContext): void {
  const group = program.command("policy").description("policies: make, check and build them");
  addPolicyBuild(group, context);
}
