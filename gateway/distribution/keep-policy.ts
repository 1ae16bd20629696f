// Keeps a policy before it decides: its bundles and the operator's data, so that its decisions can be replayed.
import type { Database } from "../../db/client.ts";
import { judgeBundle, keepBundle } from "../../db/queries/policy-bundles.ts";
import type { Keeping, StoredBundle } from "../../db/queries/policy-bundles.ts";
import { recordPolicyVersion } from "../../db/queries/policy-versions.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import type { PolicySnapshot } from "../policy/load.ts";

/** Keeps what decides from now on, besides the bundles themselves. */
export async function keepVersion(
  db: Database,
  { version, operator }: Pick<PolicySnapshot, "version" | "operator">,
): Promise<void> {
  await recordPolicyVersion(db, {
    ...version,
    overlayDigest: operator?.digest ?? null,
    overlay: operator?.data ?? null,
  });
}

/** Looks whether a bundle may come into force. Rejects with a `PolicyLoadError` where its serial is too low. */
export async function checkOrder(db: Database, bundle: StoredBundle, mayFall: boolean): Promise<void> {
  if (!mayFall) requireKept(bundle, await judgeBundle(db, bundle));
}

/** Keeps a bundle. Rejects with a `PolicyLoadError` where its serial is too low. */
export async function keepInOrder(db: Database, bundle: StoredBundle, mayFall: boolean): Promise<void> {
  requireKept(bundle, await keepBundle(db, bundle, { mayFall }));
}

function requireKept({ revision, serial }: StoredBundle, keeping: Keeping): void {
  if (keeping.isKept) return;
  const own = serial === null ? "it has no serial" : `its serial is ${serial}`;
  throw new PolicyLoadError(
    `Revision ${revision} is refused: ${own}, and ${keeping.highest} was in force already. Build it with a higher one ` +
      `("tollgate policy build --serial"), or go back to one that was in force ("tollgate policy rollback").`,
  );
}
