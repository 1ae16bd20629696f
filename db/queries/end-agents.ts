// Ends registered agents with their owner: nobody is left who answers for them.
import { and, inArray, isNull, sql } from "drizzle-orm";
import { serviceAccounts } from "../schema.ts";
import { recordAction } from "./admin-actions.ts";
import { markKeys } from "./end-keys.ts";
import type { Transaction } from "./revocations.ts";

/** An agent that was ended. */
export type EndedAgent = { readonly id: string; readonly name: string; readonly owner: string };

/**
 * Closes the agents of an owner, and theirs. Their keys end with `endAgentKeys`; in between, whatever else the transaction
 * writes: accounts come before tokens, tokens before keys, and the log comes last, or two of them could wait for each other.
 */
export async function closeAgents(tx: Transaction, owner: string): Promise<readonly EndedAgent[]> {
  const closed: EndedAgent[] = [];
  const ownerOf = sql<string>`${serviceAccounts.agent} ->> 'owner'`;
  for (let owners = [owner]; owners.length > 0;) {
    const rows = await tx
      .update(serviceAccounts)
      .set({ disabledAt: sql`now()` })
      .where(and(inArray(ownerOf, owners), isNull(serviceAccounts.disabledAt)))
      .returning({ id: serviceAccounts.id, name: serviceAccounts.name, owner: ownerOf });
    closed.push(...rows);
    owners = rows.map(({ name }) => name);
  }
  return closed;
}

/** Ends the keys of agents that were closed, and records each end; gives the keys' ids, for the log of revocations. */
export async function endAgentKeys(
  tx: Transaction,
  agents: readonly EndedAgent[],
  actor: string,
): Promise<readonly string[]> {
  const ended: string[] = [];
  for (const { id, name, owner } of agents) {
    const keys = await markKeys(tx, { accountId: id });
    ended.push(...keys);
    const detail = { keys, with_owner: owner };
    await recordAction(tx, { actor, action: "service_account.revoke", object: name, detail });
  }
  return ended;
}
