// Finds the bundles again that a recorded decision was made by.
import type { Database } from "../../db/client.ts";
import { findBundle, findBundleByDigest } from "../../db/queries/policy-bundles.ts";
import { readSetRevision } from "../set-revision.ts";

/** A bundle that decided, alone or beside others. */
export type DecidingBundle = { readonly name: string; readonly isGate: boolean; readonly bytes: Buffer };

/** Gives the bundles of a recorded revision, in their order; null where they are not all kept. A single one may be named. */
export async function findKept(
  db: Database,
  revision: string,
  name?: string,
): Promise<readonly [DecidingBundle, ...DecidingBundle[]] | null> {
  const single = await findBundle(db, revision, name);
  if (single !== null) return [{ name: single.name, isGate: true, bytes: single.bytes }];
  const members = readSetRevision(revision) ?? [];
  const kept: DecidingBundle[] = [];
  for (const member of members) {
    const found = await findBundleByDigest(db, member.name, member.digest);
    if (found !== null) kept.push({ ...member, bytes: found.bytes });
  }
  const [first, ...others] = kept;
  return first === undefined || kept.length < members.length ? null : [first, ...others];
}
