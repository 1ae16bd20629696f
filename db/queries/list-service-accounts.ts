// Lists service accounts with their keys, of which only hints and hashes are stored.
import { asc, eq, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { keys, revocations, serviceAccounts } from "../schema.ts";

export type KeyRow = {
  readonly id: string;
  readonly hint: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly revokedBy: string | null;
};

export type ServiceAccountRow = {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly agent: unknown;
  readonly attributes: unknown;
  readonly initiator: string | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly disabledAt: Date | null;
  readonly keys: readonly KeyRow[];
};

/** Lists the accounts by name, each with its keys from the oldest to the newest. */
export async function listServiceAccounts(db: Database): Promise<ServiceAccountRow[]> {
  const revokedBy = sql<string | null>`(select ${revocations.revokedBy} from ${revocations}
    where ${revocations.kind} = 'credential' and ${revocations.id} = ${keys.id}::text order by ${revocations.seq} limit 1)`;
  const rows = await runQuery(() =>
    db.orm
      .select({ account: serviceAccounts, key: keys, revokedBy })
      .from(serviceAccounts)
      .leftJoin(keys, eq(keys.serviceAccountId, serviceAccounts.id))
      .orderBy(asc(serviceAccounts.name), asc(keys.createdAt), asc(keys.id)),
  );
  const accounts = new Map<string, ServiceAccountRow & { readonly keys: KeyRow[] }>();
  for (const { account, key, revokedBy: by } of rows) {
    const known = accounts.get(account.id) ?? { ...account, keys: [] };
    accounts.set(account.id, known);
    if (key === null) continue;
    const { id, hint, createdAt, expiresAt, revokedAt } = key;
    known.keys.push({ id, hint, createdAt, expiresAt, revokedAt, revokedBy: by });
  }
  return [...accounts.values()];
}

/** Says whether an account still has a key that counts. */
export function toAccountStatus(account: ServiceAccountRow): "active" | "expired" | "revoked" {
  const living = account.keys.filter((key) => key.revokedAt === null);
  if (account.disabledAt !== null || living.length === 0) return "revoked";
  return living.some((key) => key.expiresAt === null || key.expiresAt.getTime() > Date.now())
    ? "active"
    : "expired";
}
