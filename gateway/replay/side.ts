// Opens a bundle to judge recorded facts by. The engine is that of a gateway, without its guards: who started the process watches it.
import type { Facts, Phase, PolicyVersion } from "../exchange.ts";
import { readBundle } from "../policy/bundle.ts";
import { EVALUATOR_LIMITS } from "../policy/load.ts";
import { preparePolicy } from "../policy/prepare.ts";
import { createRunLimited } from "../policy/time-limit.ts";
import { TRIAL_LIMITS } from "../policy/trial.ts";
import { NO_WATCHDOG } from "../policy/watchdog.ts";
import { toFailedOutcome, toOutcome } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

/** A bundle and the operator's file over it. */
export type SideSource = {
  readonly bundle: Buffer;
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
  speaksIn(phase: Phase): boolean;
  /** Whether its rules read the body or the texts, which are not recorded. */
  readsContent(phase: Phase): boolean;
  /** Whether its rules read any of these facts; the empty pointer is any fact. */
  readsAny(phase: Phase, pointers: readonly string[]): boolean;
  judge(facts: Facts): Outcome;
};

/** Over days the same programs ask alike; so many decisions take some 20 MiB at most. */
const REMEMBERED_REQUESTS = 16_384;

/** Opens one. Rejects with a `PolicyLoadError` that says what is wrong with it. */
export async function openSide(source: SideSource): Promise<Side> {
  // What is tried is signed once it is released; it decides nothing here.
  const bundle = await readBundle(source.bundle, { trust: null });
  const rules = bundle.manifest.metadata?.tollgate?.rules ?? [];
  const policy = await preparePolicy(bundle, source.operator, {
    // What is recorded was found already; patterns are not searched again.
    checkPatterns: () => undefined,
    connectionLabels: () => source.connectionLabels,
    recognised: source.recognised,
    allowRegoPatterns: true,
    limits: {
      ...EVALUATOR_LIMITS,
      unguardedChars: EVALUATOR_LIMITS.inputBytes,
      rememberedRequests: REMEMBERED_REQUESTS,
    },
    trial: { ...TRIAL_LIMITS, warmUps: 0 },
    runLimited: createRunLimited(),
    watch: NO_WATCHDOG.watch(""),
    onDropped: () => undefined,
  });
  return {
    version: policy.version,
    titles: new Map(rules.map(({ code, title }) => [code, title])),
    speaksIn: (phase) => policy.phases.has(phase),
    readsContent(phase) {
      const reads = policy.readsIn.get(phase);
      return reads !== undefined && (reads.body || reads.texts);
    },
    readsAny(phase, pointers) {
      if (pointers.length === 0) return false;
      const paths = policy.readsIn.get(phase)?.paths;
      if (paths === undefined || paths === null) return true;
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
