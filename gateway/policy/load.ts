// The door of the policy stage: loads a bundle and the operator's file, keeps the last good policy, reloads on change.

import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { JsonObject, Phase, PolicyVersion } from "../exchange.ts";
import type { Log } from "../log.ts";
import { toSignaturePath, verifyOperatorFile } from "../bundle-signature/operator-signature.ts";
import type { TrustSource } from "../config/signing.ts";
import { readBundle } from "./bundle.ts";
import type { EvaluatorLimits } from "./evaluator.ts";
import { PolicyLoadError, toReason } from "./load-error.ts";
import { preparePolicy } from "./prepare.ts";
import { warnOfMissingRules } from "./relied-on.ts";
import type { PolicySnapshot } from "./snapshot.ts";
import { createRunLimited } from "./time-limit.ts";
import { TRIAL_LIMITS, type TrialLimits } from "./trial.ts";
import { createWatchdog, NO_WATCHDOG, readSuspension, type WatchdogOptions } from "./watchdog.ts";

export type { PolicySnapshot } from "./snapshot.ts";

export type PolicyDeps = {
  /** The bundle's file, or what its source is called. */
  readonly bundlePath: string;
  /** The bundle to begin with, where it comes from no file; others come by `prepare`. */
  readonly bundle?: Buffer;
  readonly operatorPath: string | null;
  /** Who must have signed both; null: nobody. */
  readonly trust: TrustSource | null;
  /** Compiles a bundle's patterns to see whether they can be; throws an Error that names the one that cannot. */
  readonly checkPatterns: (patterns: JsonObject) => void;
  readonly log: Log;
  /** Labels of the configured connections, which the operator's file may name besides the bundle's. */
  readonly connectionLabels?: () => readonly string[];
  /** Classes of what the configured recogniser finds, which the operator's file may name too. */
  readonly recognised?: readonly string[];
  readonly allowRegoPatterns?: boolean;
  readonly limits?: Partial<EvaluatorLimits>;
  readonly trial?: Partial<TrialLimits>;
  /** Ends the process when an evaluation is stuck; absent: nothing watches. */
  readonly watchdog?: WatchdogOptions;
  /** How often the files are looked at. */
  readonly pollMs?: number;
  /** Looks at a policy that could be taken into use. Throws a `PolicyLoadError` that says why it may not. */
  readonly admit?: (snapshot: PolicySnapshot) => void;
  /** Whether it decides beside a first bundle, which holds what the gateway relies on. */
  readonly isBeside?: boolean;
  /** Takes note of a policy before it decides; one that cannot be noted does not come into force. */
  readonly beforeInForce?: (snapshot: PolicySnapshot, bundle: LoadedBundle) => Promise<void>;
};

/** A bundle that was read, as it came. */
export type LoadedBundle = {
  readonly revision: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly digest: string;
  /** Orders the revisions of a bundle; null: it has none. */
  readonly serial: number | null;
  readonly bytes: Buffer;
};

export type PolicyStatus = {
  readonly version: PolicyVersion;
  readonly loadedAt: number;
  readonly bundle: LoadedBundle;
  /** Why the files, or the bundle that came last, are not in use. */
  readonly problem: { readonly at: number; readonly message: string } | null;
  /** Instances of the engine that were dropped because an evaluation failed. */
  readonly dropped: number;
};

/** A bundle that could be taken into use. */
export type PreparedBundle = {
  readonly bundle: Omit<LoadedBundle, "bytes">;
  /** Takes it into use, in one swap. */
  commit(): Promise<void>;
};

export type Policy = {
  /** Gives the policy in force. */
  current(): PolicySnapshot;
  /** Tries a bundle, which decides from its `commit` on. Rejects with what is wrong with it; nothing has changed then. */
  prepare(packed: Buffer): Promise<PreparedBundle>;
  /** Reads the files again. Rejects with what is wrong with them; the last good policy stays in force then. */
  reload(): Promise<void>;
  /** Reloads when a file changes, until disposed. */
  watch(): Disposable;
  status(): PolicyStatus;
  close(): void;
};

