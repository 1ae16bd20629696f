// Chooses the bundle that a gateway begins with: what is ordered, else what the source has, else the last good one.
import type { Database } from "../../db/client.ts";
import { listBundles, readBundleBytes } from "../../db/queries/policy-bundles.ts";
import { readOrder } from "../../db/queries/policy-orders.ts";
import type { PolicyOrderRow } from "../../db/queries/policy-orders.ts";
import type { Log } from "../log.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import type { LastGood } from "./last-good.ts";
import { SourceError } from "./source.ts";
import type { BundleSource } from "./source.ts";

/** What a gateway begins with. */
export type First = {
  readonly bytes: Buffer;
  /** What the source gave, whether or not it could be used; null: nothing yet. */
  readonly offered: Buffer | null;
  /** What brought it, as people are told. */
  readonly by: string;
  readonly order: PolicyOrderRow | null;
  /** Why what the source has is not in use. */
  readonly problem: string | null;
  /** How long ago the source confirmed it, in milliseconds. */
  readonly ageMs: number;
};

export type ChoosingDeps = {
  readonly db: Database;
  /** The bundle's name. */
  readonly name: string;
  readonly source: BundleSource;
  /** The copy on this machine; null: none is kept. */
  readonly lastGood: LastGood | null;
  readonly log: Log;
};

/**
 * Tries one after the other with `open`, which rejects with a `PolicyLoadError` where a bundle can't be used, or where its
 * serial is too low and may not be. `skips` says why a source that can be away is not asked. Rejects where none is left:
 * nothing runs without a policy.
 */
export async function chooseFirst<T>(
  deps: ChoosingDeps,
  open: (bytes: Buffer, mayFall: boolean) => Promise<T>,
  skips: PolicyLoadError | null = null,
): Promise<{ readonly first: First; readonly opened: T }> {
  const { db, name, source, lastGood, log } = deps;
  const order = await readOrder(db, name);
  const at = { order, offered: null, problem: null, ageMs: 0 };
  if (order !== null && order.kind !== "latest") {
    const bytes = order.digest === null ? null : await readBundleBytes(db, name, order.digest);
    if (bytes === null)
      throw new PolicyLoadError(`The policy that ${order.by} ordered is not in the database.`);
    return { first: { ...at, bytes, by: order.by }, opened: await open(bytes, true) };
  }
  let offered: Buffer | null = null;
  let failed: Error;
  try {
    if (skips !== null && source.isRemote) throw skips;
    offered = await askOnce(source);
    const opened = await open(offered, false);
    return { first: { ...at, bytes: offered, offered, by: source.name }, opened };
  } catch (error) {
    if (!(error instanceof SourceError) && !(error instanceof PolicyLoadError)) throw error;
    if (!source.isRemote)
      throw error instanceof SourceError ? new PolicyLoadError(error.message, { cause: error }) : error;
    failed = error;
  }
  for (const { bytes, at: confirmed, by, mayFall } of await listCopies(db, name, lastGood)) {
    try {
      const opened = await open(bytes, mayFall);
      log.warn({ reason: failed.message, since: confirmed.toISOString() }, `The gateway begins with ${by}.`);
      const ageMs = Math.max(0, Date.now() - confirmed.getTime());
      return { first: { ...at, bytes, offered, by, problem: failed.message, ageMs }, opened };
    } catch (error) {
      if (!(error instanceof PolicyLoadError)) throw error;
      log.warn({ reason: error.message }, `The gateway can't begin with ${by}.`);
    }
  }
  throw new PolicyLoadError(
    `${failed.message} There is no good bundle from before, so the gateway does not start.`,
    {
      cause: failed,
    },
  );
}

/** Asks for the bundle as it is now. Rejects with a `SourceError`. */
export async function askOnce(source: BundleSource): Promise<Buffer> {
  const { bytes } = await source.ask({ mayWait: false, signal: AbortSignal.timeout(FIRST_MS) });
  if (bytes === null) throw new SourceError(`The source ${source.name} gives no bundle.`);
  return bytes;
}

/** A start does not wait longer for a source. */
const FIRST_MS = 30_000;

type Copy = { readonly bytes: Buffer; readonly at: Date; readonly by: string; readonly mayFall: boolean };

/** Another gateway may have gone on meanwhile, so what the database has comes after this machine's own copy. */
async function listCopies(db: Database, name: string, lastGood: LastGood | null): Promise<readonly Copy[]> {
  const copies: Copy[] = [];
  const own = (await lastGood?.read()) ?? null;
  if (own !== null) copies.push({ ...own, by: "the last good bundle, kept on this machine", mayFall: false });
  const known = await listBundles(db, name, 1000);
  const newest = known.toSorted((one, other) => (other.serial ?? 0) - (one.serial ?? 0))[0];
  const bytes = newest === undefined ? null : await readBundleBytes(db, name, newest.digest);
  if (bytes !== null && newest !== undefined)
    copies.push({ bytes, at: newest.firstAt, by: "the last bundle of the database", mayFall: true });
  return copies;
}
