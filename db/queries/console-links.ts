// One-time links into a console that has no issuer. Only hashes come here.
import { lt, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { consoleLinks } from "../schema.ts";
import { recordAction } from "./admin-actions.ts";

/** Keeps a link and records who made it. */
export async function addConsoleLink(
  db: Database,
  link: {
    readonly hash: Buffer;
    readonly role: string;
    readonly createdBy: string;
    readonly lifeSeconds: number;
  },
): Promise<void> {
  const { lifeSeconds, ...row } = link;
  await runQuery(() =>
    db.orm.transaction(async (tx) => {
      await tx.delete(consoleLinks).where(lt(consoleLinks.expiresAt, sql`now()`));
      const expiresAt = sql`now() + make_interval(secs => ${lifeSeconds})`;
      await tx.insert(consoleLinks).values({ ...row, expiresAt });
      await recordAction(tx, {
        actor: row.createdBy,
        action: "console.link",
        object: row.role,
        detail: { seconds: lifeSeconds },
      });
    }),
  );
}
