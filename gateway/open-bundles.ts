// Opens the bundles that decide together, sees that they fit, and keeps what comes into force of them.
import { join } from "node:path";
import type { BundleConfig } from "./config/bundles.ts";
import type { Config } from "./config/config.ts";
import type { Environment } from "./config/secrets.ts";
import { createTrustSource } from "./config/signing.ts";
import type { ChoosingDeps } from "./distribution/choose-first.ts";
import { checkOrder, keepInOrder, keepVersion } from "./distribution/keep-policy.ts";
import type { JsonObject } from "./exchange.ts";
import { createSilentLog } from "./log.ts";
import type { Log } from "./log.ts";
import { createPolicy } from "./policy/load.ts";
import type { LoadedBundle, Policy, PolicyDeps, PolicySnapshot, PreparedBundle } from "./policy/load.ts";
import { createPolicySet } from "./policy/policy-set.ts";

/** The policy of a gateway, made of one bundle or of several. */
export type Policies = {
  /** Gives the policy in force: the same one as long as nothing has changed. */
  current(): PolicySnapshot;
  /** Tries another revision of one bundle beside the others, which decides from its `commit` on. */
  prepare(name: string, bytes: Buffer): Promise<PreparedBundle>;
  /** Whether the operator's file, or a bundle that came last, can't be used. */
  hasProblem(): boolean;
  /** Looks at the operator's file until disposed. */
  watch(): Disposable;
};

/** Opens a gateway's bundles one after the other, in their order. */
export type BundleOpener = {
  /** Rejects with a `PolicyLoadError` where it can't be used, does not fit to those before it, or has too low a serial. */
  open(bundle: BundleConfig, bytes: Buffer, mayFall: boolean): Promise<Pick<Policy, "status">>;
  /** Brings them into force, once all are open. */
  finish(): Promise<Policies>;
  close(): void;
};

export type OpenerParts = {
  readonly db: ChoosingDeps["db"];
  readonly config: Config;
  readonly env: Environment;
  readonly log: Log;
  readonly checkPatterns: (patterns: JsonObject) => void;
  /** Null: bundles are tried for workers that are not there yet. The operator's file is theirs: it names what they know. */
  readonly connectionLabels: (() => readonly string[]) | null;
};

/** Makes the opener. */
export function createBundleOpener(parts: OpenerParts): BundleOpener {
  const { db, config, connectionLabels } = parts;
  const { bundles } = config.policy;
  const isTrial = connectionLabels === null;
  const set = createPolicySet(bundles);
  const opened = new Map<string, { readonly policy: Policy; readonly mayFall: boolean }>();
  let isInForce = false;

  async function beforeInForce(
    name: string,
    snapshot: PolicySnapshot,
    loaded: LoadedBundle,
    mayFall: boolean,
  ): Promise<void> {
    if (!isInForce) return checkOrder(db, { name, ...loaded }, mayFall);
    // Whoever hands over a later one has looked at its serial.
    await keepInOrder(db, { name, ...loaded }, true);
    const whole = set.preview(name, snapshot);
    if (whole !== null) await keepVersion(db, whole);
  }
  return {
    async open(bundle, bytes, mayFall) {
      const { name } = bundle;
      const policy = await createPolicy({
        ...toPolicyDeps(bundle, parts),
        bundle: bytes,
        connectionLabels: connectionLabels ?? (() => []),
        admit: (snapshot) => void set.preview(name, snapshot),
        beforeInForce: (snapshot, loaded) => beforeInForce(name, snapshot, loaded, mayFall),
        ...(!isTrial && { watchdog: { suspendedPath: toSuspendedPath(config, name), stuckMs: 1000 } }),
        log: isTrial ? createSilentLog() : parts.log,
      });
      opened.set(name, { policy, mayFall });
      set.join(name, () => policy.current());
      return policy;
    },
    async finish() {
      for (const [name, { policy, mayFall }] of opened)
        await keepInOrder(db, { name, ...policy.status().bundle }, mayFall);
      if (!isTrial) await keepVersion(db, set.current());
      isInForce = true;
      return toPolicies(new Map([...opened].map(([name, { policy }]) => [name, policy])), () =>
        set.current(),
      );
    },
    close() {
      for (const { policy } of opened.values()) policy.close();
    },
  };
}

/** Gives what it takes to open one bundle wherever it is opened; the operator's file lies over the first. */
export function toPolicyDeps(
  bundle: BundleConfig,
  {
    config,
    env,
    checkPatterns,
    connectionLabels,
  }: Pick<OpenerParts, "config" | "env" | "checkPatterns" | "connectionLabels">,
): Pick<PolicyDeps, "bundlePath" | "operatorPath" | "trust" | "checkPatterns" | "recognised" | "isBeside"> {
  const isFirst = bundle.name === config.policy.bundles[0].name;
  return {
    bundlePath: bundle.bundle,
    operatorPath: isFirst && connectionLabels !== null ? config.policy.operator : null,
    trust: createTrustSource(bundle.signing, env),
    checkPatterns,
    recognised: Object.values(config.detect.recogniser?.classes ?? {}),
    isBeside: !isFirst,
  };
}

function toPolicies(policies: ReadonlyMap<string, Policy>, current: Policies["current"]): Policies {
  const [only, ...others] = policies.values();
  return {
    // Of one bundle the policy is its own, without a look at others.
    current: only === undefined || others.length > 0 ? current : () => only.current(),
    async prepare(name, bytes) {
      const policy = policies.get(name);
      if (policy === undefined) throw new TypeError(`There is no bundle ${name}.`);
      return policy.prepare(bytes);
    },
    hasProblem: () => [...policies.values()].some((policy) => policy.status().problem !== null),
    watch() {
      const watches = new DisposableStack();
      for (const policy of policies.values()) watches.use(policy.watch());
      return watches;
    },
  };
}

/** One bundle must not lift another one's suspension. */
function toSuspendedPath({ stateDir, policy }: Config, name: string): string {
  const file = policy.bundles.length === 1 ? "suspended-policy.json" : `suspended-policy-${name}.json`;
  return join(stateDir, file);
}
