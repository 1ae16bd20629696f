// Reads bundle and operator's file as a start would, for commands that tell whether a start would take them.
import type { Loaded } from "../config/config.ts";
import { createTrustSource } from "../config/signing.ts";
import type { Environment } from "../config/secrets.ts";
import { createDetectors } from "../detect/detector.ts";
import { createSilentLog } from "../log.ts";
import { openOutbound } from "../open-outbound.ts";
import { readBundleOnce } from "../open-policy.ts";
import { createPolicy } from "../policy/load.ts";

/** Gives the policy's revision. Rejects with a `PolicyLoadError` that says what is wrong. */
export async function checkPolicy({ config, secrets }: Loaded, env: Environment): Promise<string> {
  const compile = createDetectors();
  const bundle = await readBundleOnce({ config, env, outbound: openOutbound(config, secrets) });
  const policy = await createPolicy({
    bundlePath: config.policy.bundle,
    bundle,
    operatorPath: config.policy.operator,
    trust: createTrustSource(config.policy.signing, env),
    checkPatterns: (patterns) => void compile(patterns),
    connectionLabels: () => config.connections.flatMap((connection) => connection.labels),
    recognised: Object.values(config.detect.recogniser?.classes ?? {}),
    log: createSilentLog(),
  });
  try {
    return policy.current().version.revision;
  } finally {
    policy.close();
  }
}
