// Opens the policy: from its source, which is followed then, or in a worker from what the primary hands over.
import { hostname } from "node:os";
import { join } from "node:path";
import { readOwnVersion } from "./cli/version.ts";
import type { Config } from "./config/config.ts";
import { followReference } from "./config/secrets.ts";
import type { Environment } from "./config/secrets.ts";
import { createTrustSource } from "./config/signing.ts";
import { askOnce, chooseFirst } from "./distribution/choose-first.ts";
import type { ChoosingDeps } from "./distribution/choose-first.ts";
import type { Fleet } from "./distribution/distribution.ts";
import { createFileSource } from "./distribution/file-source.ts";
import { createHttpSource } from "./distribution/http-source.ts";
import { keepInOrder, keepPolicy } from "./distribution/keep-policy.ts";
import { createLastGood } from "./distribution/last-good.ts";
import { runDistribution } from "./distribution/run.ts";
import type { RunningDistribution } from "./distribution/run.ts";
import { SourceError } from "./distribution/source.ts";
import type { BundleSource } from "./distribution/source.ts";
import type { Outbound } from "./forward/outbound.ts";
import type { JsonObject } from "./exchange.ts";
import { createSilentLog } from "./log.ts";
import type { Log } from "./log.ts";
import { newId } from "./new-id.ts";
import { PolicyLoadError } from "./policy/load-error.ts";
import { createPolicy } from "./policy/load.ts";
import type { Policy } from "./policy/load.ts";

type Place = {
  readonly db: ChoosingDeps["db"];
  readonly config: Config;
  readonly outbound: Outbound;
  readonly env: Environment;
  readonly log: Log;
  /** Where the bundle comes from; null: as the configuration says. */
  readonly source: BundleSource | null;
};

export type PolicyParts = Pick<Place, "db" | "config" | "env" | "log"> & {
  readonly checkPatterns: (patterns: JsonObject) => void;
  readonly connectionLabels: () => readonly string[];
};

/** Opens the source of the bundle. */
function openSource({ config, outbound, env }: Pick<Place, "config" | "outbound" | "env">): BundleSource {
  const { bundle, url, source, folder } = config.policy;
  if (url === null) return createFileSource(bundle);
  const follow = (reference: string) => followReference(reference, env, folder);
  return createHttpSource({ source: { ...source, url }, outbound, follow });
}

/** Asks the source of the bundle once. Rejects with a `PolicyLoadError` where it has none. */
export async function readBundleOnce(place: Pick<Place, "config" | "outbound" | "env">): Promise<Buffer> {
  try {
    return await askOnce(openSource(place));
  } catch (cause) {
    throw cause instanceof SourceError ? new PolicyLoadError(cause.message, { cause }) : cause;
  }
}

/** Opens a policy with these bytes; later ones come by its `prepare`. Its serial may be a lower one where `mayFall` says so. */
export async function openPolicy(parts: PolicyParts, bundle: Buffer, mayFall: boolean): Promise<Policy> {
  const { db, config, env, log, checkPatterns, connectionLabels } = parts;
  let isFirst = true;
  return createPolicy({
    bundlePath: config.policy.bundle,
    bundle,
    operatorPath: config.policy.operator,
    trust: createTrustSource(config.policy.signing, env),
    checkPatterns,
    connectionLabels,
    recognised: Object.values(config.detect.recogniser?.classes ?? {}),
    // Whoever hands over a later one has looked at its serial.
    async beforeInForce(snapshot, loaded) {
      await keepPolicy(db, config.policy.name, snapshot, loaded, mayFall || !isFirst);
      isFirst = false;
    },
    watchdog: { suspendedPath: join(config.stateDir, "suspended-policy.json"), stuckMs: 1000 },
    log,
  });
}

/** Tries a bundle for workers that are not there yet. The operator's file is theirs: it names what they know. */
export async function tryPolicy(
  { db, config, env, checkPatterns }: Omit<PolicyParts, "connectionLabels" | "log">,
  bundle: Buffer,
  mayFall: boolean,
): Promise<Pick<Policy, "status">> {
  const policy = await createPolicy({
    bundlePath: config.policy.bundle,
    bundle,
    operatorPath: null,
    trust: createTrustSource(config.policy.signing, env),
    checkPatterns,
    beforeInForce: (_, loaded) => keepInOrder(db, { name: config.policy.name, ...loaded }, mayFall),
    log: createSilentLog(),
  });
  policy.close();
  return policy;
}

/** Chooses what to begin with, opened by `open`, and gives what then follows the source for the whole gateway. */
export async function openDistribution<T extends Pick<Policy, "status">>(
  place: Place,
  open: (bytes: Buffer, mayFall: boolean) => Promise<T>,
): Promise<{
  readonly opened: T;
  readonly bytes: Buffer;
  readonly ageMs: number;
  readonly run: (fleet: Fleet) => Promise<RunningDistribution>;
}> {
  const { db, config, log } = place;
  const source = place.source ?? openSource(place);
  const path = join(config.stateDir, "policy", `${config.policy.name}.bundle`);
  const lastGood = source.isRemote ? createLastGood(path, source.name) : null;
  const deps: ChoosingDeps = { db, name: config.policy.name, source, lastGood, log };
  const { first, opened } = await chooseFirst(deps, open);
  const { bytes: _, ...begun } = opened.status().bundle;
  const address = `${config.listen.host}:${config.listen.port}`;
  const name = `${hostname()}:${config.listen.port}`;
  const identity = { id: newId(), name, address, version: readOwnVersion() };
  return {
    opened,
    bytes: first.bytes,
    ageMs: first.ageMs,
    run: (fleet) => runDistribution({ ...deps, first, begun, fleet, identity }),
  };
}
