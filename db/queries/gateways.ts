// The gateways that serve from this database, each with the policy that decides in it.
import { desc, eq, lt, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { gateways } from "../schema.ts";

export type GatewayRow = {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly version: string;
  readonly startedAt: Date;
  readonly seenAt: Date;
  /** JSON, as the gateway wrote it. */
  readonly policies: unknown;
};

/** Says that a gateway is there, and with what; forgets those that were not seen for a day. */
export async function reportGateway(
  db: Database,
  { policies, ...row }: Omit<GatewayRow, "startedAt" | "seenAt">,
): Promise<void> {
  await runQuery(async () => {
    await db.orm
      .insert(gateways)
      .values({ ...row, policies })
      .onConflictDoUpdate({ target: gateways.id, set: { policies, seenAt: sql`now()` } });
    await db.orm.delete(gateways).where(lt(gateways.seenAt, sql`now() - interval '1 day'`));
  });
}

/** Says that a gateway has gone. */
export async function removeGateway(db: Database, id: string): Promise<void> {
  await runQuery(() => db.orm.delete(gateways).where(eq(gateways.id, id)));
}

/** Lists the gateways that were seen within so many seconds, as the database counts them. */
export async function listGateways(db: Database, withinS: number): Promise<readonly GatewayRow[]> {
  return runQuery(() =>
    db.orm
      .select()
      .from(gateways)
      .where(sql`${gateways.seenAt} > now() - ${withinS} * interval '1 second'`)
      .orderBy(gateways.name, desc(gateways.startedAt)),
  );
}
