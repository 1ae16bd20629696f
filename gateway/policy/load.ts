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
  readonly bundlePath: string;
  readonly operatorPath: string | null;
  /** Who must have signed both; null or absent: nobody. */
  readonly trust?: TrustSource | null;
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
  /** Takes note of a policy before it decides; one that cannot be noted does not come into force. */
  readonly beforeInForce?: (snapshot: PolicySnapshot, bundle: LoadedBundle) => Promise<void>;
};

/** A bundle that was read, as it came. */
export type LoadedBundle = {
  readonly revision: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly digest: string;
  readonly bytes: Buffer;
};

export type PolicyStatus = {
  readonly version: PolicyVersion;
  readonly loadedAt: number;
  /** Why the files as they are now are not in use. */
  readonly problem: { readonly at: number; readonly message: string } | null;
  /** Instances of the engine that were dropped because an evaluation failed. */
  readonly dropped: number;
};

export type Policy = {
  /** Gives the policy in force. */
  current(): PolicySnapshot;
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
  async function load(known: string | null): Promise<Loaded | null> {
    const packed = await readOrExplain(deps.bundlePath, "the bundle");
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
      const { revision, metadata } = bundle.manifest;
      warnOfMissingRules(metadata?.tollgate ?? null, log);
      return {
        digest,
        snapshot,
        bundle: { revision, digest: bundle.digest, bytes: packed },
        loadedAt: Date.now(),
      };
    } catch (cause) {
      throw new PolicyLoadError(`The policy ${deps.bundlePath} is refused: ${toReason(cause)}`, { cause });
    }
  }

  const first = await load(null);
  if (first === null) throw new PolicyLoadError("there is no policy");
  await deps.beforeInForce?.(first.snapshot, first.bundle);
  let loaded = first;
  log.info({ ...loaded.snapshot.version }, "The policy is in force.");

  const watches = new Set<NodeJS.Timeout>();
  let queue: Promise<unknown> = Promise.resolve();
  function reload(): Promise<void> {
    const next = queue.then(async () => {
      try {
        const fresh = await load(loaded.digest);
        if (fresh !== null) {
          await deps.beforeInForce?.(fresh.snapshot, fresh.bundle);
          loaded = fresh;
          log.info({ ...fresh.snapshot.version }, "The policy was replaced.");
        }
        problem = null;
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : "unknown";
        problem = { at: Date.now(), message };
        log.error({ reason: message }, "The policy was not replaced; the last good one stays in force.");
        // Nothing is wrong with the files, so that no change of them will bring another attempt.
        if (!(cause instanceof PolicyLoadError)) seen = null;
        throw cause;
      }
    });
    queue = next.catch(() => {});
    return next;
  }

  const paths = [deps.bundlePath, deps.operatorPath, signaturePath, ...(deps.trust?.files ?? [])].filter(
    (path) => path !== null,
  );
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
    status: () => ({ version: loaded.snapshot.version, loadedAt: loaded.loadedAt, problem, dropped }),
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
