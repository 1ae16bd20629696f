// What operators order of the policy, and what came of it: both logs are only added to.
import { and, desc, eq, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { policyActivations, policyOrders } from "../schema.ts";
import { recordAction } from "./admin-actions.ts";
import { createLogReader, PAGE } from "./log-reader.ts";
import type { LogReader } from "./log-reader.ts";

/** What counts for a bundle from now on, at all gateways. */
export type PolicyOrder = {
  readonly bundle: string;
  /** `latest`: whatever its source has; else the bundle of `digest`, and `rollback` may go back to a lower serial. */
  readonly kind: "latest" | "activate" | "rollback";
  readonly digest: string | null;
  readonly by: string;
  readonly why: string | null;
};

export type PolicyOrderRow = PolicyOrder & { readonly seq: number; readonly at: Date };

/** What came into force at a gateway, or was refused there. */
export type Activation = {
  readonly gateway: string;
  readonly bundle: string;
  readonly kind: "activate" | "rollback" | "refuse";
  readonly revision: string | null;
  readonly digest: string | null;
  readonly serial: number | null;
  readonly by: string;
  readonly why: string | null;
};

export type ActivationRow = Activation & { readonly seq: number; readonly at: Date };

const CHANNEL = "tollgate_policy";

/** Any number that no other program on this database locks: `policy` in ASCII. */
const LOG_LOCK = "123623862526841";

/** Orders something, and announces it. Writers take turns until they commit, so that numbers become visible in their order. */
export async function orderPolicy(
  db: Database,
  order: PolicyOrder,
  told: { readonly revision: string | null; readonly serial: number | null },
): Promise<number> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(${sql.raw(LOG_LOCK)})`);
      const [added] = await tx.insert(policyOrders).values(order).returning({ seq: policyOrders.seq });
      const action = order.kind === "rollback" ? "policy.rollback" : "policy.activate";
      const detail = { ...told, latest: order.kind === "latest", why: order.why };
      await recordAction(tx, { actor: order.by, action, object: order.bundle, detail });
      await tx.execute(sql`select pg_notify(${CHANNEL}, '')`);
      return added?.seq ?? 0;
    }),
  );
}

/** Reads the order that counts for a bundle; null: there was none. */
export async function readOrder(db: Database, bundle: string): Promise<PolicyOrderRow | null> {
  const [last] = await runQuery(() =>
    db.orm
      .select()
      .from(policyOrders)
      .where(eq(policyOrders.bundle, bundle))
      .orderBy(desc(policyOrders.seq))
      .limit(1),
  );
  return last ?? null;
}

/** Opens the log of orders, of which only the numbers are read; each read may take `limitMs`. */
export function createOrderReader(db: Database, limitMs: number): LogReader<{ readonly seq: number }> {
  return createLogReader(db, limitMs, {
    async last(connection) {
      const rows = await connection<
        { last: string }[]
      >`select coalesce(max(seq), 0) as last from policy_orders`;
      return Number(rows[0]?.last ?? 0);
    },
    async after(connection, seq) {
      const rows = await connection<{ seq: string }[]>`
        select seq from policy_orders where seq > ${seq} order by seq limit ${PAGE}`;
      return rows.map((row) => ({ seq: Number(row.seq) }));
    },
  });
}

/** Calls back at each announcement, and each time that the connection for them stands again. */
export async function listenForOrders(db: Database, onNews: () => void): Promise<() => Promise<void>> {
  return db.listen(CHANNEL, onNews, onNews);
}

/** Writes down what came into force, or was refused. */
export async function recordActivation(db: Database, activation: Activation): Promise<void> {
  await runQuery(() => db.orm.insert(policyActivations).values(activation));
}

/** Lists what came into force and what was refused, the latest first. */
export async function listActivations(
  db: Database,
  filter: { readonly bundle?: string; readonly gateway?: string },
  limit: number,
): Promise<readonly ActivationRow[]> {
  const { bundle, gateway } = filter;
  return runQuery(() =>
    db.orm
      .select()
      .from(policyActivations)
      .where(
        and(
          bundle === undefined ? undefined : eq(policyActivations.bundle, bundle),
          gateway === undefined ? undefined : eq(policyActivations.gateway, gateway),
        ),
      )
      .orderBy(desc(policyActivations.seq))
      .limit(limit),
  );
}
