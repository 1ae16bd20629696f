// One policy in force, as the other stages see it.

import type { Decision, Facts, JsonObject, Phase, PolicyVersion, RuleText } from "../exchange.ts";
import type { PhaseReads } from "./evaluator.ts";
import type { LogPolicy } from "./log-policy.ts";
import type { BundleManifest } from "./manifest.ts";
import type { OperatorData } from "./operator.ts";
import type { TokenLives } from "./token-lives.ts";

/** A bundle, as it came. */
export type BundleIdentity = {
  readonly manifest: BundleManifest;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly digest: string;
};

/** One policy, which an exchange keeps from its beginning to its end. */
export type PolicySnapshot = {
  readonly version: PolicyVersion;
  /** The bundles that it is made of, the first of them first. */
  readonly bundles: readonly BundleIdentity[];
  /** The operator's data that lies over the bundle's own, null where there is no file. */
  readonly operator: OperatorData | null;
  /** Whether any phase's rules read the body or the texts. */
  readonly reads: { readonly body: boolean; readonly texts: boolean };
  /** What the rules of each phase read; a phase that reads the body or the texts refuses facts without them. */
  readonly readsIn: ReadonlyMap<Phase, PhaseReads>;
  /** The pattern table, `data.gateway.patterns`. */
  readonly patterns: JsonObject;
  readonly tokenLives: TokenLives;
  /** The phases for which there are rules. */
  readonly phases: ReadonlySet<Phase>;
  /** Title and remedy by code. */
  readonly rules: ReadonlyMap<string, RuleText>;
  /** What the bundle says of its own decision log, null where it says nothing. */
  readonly log: LogPolicy | null;
  /** Decides. Throws `policy_unavailable`, `policy_effect_unsupported` or `policy_input_too_large`. */
  evaluate(facts: Facts): Decision;
};
