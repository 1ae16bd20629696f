// Keeps the bundles that were in force: to replay what they decided, and to go back to one of them.
import { and, desc, eq, max, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { policyBundles } from "../schema.ts";

/** A bundle as it came. */
export type StoredBundle = {
  readonly name: string;
  readonly revision: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly digest: string;
  /** Orders the revisions of one bundle; null: it has none. */
  readonly serial: number | null;
  readonly bytes: Buffer;
};

/** Whether a bundle is kept now; where it isn't, the highest serial of its name, which its own does not exceed. */
export type Keeping = { readonly isKept: true } | { readonly isKept: false; readonly highest: number };

/** Any number that no other program on this database locks: `bundle` in ASCII. */
const LOCK = "108256502770789";

/**
 * Keeps a bundle before it comes into force, unless a later one of its name was in force already: serials only rise. One
 * that is kept already may come again while it has the highest serial, or `mayFall`.
 */
export async function keepBundle(
  db: Database,
  bundle: StoredBundle,
  options: { readonly mayFall: boolean },
): Promise<Keeping> {
  const isNamed = eq(policyBundles.name, bundle.name);
  return runQuery(
    () =>
      db.orm.transaction(async (tx) => {
        await tx.execute(sql`select pg_advisory_xact_lock(${sql.raw(LOCK)})`);
        const [top] = await tx
          .select({ highest: max(policyBundles.serial) })
          .from(policyBundles)
          .where(isNamed);
        const highest = top?.highest ?? null;
        const [known] = await tx
          .select({ digest: policyBundles.digest })
          .from(policyBundles)
          .where(and(isNamed, eq(policyBundles.digest, bundle.digest)));
        if (highest !== null && !options.mayFall) {
          const serial = bundle.serial ?? -Infinity;
          if (serial < highest || (serial === highest && known === undefined))
            return { isKept: false, highest };
        }
        if (known === undefined) await tx.insert(policyBundles).values(bundle);
        return { isKept: true };
      }),
    // The bytes may be many.
    15_000,
  );
}

/** Finds a bundle that was in force by its revision, the latest of that name where several have it. */
export async function findBundle(
  db: Database,
  revision: string,
  name?: string,
): Promise<StoredBundle | null> {
  const [found] = await runQuery(
    () =>
      db.orm
        .select()
        .from(policyBundles)
        .where(
          and(
            eq(policyBundles.revision, revision),
            name === undefined ? undefined : eq(policyBundles.name, name),
          ),
        )
        .orderBy(desc(policyBundles.firstAt))
        .limit(1),
    15_000,
  );
  return found ?? null;
}
