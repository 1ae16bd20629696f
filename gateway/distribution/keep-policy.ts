// Keeps a policy before it decides: the bundle and the operator's data, so that its decisions can be replayed.
import type { Database } from "../../db/client.ts";
import { keepBundle } from "../../db/queries/policy-bundles.ts";
import { recordPolicyVersion } from "../../db/queries/policy-versions.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import type { LoadedBundle, PolicySnapshot } from "../policy/load.ts";

/** Keeps a policy. Rejects with a `PolicyLoadError` where a later bundle of that name was in force already. */
export async function keepPolicy(
  db: Database,
  name: string,
  { version, operator }: Pick<PolicySnapshot, "version" | "operator">,
  bundle: LoadedBundle,
): Promise<void> {
  const keeping = await keepBundle(db, { name, ...bundle }, { mayFall: false });
  if (!keeping.isKept)
    throw new PolicyLoadError(`a bundle with the serial ${keeping.highest} was in force already`);
  await recordPolicyVersion(db, {
    ...version,
    overlayDigest: operator?.digest ?? null,
    overlay: operator?.data ?? null,
  });
}
