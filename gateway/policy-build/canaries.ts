// The canaries: facts with the decisions that OPA itself gives, which the gateway asks of a bundle before it uses it.

import { readFileSync } from "node:fs";
import { z } from "zod";
import { toSampleFacts } from "../policy/sample-facts.ts";
import { TEST_CAPABILITIES } from "./check.ts";
import { PolicyProblem } from "./problem.ts";
import type { Opa } from "./run-opa.ts";

const phase = z.enum(["request", "answer", "finding", "tool_call", "end", "whole"]);
const facts = z.looseObject({ phase });
const file = z.array(z.strictObject({ name: z.string(), facts, allowed: z.boolean() }));
const effects = z.array(z.looseObject({ code: z.string() }));
const answer = z.object({
  result: z.array(z.object({ expressions: z.array(z.object({ value: z.unknown() })) })),
});

export type Canary = {
  readonly name: string;
  readonly facts: z.infer<typeof facts>;
  readonly decision: Readonly<Record<string, z.infer<typeof effects>>>;
};

const KEPT = ["allow", "deny", "observe", "record", "label", "share", "forward", "need"] as const;

/** Reads the canaries and has OPA decide them. Throws `PolicyProblem` where one is not decided as its file says. */
export async function decideCanaries(opa: Opa, folder: string, path: string): Promise<readonly Canary[]> {
  const listed = file.parse(JSON.parse(readFileSync(path, "utf8")));
  const canaries: Canary[] = [];
  for (const { name, facts, allowed } of listed) {
    const input = { ...toSampleFacts(facts.phase), ...facts };
    const query = `data.gateway.main.${facts.phase}`;
    const said = await opa.run(
      [
        "eval",
        "--format",
        "json",
        "--stdin-input",
        "--strict-builtin-errors",
        "--capabilities",
        TEST_CAPABILITIES,
        "--data",
        "gateway:gateway",
        `${query} with data.gateway.rev as "canary"`,
      ],
      { cwd: folder, input: JSON.stringify(input) },
    );
    const decision = z
      .record(z.string(), z.unknown())
      .parse(answer.parse(JSON.parse(said)).result[0]?.expressions[0]?.value);
    const kept = KEPT.map((effect) => [effect, effects.parse(decision[effect])] as const);
    const isAllowed =
      effects.parse(decision["deny"]).length === 0 &&
      (facts.phase !== "request" || effects.parse(decision["allow"]).length > 0);
    if (isAllowed !== allowed)
      throw new PolicyProblem(
        `The canary "${name}" (${path}) is ${isAllowed ? "allowed" : "refused"}, which its file does not say.`,
      );
    canaries.push({ name, facts, decision: Object.fromEntries(kept) });
  }
  return canaries;
}
