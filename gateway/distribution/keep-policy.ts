// Keeps a policy before it decides: the bundle and the operator's data, so that its decisions can be replayed.
import type { Database } from "../../db/client.ts";
import { keepBundle } from "../../db/queries/policy-bundles.ts";
import type { StoredBundle } from "../../db/queries/policy-bundles.ts";
import { recordPolicyVersion } from "../../db/queries/policy-versions.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import type { LoadedBundle, PolicySnapshot } from "../policy/load.ts";

/** Keeps a policy; `mayFall`: also one with a lower serial than was in force already. Rejects with a `PolicyLoadError` where one may not be. */
export async function keepPolicy(
  db: Database,
  name: string,
  { version, operator }: Pick<PolicySnapshot, "version" | "operator">,
  bundle: LoadedBundle,
  mayFall: boolean,
): Promise<void> {
  await keepInOrder(db, { name, ...bundle }, mayFall);
  await recordPolicyVersion(db, {
    ...version,
    overlayDigest: operator?.digest ?? null,
    overlay: operator?.data ?? null,
  });
}

/** Keeps a bundle. Rejects with a `PolicyLoadError` where its serial is too low. */
export async function keepInOrder(db: Database, bundle: StoredBundle, mayFall: boolean): Promise<void> {
  const keeping = await keepBundle(db, bundle, { mayFall });
  if (keeping.isKept) return;
  const own = bundle.serial === null ? "it has no serial" : `its serial is ${bundle.serial}`;
  throw new PolicyLoadError(
    `Revision ${bundle.revision} is refused: ${own}, and ${keeping.highest} was in force already. Build it with a higher one ` +
      `("tollgate policy build --serial"), or go back to one that was in force ("tollgate policy rollback").`,
  );
}
