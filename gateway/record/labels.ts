// Knows the taints that stick to sessions and items.
import { LRUCache } from "lru-cache";
import type { Database } from "../../db/client.ts";
import { findLabels, hasLabels } from "../../db/queries/ledger.ts";
import type { LabelRow } from "./rows.ts";

export type Labels = {
  /** Gives the union of the labels of sessions and of items, sorted. Synchronous where the tenant has no label. */
  find(
    tenant: string,
    sessionIds: readonly string[],
    /** Gives the items' hashes, and what else taints stick to. */
    hashes: () => readonly string[],
  ): readonly string[] | Promise<readonly string[]>;
  /** Takes in what this process has committed. */
  readonly remember: (row: LabelRow) => void;
};

const NONE: readonly string[] = [];
const KNOWN_ITEMS = 50_000;
/** A session's labels are read each time; an item that another process labels is seen after this at the latest. */
const ITEM_MS = 10_000;
/** How long a tenant counts as one without labels before that is asked again. */
const TENANT_MS = 1_000;

/** Makes the reader of labels. */
export function createLabels(db: Database): Labels {
  const labelled = new Set<string>();
  const unlabelledUntil = new Map<string, number>();
  const asked = new Map<string, Promise<boolean>>();
  const known = new LRUCache<string, readonly string[]>({ max: KNOWN_ITEMS, ttl: ITEM_MS });

  /** Tells whether the tenant has labels; requests that come at the same time share the question. */
  function askTenant(tenant: string): Promise<boolean> {
    let answer = asked.get(tenant);
    if (answer === undefined) {
      answer = hasLabels(db, tenant)
        .then((found) => {
          if (found) labelled.add(tenant);
          else if (!labelled.has(tenant)) unlabelledUntil.set(tenant, Date.now() + TENANT_MS);
          return labelled.has(tenant);
        })
        .finally(() => asked.delete(tenant));
      asked.set(tenant, answer);
    }
    return answer;
  }

  async function ask(
    tenant: string,
    sessionIds: readonly string[],
    hashes: () => readonly string[],
  ): Promise<readonly string[]> {
    if (!labelled.has(tenant) && !(await askTenant(tenant))) return NONE;
    const found = new Set<string>();
    const unknown: string[] = [];
    for (const hash of hashes()) {
      const labels = known.get(`${tenant}\0${hash}`);
      if (labels === undefined) unknown.push(hash);
      else for (const label of labels) found.add(label);
    }
    const fresh = new Map(unknown.map((hash): [string, string[]] => [hash, []]));
    for (const { itemHash, label } of await findLabels(db, tenant, sessionIds, unknown)) {
      found.add(label);
      if (itemHash !== null) fresh.get(itemHash)?.push(label);
    }
    for (const [hash, labels] of fresh) known.set(`${tenant}\0${hash}`, labels);
    return [...found].sort();
  }

  return {
    find(tenant, sessionIds, hashes) {
      if ((unlabelledUntil.get(tenant) ?? 0) > Date.now()) return NONE;
      return ask(tenant, sessionIds, hashes);
    },
    remember({ tenant, itemHashes }) {
      labelled.add(tenant);
      unlabelledUntil.delete(tenant);
      for (const hash of itemHashes) known.delete(`${tenant}\0${hash}`);
    },
  };
}
