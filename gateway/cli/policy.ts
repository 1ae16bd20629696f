// `tollgate policy`: what decides, from its sources to the gateways.
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addPolicyBuild } from "./policy-build.ts";
import { addPolicyOrders } from "./policy-orders.ts";
import { addPolicyStatus } from "./policy-status.ts";

/** Adds the commands. */
export function addPolicy(program: Command, context: CommandContext): void {
  const group = program
    .command("policy")
    .description("policies: check and build them, and say which one decides where");
  addPolicyBuild(group, context);
  addPolicyStatus(group, program, context);
  addPolicyOrders(group, program, context);
}
