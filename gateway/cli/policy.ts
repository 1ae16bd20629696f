// `tollgate policy`: the rules as code, from a build to every gateway.
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addPolicyOrders } from "./policy-orders.ts";
import { addPolicyStatus } from "./policy-status.ts";

/** Adds the commands. */
export function addPolicy(program: Command, context: CommandContext): void {
  const group = program.command("policy").description("the policy as code, and which one decides where");
  addPolicyStatus(group, program, context);
  addPolicyOrders(group, program, context);
}