type Loaded = {
  /** Of the bundle and the operator's file together. */
  readonly digest: string;
  readonly snapshot: PolicySnapshot;
  readonly bundle: LoadedBundle;
  readonly loadedAt: number;
};

/** Bytes of input, characters from which on there is a time limit, and the limit. */
export const EVALUATOR_LIMITS: EvaluatorLimits = {
  inputBytes: 2 << 20,
  unguardedChars: 32 << 10,
  evaluationMs: 100,
};

const POLL_MS = 1000;

/** Loads the policy. Rejects with a `PolicyLoadError` where there is none that can be used: nothing runs without one. */
export async function createPolicy(deps: PolicyDeps): Promise<Policy> {
  const { log } = deps;
  const runLimited = createRunLimited();
  const watchdog = deps.watchdog === undefined ? NO_WATCHDOG : createWatchdog(deps.watchdog);
  let dropped = 0;
  let saidAt = -Infinity;
  let problem: PolicyStatus["problem"] = null;
  let bundleProblem: PolicyStatus["problem"] = null;

  function onDropped(phase: Phase, cause: unknown): void {
    dropped += 1;
    const now = performance.now();
    if (now - saidAt < 1000) return;
    saidAt = now;
    log.warn(
      { phase, dropped, cause: toReason(cause) },
      "The policy failed to decide; its instance was replaced.",
    );
  }

  const signaturePath = deps.operatorPath === null ? null : toSignaturePath(deps.operatorPath);
  async function load(known: string | null, given: Buffer | null): Promise<Loaded | null> {
    const packed = given ?? (await readOrExplain(deps.bundlePath, "the bundle"));
    const operatorFile =
      deps.operatorPath === null ? null : await readOrExplain(deps.operatorPath, "the operator's file");
    const operatorText = operatorFile?.toString("utf8") ?? null;
    try {
      const trust = deps.trust?.read() ?? null;
      const signature = trust === null ? null : await readIfThere(signaturePath);
      const digest = createHash("sha256")
        .update(packed)
        .update(`\0${operatorText ?? ""}\0${signature ?? ""}\0${trust?.fingerprint ?? ""}`)
        .digest("hex");
      if (digest === known) return null;
      const bundle = await readBundle(packed, { trust });
      if (trust !== null && operatorFile !== null) await verifyOperatorFile(operatorFile, signature, trust);
      const suspended = readSuspension(deps.watchdog?.suspendedPath ?? null);
      if (suspended?.revision === bundle.manifest.revision)
        throw new PolicyLoadError(
          `revision ${suspended.revision} was suspended at ${suspended.at}, because an evaluation of it did not end; ` +
            `use another one, or delete ${deps.watchdog?.suspendedPath ?? ""}`,
        );
      const snapshot = await preparePolicy(bundle, operatorText, {
        checkPatterns: deps.checkPatterns,
        connectionLabels: deps.connectionLabels ?? (() => []),
        recognised: deps.recognised ?? [],
        allowRegoPatterns: deps.allowRegoPatterns ?? false,
        limits: { ...EVALUATOR_LIMITS, ...deps.limits },
        trial: { ...TRIAL_LIMITS, ...deps.trial },
        runLimited,
        watch: watchdog.watch(bundle.manifest.revision),
        onDropped,
      });
      deps.admit?.(snapshot);
      const { revision, metadata } = bundle.manifest;
      if (deps.isBeside !== true) warnOfMissingRules(metadata?.tollgate ?? null, log);
      return {
        digest,
        snapshot,
        bundle: {
          revision,
          digest: bundle.digest,
          serial: bundle.manifest.metadata?.tollgate?.serial ?? null,
          bytes: packed,
        },
        loadedAt: Date.now(),
      };
    } catch (cause) {
      throw new PolicyLoadError(`The policy ${deps.bundlePath} is refused: ${toReason(cause)}`, { cause });
    }
  }

  async function begin(): Promise<Loaded> {
    try {
      const first = await load(null, deps.bundle ?? null);
      if (first === null) throw new PolicyLoadError("there is no policy");
      await deps.beforeInForce?.(first.snapshot, first.bundle);
      return first;
    } catch (cause) {
      watchdog.close();
      throw cause;
    }
  }
  let loaded = await begin();
  log.info({ ...loaded.snapshot.version }, "The policy is in force.");

  /** What was given, not read from a file, is what the operator's file is laid over when that changes. */
  const given = (): Buffer | null => (deps.bundle === undefined ? null : loaded.bundle.bytes);
  async function swap(fresh: Loaded): Promise<void> {
    await deps.beforeInForce?.(fresh.snapshot, fresh.bundle);
    loaded = fresh;
    log.info({ ...fresh.snapshot.version }, "The policy was replaced.");
  }

  const watches = new Set<NodeJS.Timeout>();
  let queue: Promise<unknown> = Promise.resolve();
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const next = queue.then(task);
    queue = next.catch(() => {});
    return next;
  }
  function toProblem(cause: unknown): NonNullable<PolicyStatus["problem"]> {
    const message = cause instanceof Error ? cause.message : "unknown";
    log.error({ reason: message }, "The policy was not replaced; the last good one stays in force.");
    return { at: Date.now(), message };
  }
  function reload(): Promise<void> {
    return inTurn(async () => {
      try {
        const fresh = await load(loaded.digest, given());
        if (fresh !== null) await swap(fresh);
        problem = null;
      } catch (cause) {
        problem = toProblem(cause);
        // Nothing is wrong with the files, so that no change of them will bring another attempt.
        if (!(cause instanceof PolicyLoadError)) seen = null;
        throw cause;
      }
    });
  }

  function prepare(packed: Buffer): Promise<PreparedBundle> {
    return inTurn(async () => {
      try {
        const fresh = (await load(loaded.digest, packed)) ?? loaded;
        const { bytes: _, ...bundle } = fresh.bundle;
        return { bundle, commit: () => commit(fresh) };
      } catch (cause) {
        bundleProblem = toProblem(cause);
        throw cause;
      }
    });
  }
  async function commit(fresh: Loaded): Promise<void> {
    await inTurn(async () => {
      if (fresh !== loaded) await swap(fresh);
      bundleProblem = null;
    });
    // The operator's file may have changed since the bundle was tried with it.
    if (deps.operatorPath !== null) await reload().catch(() => {});
  }

  const paths = [
    deps.bundle === undefined ? deps.bundlePath : null,
    deps.operatorPath,
    signaturePath,
    ...(deps.trust?.files ?? []),
  ].filter((path) => path !== null);
  let seen: string | null = null;
  /** Loads the files when they are others than those seen last: what changed before the watch began counts too. */
  async function reloadIfChanged(): Promise<void> {
    const now = (await Promise.all(paths.map(toStamp))).join();
    if (now === seen) return;
    seen = now;
    await reload();
  }

  return {
    current: () => loaded.snapshot,
    prepare,
    reload,
    watch() {
      let isLooking = false;
      const timer = setInterval(() => {
        if (isLooking) return;
        isLooking = true;
        // `reload` has logged and kept the reason.
        void reloadIfChanged()
          .catch(() => {})
          .finally(() => (isLooking = false));
      }, deps.pollMs ?? POLL_MS);
      timer.unref();
      watches.add(timer);
      return {
        [Symbol.dispose]() {
          clearInterval(timer);
          watches.delete(timer);
        },
      };
    },
    status: () => ({
      version: loaded.snapshot.version,
      loadedAt: loaded.loadedAt,
      bundle: loaded.bundle,
      problem: bundleProblem ?? problem,
      dropped,
    }),
    close() {
      for (const timer of watches) clearInterval(timer);
      watchdog.close();
    },
  };
}

async function readOrExplain(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new PolicyLoadError(
      `The policy cannot be loaded: ${what} ${path} cannot be read (${toReason(cause)}).`,
      { cause },
    );
  }
}

async function readIfThere(path: string | null): Promise<string | null> {
  return path === null ? null : readFile(path, "utf8").catch(() => null);
}

/** Gives what differs once a file was written or replaced; of a file that is not there, a text of its own. */
async function toStamp(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch (error) {
    return toReason(error);
  }
}
