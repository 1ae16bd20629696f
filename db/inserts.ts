// Builds the statements that write batches: one `json_to_recordset` a table, all tables of a batch in one statement.

/** How a table takes rows. A row that exists already stays: a batch may be written again after a broken connection. */
type Insert = {
  readonly columns: readonly Column[];
  /** Columns that the statement gives back of the rows that were really inserted. */
  readonly returning?: readonly string[];
  /** The column that names the exchange which the projector shall look at, for which rows, and what that reads. */
  readonly queue?: { readonly column: string; readonly where: string; readonly reads: readonly string[] };
};

type Column = { readonly key: string; readonly name: string; readonly type: string };

/** Names columns by their type; a row's key is the column's name in camel case. */
function columns(byType: Readonly<Record<string, string>>): readonly Column[] {
  return Object.entries(byType).flatMap(([type, names]) =>
    names.split(" ").map((name) => ({
      name,
      key: name.replaceAll(/_(\w)/g, (_match, letter: string) => letter.toUpperCase()),
      type,
    })),
  );
}

/** The tables that the recorder writes, in the order of a batch. Rows carry moments (`at`) as milliseconds. */
export const INSERTS = {
  sessions: {
    columns: columns({
      uuid: "id",
      text: "tenant issuer subject connection origin name",
      moment: "started_at",
    }),
  },
  exchanges: {
    columns: columns({
      uuid: "id session_id",
      moment: "at",
      text: "tenant issuer subject caller_kind acts_for credential_id connection operation method path model client effect revision data_revision prompt_hash prompt_pointer",
      "text[]": "groups codes classes call_outputs",
      boolean: "stream",
      json: "facts decision timings",
    }),
    queue: { column: "id", where: "codes <> '{}' or call_outputs <> '{}'", reads: ["codes", "call_outputs"] },
  },
  decisions: {
    columns: columns({
      uuid: "exchange_id",
      integer: "seq",
      moment: "at",
      text: "phase effect",
      "text[]": "codes classes",
      json: "facts decision timings",
      jsonb: "calls",
    }),
    queue: { column: "exchange_id", where: "true", reads: [] },
  },
  exchange_ends: {
    columns: columns({
      uuid: "exchange_id",
      moment: "at",
      text: "outcome error_code model history",
      smallint: "http_status",
      "text[]": "response_ids",
      bigint: "request_bytes answer_bytes",
      json: "timings held",
      jsonb: "usage",
    }),
    queue: {
      column: "exchange_id",
      where: "usage is not null or response_ids <> '{}'",
      reads: ["usage", "response_ids"],
    },
  },
  objects: {
    columns: columns({
      text: "connection kind id tenant issuer subject",
      uuid: "session_id exchange_id",
      "text[]": "labels groups",
      moment: "at",
    }),
    returning: ["connection", "kind", "id", "exchange_id"],
  },
  replaced_calls: {
    columns: columns({
      uuid: "exchange_id session_id",
      text: "call_id type tenant issuer subject connection response_id conversation_id message_id item_id code",
      "text[]": "reasoning_ids",
      moment: "at",
    }),
  },
  conversation_turns: {
    columns: columns({
      text: "connection conversation_id",
      uuid: "exchange_id",
      json: "added",
      moment: "at",
    }),
  },
  traces: {
    columns: columns({
      text: "tenant issuer subject id workflow group_id",
      uuid: "exchange_id",
      moment: "at",
    }),
  },
  spans: {
    columns: columns({
      text: "tenant issuer subject trace_id id parent_id type name response_id",
      moment: "started_at ended_at at",
      boolean: "failed",
      uuid: "exchange_id",
    }),
  },
  session_labels: {
    columns: columns({ uuid: "session_id exchange_id", text: "tenant label", moment: "at" }),
  },
  item_labels: {
    columns: columns({ uuid: "exchange_id", text: "tenant item_hash label", moment: "at" }),
  },
  masked_values: {
    columns: columns({
      uuid: "exchange_id",
      integer: "seq count",
      text: "tenant direction outcome class detector operator code kind place value_hash",
      moment: "at",
    }),
  },
  originals: {
    columns: columns({
      uuid: "exchange_id",
      integer: "seq",
      text: "key_id",
      bytea: "sealed",
      moment: "at",
    }),
  },
  texts: {
    columns: columns({ text: "tenant hash key_id", bytea: "sealed", moment: "at" }),
  },
  exchange_texts: {
    columns: columns({ uuid: "exchange_id", text: "direction", json: "segments" }),
  },
} as const satisfies Record<string, Insert>;

export type TableName = keyof typeof INSERTS;

/** The tables that take batches, in the order of their parameters. */
export const TABLE_NAMES: readonly TableName[] = [
  "sessions",
  "exchanges",
  "decisions",
  "exchange_ends",
  "objects",
  "replaced_calls",
  "conversation_turns",
  "traces",
  "spans",
  "session_labels",
  "item_labels",
  "masked_values",
  "originals",
  "texts",
  "exchange_texts",
];

/** Gives the one statement that writes to these tables; parameter n is the JSON list of the n-th table's rows. */
export function toStatement(tables: readonly TableName[]): string {
  const parts: string[] = [];
  let result = "select null where false";
  for (const [index, table] of tables.entries()) {
    const { columns, returning, queue }: Insert = INSERTS[table];
    const names = columns.map(({ name }) => `"${name}"`);
    const values = columns.map(({ key, type }) =>
      type === "moment" ? `to_timestamp(r."${key}" / 1000)` : `r."${key}"`,
    );
    const shape = columns.map(({ key, type }) => `"${key}" ${type === "moment" ? "double precision" : type}`);
    const back = returning ?? (queue === undefined ? [] : [queue.column, ...queue.reads]);
    parts.push(
      `_${table} as (insert into "${table}" (${names.join(", ")}) select ${values.join(", ")} ` +
        `from json_to_recordset($${index + 1}::text::json) as r(${shape.join(", ")}) on conflict do nothing` +
        `${back.length === 0 ? "" : ` returning ${back.join(", ")}`})`,
    );
    if (queue !== undefined) {
      parts.push(
        `_${table}_queue as (insert into projection_queue (exchange_id) ` +
          `select ${queue.column} from _${table} where ${queue.where})`,
      );
    }
    if (returning !== undefined) result = `select ${returning.join(", ")} from _${table}`;
  }
  return `with ${parts.join(", ")} ${result}`;
}
