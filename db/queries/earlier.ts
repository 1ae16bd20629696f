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

/** As it is stored: `runs` stands where the end of the response was not seen yet. */
export type StoredHeld = Held & {
  readonly runs?: {
    /** Whether all before it was seen. */
    readonly before: boolean;
    /** The conversation that the turn was added to. */
    readonly conversation: string | null;
  };
};

/** Turns of one conversation that are added up: more than the API lets it have items. */
const MOST_TURNS = 10_000;

/** Gives what a response and all before it hold; null where the exchange that made it has not ended here. */
export async function findHeld(
  db: Database,
  connection: string,
  responseId: string,
): Promise<{ readonly exchangeId: string; readonly held: StoredHeld } | null> {
  const [row] = await runQuery(
    () => db.sql<{ exchangeId: string; held: StoredHeld }[]>`
      select e.exchange_id as "exchangeId", e.held from objects o join exchange_ends e on e.exchange_id = o.exchange_id
      where o.connection = ${connection} and o.kind = 'response' and o.id = ${responseId} and e.held is not null`,
  );
  return row ?? null;
}

/** Gives what an exchange has added to a conversation. */
export async function findTurn(
  db: Database,
  connection: string,
  conversationId: string,
  exchangeId: string,
): Promise<Held | null> {
  const [row] = await runQuery(
    () => db.sql<{ added: Held }[]>`
      select added from conversation_turns
      where connection = ${connection} and conversation_id = ${conversationId} and exchange_id = ${exchangeId}`,
  );
  return row?.added ?? null;
}

/** Puts what is known at a response's end in the place of what was known before, once; both as JSON. */
export async function finishTurn(
  db: Database,
  exchangeId: string,
  held: string,
  turn: { readonly connection: string; readonly conversationId: string; readonly added: string } | null,
): Promise<void> {
  await runQuery(
    () => db.sql`
      with ended as (
        update exchange_ends set held = ${held}::text::json
        where exchange_id = ${exchangeId} and held -> 'runs' is not null
        returning exchange_id)
      update conversation_turns t set added = ${turn?.added ?? "null"}::text::json from ended
      where t.exchange_id = ended.exchange_id
        and t.connection = ${turn?.connection ?? ""} and t.conversation_id = ${turn?.conversationId ?? ""}`,
  );
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
