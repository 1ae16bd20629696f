// Reads what stored responses and conversations hold, as the exchanges that made them have left it.
import { z } from "zod";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";

const count = z.number();
const heldSchema = z.object({
  complete: z.boolean(),
  turns: count,
  tokens: count,
  labels: z.array(z.string()),
  findings: z.record(z.string(), count),
  tools: z.array(z.string()),
});

/** As `Earlier` of gateway/exchange.ts. */
export type Held = z.output<typeof heldSchema>;

/** Turns of one conversation that are added up: more than the API lets it have items. */
const MOST_TURNS = 10_000;

/** Gives what a response and all before it hold; null where the exchange that made it has not ended here. */
export async function findHeld(db: Database, connection: string, responseId: string): Promise<Held | null> {
  const [row] = await runQuery(
    () => db.sql<{ held: unknown }[]>`
      select e.held from objects o join exchange_ends e on e.exchange_id = o.exchange_id
      where o.connection = ${connection} and o.kind = 'response' and o.id = ${responseId} and e.held is not null`,
  );
  return row === undefined ? null : heldSchema.parse(row.held);
}

/** Gives what each exchange has added to a conversation, in their order. */
export async function findTurns(
  db: Database,
  connection: string,
  conversationId: string,
): Promise<readonly Held[]> {
  const rows = await runQuery(
    () => db.sql<{ added: unknown }[]>`
      select added from conversation_turns
      where connection = ${connection} and conversation_id = ${conversationId}
      order by exchange_id limit ${MOST_TURNS}`,
  );
  return rows.map(({ added }) => heldSchema.parse(added));
}
