// Opens the policy of a gateway from the sources of its bundles, which are followed then.
import { hostname } from "node:os";
import { join } from "node:path";
import { readOwnVersion } from "./cli/version.ts";
import type { BundleConfig } from "./config/bundles.ts";
import type { Config } from "./config/config.ts";
import { followReference } from "./config/secrets.ts";
import type { Environment } from "./config/secrets.ts";
import { askOnce, chooseFirst } from "./distribution/choose-first.ts";
import type { ChoosingDeps } from "./distribution/choose-first.ts";
import type { Fleet } from "./distribution/distribution.ts";
import { createFileSource } from "./distribution/file-source.ts";
import { createHttpSource } from "./distribution/http-source.ts";
import { createLastGood } from "./distribution/last-good.ts";
import { runDistribution } from "./distribution/run.ts";
import type { FollowedBundle, RunningDistribution } from "./distribution/run.ts";
import { SourceError } from "./distribution/source.ts";
import type { BundleSource } from "./distribution/source.ts";
import type { Outbound } from "./forward/outbound.ts";
import type { Log } from "./log.ts";
import { newId } from "./new-id.ts";
import type { BundleOpener, Policies } from "./open-bundles.ts";
import { PolicyLoadError } from "./policy/load-error.ts";

type Place = {
  readonly db: ChoosingDeps["db"];
  readonly config: Config;
  readonly outbound: Outbound;
  readonly env: Environment;
  readonly log: Log;
  /** Where the bundle comes from; null: as the configuration says. */
  readonly source: BundleSource | null;
};

/** A bundle as it is handed to workers, and how many milliseconds ago its source confirmed it. */
export type Handed = { readonly name: string; readonly bytes: Buffer; readonly ageMs: number };

/** The policy as a gateway begins with it. */
export type Begun = {
  readonly policies: Policies;
  readonly bundles: readonly Handed[];
  close(): void;
};

/** Opens the source of a bundle. */
function openSource(
  bundle: BundleConfig,
  { config, outbound, env }: Pick<Place, "config" | "outbound" | "env">,
): BundleSource {
  const { url, source } = bundle;
  if (url === null) return createFileSource(bundle.bundle);
  const follow = (reference: string) => followReference(reference, env, config.policy.folder);
  return createHttpSource({ source: { ...source, url }, outbound, follow });
}

/** Asks the source of a bundle once. Rejects with a `PolicyLoadError` where it has none. */
export async function readBundleOnce(
  bundle: BundleConfig,
  place: Pick<Place, "config" | "outbound" | "env">,
): Promise<Buffer> {
  try {
    return await askOnce(openSource(bundle, place));
  } catch (cause) {
    throw cause instanceof SourceError ? new PolicyLoadError(cause.message, { cause }) : cause;
  }
}

/** Opens what the primary has handed over. */
export async function openHanded(
  { bundles }: Config["policy"],
  handed: readonly Handed[],
  opener: BundleOpener,
): Promise<Begun> {
  try {
    for (const { name, bytes } of handed) {
      const bundle = bundles.find((one) => one.name === name);
      if (bundle !== undefined) await opener.open(bundle, bytes, true);
    }
    return { policies: await opener.finish(), bundles: handed, close: () => opener.close() };
  } catch (error) {
    opener.close();
    throw error;
  }
}

/** Chooses what to begin with, opened by what `createOpener` gives, and gives what then follows the sources for the whole gateway. */
export async function openDistribution(
  place: Place,
  createOpener: () => BundleOpener,
): Promise<Begun & { readonly run: (fleet: Fleet) => Promise<RunningDistribution> }> {
  const { db, config, log } = place;
  const { bundles } = config.policy;
  const choosing = bundles.map((bundle) => {
    const { name } = bundle;
    const source = place.source ?? openSource(bundle, place);
    const path = join(config.stateDir, "policy", `${name}.bundle`);
    return {
      bundle,
      db,
      name,
      source,
      lastGood: source.isRemote ? createLastGood(path, source.name) : null,
      log,
    };
  });

  /** Chooses them one after the other; `skips`: from what was good before, where there is any. */
  async function choose(skips: PolicyLoadError | null) {
    const opener = createOpener();
    try {
      const followed: FollowedBundle[] = [];
      for (const { bundle, ...deps } of choosing) {
        const open = (bytes: Buffer, mayFall: boolean) => opener.open(bundle, bytes, mayFall);
        const { first, opened } = await chooseFirst(deps, open, skips);
        const { bytes: _, ...begun } = opened.status().bundle;
        followed.push({ ...deps, first, begun });
      }
      return { opener, followed, policies: await opener.finish() };
    } catch (error) {
      opener.close();
      throw error;
    }
  }
  const { opener, followed, policies } = await choose(null).catch((error: unknown) => {
    const mayHelp = bundles.length > 1 && choosing.some(({ source }) => source.isRemote);
    if (!(error instanceof PolicyLoadError) || !mayHelp) throw error;
    // One that was published may not fit to the others, where the one before did.
    for (const { source } of choosing) source.forget();
    return choose(error);
  });
  const address = `${config.listen.host}:${config.listen.port}`;
  const name = `${hostname()}:${config.listen.port}`;
  const identity = { id: newId(), name, address, version: readOwnVersion() };
  return {
    policies,
    bundles: followed.map(({ name, first: { bytes, ageMs } }) => ({ name, bytes, ageMs })),
    close: () => opener.close(),
    run: (fleet) => runDistribution({ db, log, bundles: followed, fleet, identity }),
  };
}
