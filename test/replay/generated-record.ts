// Fills a database with a record of which it is known what another policy would do otherwise.
import type { Database } from "../../db/client.ts";
import { toSampleFacts } from "../../gateway/policy/sample-facts.ts";
import { toDecision } from "../fixtures/example-rows.ts";

/** Of so many exchanges one asks a model that nobody may, one has a card, one drops a database, one shows no basis. */
const EACH = { denied: 100, carded: 40, dropping: 50, unmarked: 1000 } as const;

/** Puts exchanges into the record, each with a call after it, as a gateway with the default bundle would have. */
export async function generateRecord(db: Database, count: number): Promise<void> {
  const basis = { altered: [] };
  const request = { ...toSampleFacts("request"), basis };
  const call = { ...toSampleFacts("tool_call"), basis };
  const decision = toDecision({ allow: [{ code: "operation_allowed" }] });
  // Facts of which one is unlike the other, as facts are.
  const facts = JSON.stringify(request)
    .replace('"count":800', '"count":@n')
    .replace("gpt-4.1-mini", "@model");
  const [text, calls, plain, none] = [
    facts,
    JSON.stringify(call).replace('["select"]', "@kinds"),
    JSON.stringify(decision),
    JSON.stringify(toDecision({ allow: [] })),
  ];
  await db.sql`
    insert into exchanges (id, at, tenant, issuer, subject, groups, operation, connection, method, path, stream, effect, facts, decision)
    select id, now(), 'default', 'tollgate', 'agent-' || (n % 7), '{developers}', 'responses.create', 'openai', 'POST', '/responses', true, 'allow',
      (case when n % ${EACH.unmarked} = 1 then replace(facts, ',"basis":{"altered":[]}', '') else facts end)::json,
      ${plain}::text::json
    from (
      select n, ${toId(db)} as id,
        replace(replace(replace(${text}::text, '@n', (n % 5000)::text), '@model',
          case when n % ${EACH.denied} = 0 then 'davinci-002' else 'gpt-4.1-mini' end),
          '"findings":{}', case when n % ${EACH.carded} = 0 then '"findings":{"credit_card":1}' else '"findings":{}' end) as facts
      from generate_series(1, ${count}::int) n
    ) made`;
  await db.sql`
    insert into decisions (exchange_id, seq, phase, at, facts, decision, effect)
    select ${toId(db)}, 1, 'tool_call', now(),
      replace(${calls}::text, '@kinds', case when n % ${EACH.dropping} = 0 then '["drop_database"]' else '["select"]' end)::json,
      ${none}::text::json, 'allow'
    from generate_series(1, ${count}::int) n`;
  await db.sql`analyze exchanges, decisions`;
}

/** Ids in the order of time, a millisecond apart, up to this moment. */
function toId(db: Database) {
  return db.sql`(select (substr(h, 1, 8) || '-' || substr(h, 9) || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
    from (select lpad(to_hex((extract(epoch from now()) * 1000)::bigint - 1000000 + n), 12, '0') as h) t)`;
}
