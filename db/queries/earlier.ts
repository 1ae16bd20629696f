// Reads what stored responses and conversations hold, as the exchanges that made them have left it.
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";

/** As `Earlier` of gateway/exchange.ts. */
export type Held = {
  readonly complete: boolean;
  readonly turns: number;
  readonly tokens: number;
  readonly labels: readonly string[];
  readonly findings: Readonly<Record<string, number>>;
  readonly tools: readonly string[];
};

/** Turns of one conversation that are added up: more than the API lets it have items. */
const MOST_TURNS = 10_000;

/** Gives what a response and all before it hold; null where the exchange that made it has not ended here. */
export async function findHeld(db: Database, connection: string, responseId: string): Promise<Held | null> {
  const [row] = await runQuery(
    () => db.sql<{ held: Held }[]>`
      select e.held from objects o join exchange_ends e on e.exchange_id = o.exchange_id
      where o.connection = ${connection} and o.kind = 'response' and o.id = ${responseId} and e.held is not null`,
  );
  return row?.held ?? null;
}

/** Gives what each exchange has added to a conversation, in their order. */
export async function findTurns(
  db: Database,
  connection: string,
  conversationId: string,
): Promise<readonly Held[]> {
  const rows = await runQuery(
    () => db.sql<{ added: Held }[]>`
      select added from conversation_turns
      where connection = ${connection} and conversation_id = ${conversationId}
      order by exchange_id limit ${MOST_TURNS}`,
  );
  return rows.map(({ added }) => added);
}
