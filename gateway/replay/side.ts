// Opens a bundle to judge recorded facts by. The engine is that of a gateway, without its guards: who started the process watches it.
import type { Facts, JsonObject, Phase, PolicyVersion } from "../exchange.ts";
import { readBundle } from "../policy/bundle.ts";
import { EVALUATOR_LIMITS } from "../policy/load.ts";
import { createPolicySet } from "../policy/policy-set.ts";
import type { Slot } from "../policy/policy-set.ts";
import { preparePolicy } from "../policy/prepare.ts";
import type { PolicySnapshot } from "../policy/snapshot.ts";
import { createRunLimited } from "../policy/time-limit.ts";
import { TRIAL_LIMITS } from "../policy/trial.ts";
import { NO_WATCHDOG } from "../policy/watchdog.ts";
import { toFailedOutcome, toOutcome } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

type SideBundle = Slot & { readonly bytes: Buffer };

/** The bundles that decide, and the operator's file over the first of them. */
export type SideSource = {
  readonly bundles: readonly [SideBundle, ...SideBundle[]];
  /** The operator's data, YAML or JSON; null: none. */
  readonly operator: string | null;
  /** What the operator's file may name besides the bundle's own. */
  readonly connectionLabels: readonly string[];
  readonly recognised: readonly string[];
};

/** A policy that judges recorded facts. */
export type Side = {
  readonly version: PolicyVersion;
  /** The titles of its rules, by their codes. */
  readonly titles: ReadonlyMap<string, string>;
  /** Where its rules stand, by their codes: `data.gateway.rules.access.model`. */
  readonly packages: ReadonlyMap<string, string>;
  /** What lies over its data; null: nothing. */
  readonly operator: JsonObject | null;
  speaksIn(phase: Phase): boolean;
  /** What its rules read of the facts, as pointers; null: anything. */
  paths(phase: Phase): readonly string[] | null;
  /** Whether its rules read the body or the texts, which are not recorded. */
  readsContent(phase: Phase): boolean;
  /** Whether its rules read any of these facts; the empty pointer is any fact. */
  readsAny(phase: Phase, pointers: readonly string[]): boolean;
  judge(facts: Facts): Outcome;
};

const UNGUARDED = { ...EVALUATOR_LIMITS, unguardedChars: EVALUATOR_LIMITS.inputBytes };

/** Nobody waits for an answer: an evaluation may take long on a busy machine, and ends at last. */
const GUARDED = { ...EVALUATOR_LIMITS, unguardedChars: 0, evaluationMs: 20_000 };

async function openPolicy(source: SideSource, isGuarded: boolean): Promise<PolicySnapshot> {
  const set = createPolicySet(source.bundles);
  for (const [index, { name, bytes }] of source.bundles.entries()) {
    // What is tried is signed once it is released; it decides nothing here.
    const bundle = await readBundle(bytes, { trust: null });
    const snapshot = await preparePolicy(bundle, index === 0 ? source.operator : null, {
      // What is recorded was found already; patterns are not searched again.
      checkPatterns: () => undefined,
      connectionLabels: () => source.connectionLabels,
      recognised: source.recognised,
      allowRegoPatterns: true,
      limits: isGuarded ? GUARDED : UNGUARDED,
      // How long it takes is the parent's to bound; what it costs of the processor counts as in a gateway.
      trial: { ...TRIAL_LIMITS, evaluationMs: 60_000, warmUps: 0 },
      runLimited: createRunLimited(),
      watch: NO_WATCHDOG.watch(""),
      onDropped: () => undefined,
    });
    set.join(name, () => snapshot);
  }
  return set.current();
}

/**
 * Opens one. Rejects with a `PolicyLoadError` that says what is wrong with it. `isGuarded` has each evaluation end when its
 * time is over, where no other process watches.
 */
export async function openSide(source: SideSource, isGuarded = false): Promise<Side> {
  const policy = await openPolicy(source, isGuarded);
  const rules = [...policy.rules.values()];
  const readsIn = (phase: Phase) => policy.readsIn.get(phase)?.paths ?? null;
  return {
    version: policy.version,
    titles: new Map(rules.map(({ code, title }) => [code, title])),
    packages: new Map(rules.map(({ code, package: name }) => [code, name])),
    operator: policy.operator?.data ?? null,
    speaksIn: (phase) => policy.phases.has(phase),
    paths: readsIn,
    readsContent(phase) {
      const reads = policy.readsIn.get(phase);
      return reads !== undefined && (reads.body || reads.texts);
    },
    readsAny(phase, pointers) {
      if (pointers.length === 0) return false;
      const paths = readsIn(phase);
      if (paths === null) return true;
      return paths.some((path) =>
        pointers.some((pointer) => isWithin(path, pointer) || isWithin(pointer, path)),
      );
    },
    judge(facts) {
      try {
        return toOutcome(policy.evaluate(facts), facts.phase === "request");
      } catch (error) {
        return toFailedOutcome(error);
      }
    },
  };
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}
