// Reads bundle and operator's file as a start would, for commands that tell whether a start would take them.
import type { Config } from "../config/config.ts";
import { createTrustSource } from "../config/signing.ts";
import type { Environment } from "../config/secrets.ts";
import { createDetectors } from "../detect/detector.ts";
import { createSilentLog } from "../log.ts";
import { createPolicy } from "../policy/load.ts";

/** Gives the policy's revision. Rejects with a `PolicyLoadError` that says what is wrong. */
export async function checkPolicy(config: Config, env: Environment): Promise<string> {
  const compile = createDetectors();
  const policy = await createPolicy({
    bundlePath: config.policy.bundle,
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
