// `tollgate policy`: what decides, from its sources to the gateways.
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addPolicyBuild } from "./policy-build.ts";
import { addPolicyCase } from "./policy-case.ts";
import { addPolicyCorpus } from "./policy-corpus.ts";
import { addPolicyKey } from "./policy-key.ts";
import { addPolicyOrders } from "./policy-orders.ts";
import { addReplay } from "./policy-replay.ts";
import { addPolicySign } from "./policy-sign.ts";
import { addPolicyStatus } from "./policy-status.ts";

/** Adds the commands. */
export function addPolicy(program: Command, context: CommandContext): void {
  const group = program
    .command("policy")
    .description(
      "policies: make, check, build and sign them, what they would have done, and which one decides where",
    );
  addPolicyBuild(group, context);
  addPolicyKey(group, context);
  addPolicySign(group, program, context);
  addReplay(group, program, context);
  addPolicyCase(group, program, context);
  addPolicyCorpus(group, program, context);
  addPolicyStatus(group, program, context);
  addPolicyOrders(group, program, context);
}
