// Tries a policy before it is taken into use: known decisions, missing input, the largest facts, and a warm-up.

import { GatewayError } from "../errors.ts";
import type { Phase } from "../exchange.ts";
import type { Evaluator, PhaseReads } from "./evaluator.ts";
import { PolicyLoadError, toReason } from "./load-error.ts";
import type { BundleMetadata } from "./manifest.ts";
import { toSampleFacts, toLargestFacts } from "./sample-facts.ts";

export type TrialLimits = {
  /** For the first instance with its data, which the module itself has a say in. */
  readonly instantiateMs: number;
  /** For one evaluation, the first of a fresh instance included. */
  readonly evaluationMs: number;
  /** Of CPU time, which a busy machine does not lengthen: for the largest facts that run without a time limit, once warm. */
  readonly largestMs: number;
  readonly warmUps: number;
  readonly warmUpMs: number;
};

/** What a policy gets to show what it can. */
export const TRIAL_LIMITS: TrialLimits = {
  instantiateMs: 5000,
  evaluationMs: 1000,
  largestMs: 250,
  warmUps: 500,
  warmUpMs: 250,
};

/** Refuses a policy that decides without input, or otherwise than its bundle says. Throws `PolicyLoadError`. */
export function tryDecisions(
  evaluator: Evaluator,
  metadata: BundleMetadata | null,
  reads: ReadonlyMap<Phase, PhaseReads>,
  limits: TrialLimits,
): void {
  for (const phase of reads.keys()) {
    if (
      isDecision(
        attempt(`decides in the phase ${phase}`, () => evaluator.probe(phase, null, limits.evaluationMs)),
      )
    )
      throw new PolicyLoadError(`it decides without input in the phase ${phase}`);
  }
  for (const canary of metadata?.canaries ?? []) {
    const facts = { ...toSampleFacts(canary.facts.phase), ...canary.facts };
    const decision = attempt(`decides the canary "${canary.name}"`, () => evaluator.evaluate(facts));
    for (const [name, expected] of Object.entries(canary.decision)) {
      const given: unknown = Reflect.get(decision, name) ?? [];
      if (toSorted(given) !== toSorted(expected))
        throw new PolicyLoadError(
          `it decides the canary "${canary.name}" otherwise than its bundle says (${name})`,
        );
    }
  }
}

/** Refuses a policy that throws or takes too long, and makes the engine compile it to fast code. Throws `PolicyLoadError`. */
export function tryLoad(
  evaluator: Evaluator,
  reads: ReadonlyMap<Phase, PhaseReads>,
  limits: TrialLimits,
): void {
  for (const [phase, read] of reads) {
    const largest = JSON.stringify(toLargestFacts(phase, read));
    const evaluate = () => evaluator.probe(phase, largest, limits.evaluationMs);
    if (!fits(() => attempt(`judges the largest facts of the phase ${phase}`, evaluate))) continue;
    let best = Infinity;
    for (let round = 0; round < 3 && best > limits.largestMs; round += 1) {
      const began = process.threadCpuUsage();
      attempt(`judges the largest facts of the phase ${phase}`, evaluate);
      const { user, system } = process.threadCpuUsage(began);
      best = Math.min(best, (user + system) / 1000);
    }
    if (best > limits.largestMs)
      throw new PolicyLoadError(
        `it takes ${Math.round(best)} ms for the largest facts of the phase ${phase}`,
      );
  }
  const deadline = performance.now() + limits.warmUpMs;
  const phases = [...reads]
    .filter(([, read]) => !read.body && !read.texts)
    .map(([phase]) => toSampleFacts(phase));
  for (let round = 0; round < limits.warmUps && performance.now() < deadline; round += 1)
    for (const facts of phases)
      attempt(`decides in the phase ${facts.phase}`, () => evaluator.evaluate(facts));
}

function attempt<T>(what: string, task: () => T): T {
  try {
    return task();
  } catch (cause) {
    throw new PolicyLoadError(`it fails where it ${what}: ${toReason(cause)}`, { cause });
  }
}

function isDecision(results: unknown): boolean {
  return Array.isArray(results) && results.length > 0;
}

/** Facts over the limit of bytes are refused without asking. */
function fits(task: () => unknown): boolean {
  try {
    task();
    return true;
  } catch (error) {
    if (!(error instanceof PolicyLoadError)) throw error;
    const { cause } = error;
    if (cause instanceof GatewayError && cause.code === "policy_input_too_large") return false;
    throw error;
  }
}

/** Gives a text that is equal for equal sets of effects, whatever their order and that of their fields. */
function toSorted(effects: unknown): string {
  if (!Array.isArray(effects)) return "";
  return effects
    .map((effect: Readonly<Record<string, unknown>>) =>
      JSON.stringify(
        Object.keys(effect)
          .toSorted()
          .map((key) => [key, effect[key]]),
      ),
    )
    .toSorted()
    .join();
}
