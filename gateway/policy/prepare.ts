// Makes a bundle and an operator's file into a policy that can be asked, or says why not.

import { createHash } from "node:crypto";
import type { JsonObject, Phase } from "../exchange.ts";
import type { Bundle } from "./bundle.ts";
import { checkData } from "./bundle-params.ts";
import {
  createEvaluator,
  type Evaluator,
  type EvaluatorDeps,
  type EvaluatorLimits,
  type PhaseReads,
} from "./evaluator.ts";
import { toKnownClasses } from "./known-classes.ts";
import { PolicyLoadError, toReason } from "./load-error.ts";
import { createLogPolicy } from "./log-policy.ts";
import { LOG_ROOT, PHASES } from "./manifest.ts";
import type { BundleMetadata } from "./manifest.ts";
import { NO_OPERATOR_DATA, readOperatorData, type OperatorData } from "./operator.ts";
import type { PolicySnapshot } from "./snapshot.ts";
import type { RunLimited } from "./time-limit.ts";
import { tryDecisions, tryLoad, type TrialLimits } from "./trial.ts";
import type { Watch } from "./watchdog.ts";
import { compilePolicy, type CompiledPolicy } from "./wasm.ts";

export type PrepareDeps = {
  /** Compiles the patterns to see whether they can be; throws an Error that names the one that cannot. */
  readonly checkPatterns: (patterns: JsonObject) => void;
  /** Gives the labels of all connections. */
  readonly connectionLabels: () => readonly string[];
  readonly recognised: readonly string[];
  /** Whether rules may use OPA's own regular expressions and globs, at most 50. */
  readonly allowRegoPatterns: boolean;
  readonly limits: EvaluatorLimits;
  readonly trial: TrialLimits;
  readonly runLimited: RunLimited;
  readonly watch: Watch;
  readonly onDropped: EvaluatorDeps["onDropped"];
};

/** More than about 100 patterns in one evaluation corrupt the engine's heap; half of that is what a bundle may have. */
const MAX_REGO_PATTERNS = 50;

/** Prepares a policy. Throws `PolicyLoadError`, or whatever `checkPatterns` throws. */
export async function preparePolicy(
  bundle: Bundle,
  operatorText: string | null,
  deps: PrepareDeps,
): Promise<PolicySnapshot> {
  const metadata = bundle.manifest.metadata?.tollgate ?? null;
  const compiled = await compile(bundle.wasm);
  refuseRegoPatterns(compiled, metadata, deps.allowRegoPatterns);
  const { patterns: _, ...data } = bundle.data;
  const { params, patterns, tokenLives } = checkData(bundle);
  deps.checkPatterns(patterns);
  const operator =
    operatorText === null
      ? NO_OPERATOR_DATA
      : readOperatorData(operatorText, {
          metadata,
          params,
          patterns,
          connectionLabels: deps.connectionLabels(),
          recognised: deps.recognised,
        });

  const classes = toKnownClasses(patterns, deps.recognised);
  const reads = new Map(PHASES.map((phase) => [phase, toReads(metadata?.reads[phase])]));
  const create = (laidOver: OperatorData) => {
    const dataRevision = toDataRevision(bundle.data, laidOver);
    const text = JSON.stringify({ gateway: { ...data, rev: dataRevision, operator: laidOver.data } });
    const bytes = new TextEncoder().encode(text);
    const evaluator = instantiate(compiled, bytes, dataRevision, reads, classes, deps);
    return { evaluator, dataRevision, bytes };
  };
  // The bundle's own decisions are known without the operator's data only.
  const plain = create(NO_OPERATOR_DATA);
  tryDecisions(plain.evaluator, metadata, reads, deps.trial);
  const { evaluator, dataRevision, bytes } = operator === NO_OPERATOR_DATA ? plain : create(operator);
  tryLoad(evaluator, reads, deps.trial);
  return {
    version: { revision: bundle.manifest.revision, dataRevision },
    bundles: [{ manifest: bundle.manifest, digest: bundle.digest }],
    operator: operator === NO_OPERATOR_DATA ? null : operator,
    reads: {
      body: [...reads.values()].some(({ body }) => body),
      texts: [...reads.values()].some(({ texts }) => texts),
    },
    readsIn: reads,
    patterns,
    tokenLives: operator.tokenLives ?? tokenLives,
    phases: new Set(metadata?.phases ?? PHASES),
    rules: new Map(
      metadata?.rules.map(({ code, title, remedy, refusal = null, package: name }) => [
        code,
        { code, title, remedy, refusal, package: name },
      ]),
    ),
    log: bundle.manifest.roots.includes(LOG_ROOT)
      ? deps.runLimited(deps.trial.instantiateMs, () =>
          createLogPolicy({ compiled, data: bytes, runLimited: deps.runLimited }),
        )
      : null,
    evaluate: (facts) => evaluator.evaluate(facts),
  };
}

async function compile(bytes: Buffer): Promise<CompiledPolicy> {
  try {
    return await compilePolicy(bytes);
  } catch (cause) {
    throw new PolicyLoadError(`its WebAssembly is no policy of OPA: ${toReason(cause)}`, { cause });
  }
}

function refuseRegoPatterns(
  compiled: CompiledPolicy,
  metadata: BundleMetadata | null,
  isAllowed: boolean,
): void {
  if (!compiled.hasPatterns) return;
  if (!isAllowed)
    throw new PolicyLoadError(
      "its rules use regex or glob functions: write patterns as data (data.gateway.patterns)",
    );
  if (metadata === null || metadata.rego_patterns > MAX_REGO_PATTERNS)
    throw new PolicyLoadError(
      `its rules hold more than ${MAX_REGO_PATTERNS} regular expressions and globs, or do not say how many`,
    );
}

function instantiate(
  compiled: CompiledPolicy,
  data: Uint8Array<ArrayBuffer>,
  dataRevision: string,
  reads: ReadonlyMap<Phase, PhaseReads>,
  classes: ReadonlySet<string>,
  deps: PrepareDeps,
): Evaluator {
  const { runLimited, watch, limits, trial, onDropped } = deps;
  try {
    const own = { compiled, data, dataRevision, reads, classes };
    return runLimited(trial.instantiateMs, () =>
      createEvaluator({ ...own, runLimited, watch, limits, onDropped }),
    );
  } catch (cause) {
    throw new PolicyLoadError(`it cannot be instantiated: ${toReason(cause)}`, { cause });
  }
}

/** A bundle that does not say what it reads reads everything. */
function toReads(paths: readonly string[] | undefined): PhaseReads {
  if (paths === undefined || paths.includes("")) return { paths: null, body: true, texts: true };
  const isRead = (name: string) => paths.some((path) => path === `/${name}` || path.startsWith(`/${name}/`));
  return { paths, body: isRead("body"), texts: isRead("texts") };
}

function toDataRevision(data: JsonObject, operator: OperatorData): string {
  return createHash("sha256").update(JSON.stringify(data)).update(operator.digest).digest("hex").slice(0, 32);
}
