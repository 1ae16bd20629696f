// Keeps each policy that decided here, so that its decisions can be replayed.
import { and, desc, eq } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { policyVersions } from "../schema.ts";

/** A policy as it decided: the bundle's revision, and the operator's data that lay over its own. */
export type PolicyVersionRow = {
  readonly revision: string;
  readonly dataRevision: string;
  readonly overlayDigest: string | null;
  /** The operator's data, as JSON values. */
  readonly overlay: unknown;
};

/** Records that a policy decides from now on; one that is known stays as it is. */
export async function recordPolicyVersion(db: Database, row: PolicyVersionRow): Promise<void> {
  await runQuery(() => db.orm.insert(policyVersions).values(row).onConflictDoNothing());
}

/** Gives the operator's data that lay over a revision when it was last new; undefined: that revision never decided here. */
export async function findOverlay(db: Database, revision: string, dataRevision?: string): Promise<unknown> {
  const [row] = await runQuery(() =>
    db.orm
      .select({ overlay: policyVersions.overlay })
      .from(policyVersions)
      .where(
        and(
          eq(policyVersions.revision, revision),
          dataRevision === undefined ? undefined : eq(policyVersions.dataRevision, dataRevision),
        ),
      )
      .orderBy(desc(policyVersions.firstSeenAt))
      .limit(1),
  );
  return row?.overlay;
}
