// Keeps the bundles that were in force: to replay what they decided, and to go back to one of them.
import { createHash } from "node:crypto";
import { and, asc, desc, eq, inArray, max, sql } from "drizzle-orm";
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

/** The bytes may be many. */
const SLOW_MS = 15_000;

type Reading = Pick<Database["orm"], "select">;

/** Serials only rise; one that is kept already may come again while it has the highest. */
async function judge(
  reading: Reading,
  { name, digest, serial }: Omit<StoredBundle, "bytes">,
): Promise<{
  readonly keeping: Keeping;
  readonly isKnown: boolean;
}> {
  const isNamed = eq(policyBundles.name, name);
  const [top] = await reading
    .select({ highest: max(policyBundles.serial) })
    .from(policyBundles)
    .where(isNamed);
  const [known] = await reading
    .select({ digest: policyBundles.digest })
    .from(policyBundles)
    .where(and(isNamed, eq(policyBundles.digest, digest)));
  const isKnown = known !== undefined;
  const highest = top?.highest ?? null;
  const own = serial ?? -Infinity;
  const isLower = highest !== null && (own < highest || (own === highest && !isKnown));
  return { keeping: isLower ? { isKept: false, highest } : { isKept: true }, isKnown };
}

/** Says whether a bundle may come into force as serials stand, and keeps nothing. */
export async function judgeBundle(db: Database, bundle: Omit<StoredBundle, "bytes">): Promise<Keeping> {
  return runQuery(async () => (await judge(db.orm, bundle)).keeping);
}

/**
 * Keeps a bundle before it comes into force, unless a later one of its name was in force already: serials only rise,
 * but where somebody ordered it (`mayFall`).
 */
export async function keepBundle(
  db: Database,
  bundle: StoredBundle,
  options: { readonly mayFall: boolean },
): Promise<Keeping> {
  return runQuery(
    () =>
      db.orm.transaction(async (tx) => {
        await tx.execute(sql`select pg_advisory_xact_lock(${sql.raw(LOCK)})`);
        const { keeping, isKnown } = await judge(tx, bundle);
        if (!keeping.isKept && !options.mayFall) return keeping;
        if (!isKnown) await tx.insert(policyBundles).values(bundle);
        return { isKept: true };
      }),
    SLOW_MS,
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
    SLOW_MS,
  );
  return found !== undefined && isWhole(found) ? found : null;
}

/** Whether the bytes are those that were kept: what somebody changed in the database is not what was in force. */
function isWhole({ bytes, digest }: Pick<StoredBundle, "bytes" | "digest">): boolean {
  return createHash("sha256").update(bytes).digest("hex") === digest;
}

/** Gives the digests of bundles by their revisions, the latest where several have one; of some none may be kept. */
export async function findDigests(
  db: Database,
  revisions: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { revision, digest, firstAt } = policyBundles;
  const found = await runQuery(() =>
    db.orm
      .select({ revision, digest })
      .from(policyBundles)
      .where(inArray(revision, [...revisions]))
      .orderBy(asc(firstAt)),
  );
  return new Map(found.map((one) => [one.revision, one.digest]));
}

/** What is known of a bundle without its bytes. */
export type BundleRow = Omit<StoredBundle, "bytes"> & { readonly firstAt: Date };

/** Finds the bundle of a name by the beginning of its digest. */
export async function findBundleByDigest(
  db: Database,
  name: string,
  digest: string,
): Promise<StoredBundle | null> {
  const [found] = await runQuery(
    () =>
      db.orm
        .select()
        .from(policyBundles)
        .where(and(eq(policyBundles.name, name), sql`starts_with(${policyBundles.digest}, ${digest})`))
        .limit(1),
    SLOW_MS,
  );
  return found ?? null;
}

/** Lists the bundles of a name that were in force, the latest first. */
export async function listBundles(db: Database, name: string, limit: number): Promise<readonly BundleRow[]> {
  const { revision, digest, serial, firstAt } = policyBundles;
  return runQuery(() =>
    db.orm
      .select({ name: policyBundles.name, revision, digest, serial, firstAt })
      .from(policyBundles)
      .where(eq(policyBundles.name, name))
      .orderBy(desc(firstAt))
      .limit(limit),
  );
}

/** Reads the bytes of a bundle that was in force. */
export async function readBundleBytes(db: Database, name: string, digest: string): Promise<Buffer | null> {
  const [found] = await runQuery(
    () =>
      db.orm
        .select({ bytes: policyBundles.bytes })
        .from(policyBundles)
        .where(and(eq(policyBundles.name, name), eq(policyBundles.digest, digest))),
    SLOW_MS,
  );
  return found !== undefined && isWhole({ ...found, digest }) ? found.bytes : null;
}
