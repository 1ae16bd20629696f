// Reads bundles and operator's file as a start would, for commands that tell whether a start would take them.
import type { Loaded } from "../config/config.ts";
import type { Environment } from "../config/secrets.ts";
import { createDetectors } from "../detect/detector.ts";
import { createSilentLog } from "../log.ts";
import { toPolicyDeps } from "../open-bundles.ts";
import { openOutbound } from "../open-outbound.ts";
import { readBundleOnce } from "../open-policy.ts";
import { createPolicy } from "../policy/load.ts";
import { createPolicySet } from "../policy/policy-set.ts";

/** Gives the policy's revision. Rejects with a `PolicyLoadError` that says what is wrong. */
export async function checkPolicy({ config, secrets }: Loaded, env: Environment): Promise<string> {
  const compile = createDetectors();
  const outbound = openOutbound(config, secrets);
  const set = createPolicySet(config.policy.bundles);
  const connectionLabels = () => config.connections.flatMap((connection) => connection.labels);
  const checkPatterns = (patterns: Parameters<typeof compile>[0]): void => void compile(patterns);
  for (const bundle of config.policy.bundles) {
    const policy = await createPolicy({
      ...toPolicyDeps(bundle, { config, env, checkPatterns, connectionLabels }),
      bundle: await readBundleOnce(bundle, { config, env, outbound }),
      connectionLabels,
      admit: (snapshot) => void set.preview(bundle.name, snapshot),
      log: createSilentLog(),
    });
    policy.close();
    set.join(bundle.name, () => policy.current());
  }
  return set.current().version.revision;
}
