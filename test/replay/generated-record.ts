// Fills a database with a record of which it is known what another policy would do otherwise.
import type { Database } from "../../db/client.ts";
import { toSampleFacts } from "../../gateway/policy/sample-facts.ts";
import { toDecision } from "../fixtures/example-rows.ts";

/** Of so many exchanges one asks a model that nobody may, one drops a database, one shows no basis. */
export const EACH = { denied: 100, dropping: 50, unmarked: 1000 } as const;

/**
 * Puts exchanges into the record, each with a call after it, as a gateway with the default bundle would have. Each has ids
 * of its own; of what else rules read of a request so much is `different`.
 */
export async function generateRecord(db: Database, count: number, different = 5000): Promise<void> {
  const first = Date.now() - 1_000_000;
  const basis = { altered: [] };
  const request = { ...toSampleFacts("request"), basis };
  const call = { ...toSampleFacts("tool_call"), basis };
  const masks = [
    { code: "values_masked", class: "credit_card", with: "last4" },
    { code: "values_masked", class: "secret", with: "redact" },
  ] as const;
  const allowed = toDecision({ allow: [{ code: "operation_allowed" }], mask: masks });
  const denied = { ...allowed, deny: [{ code: "model_not_allowed", about: "davinci-002" }] };
  const nothing = toDecision({ allow: [] });
  const dropped = {
    ...nothing,
    deny: [{ code: "sql_destructive", call: "call_@id", about: "drop_database" }],
  };
  // Facts of which one is unlike the other, as facts are.
  const facts = JSON.stringify(request)
    .replace(request.id, "@id")
    .replace('"count":800', '"count":@n')
    .replace("gpt-4.1-mini", "@model");
  const calls = JSON.stringify(call)
    .replace(call.id, "@id")
    .replace("call_1", "call_@id")
    .replace('["select"]', "@kinds");
  const [plain, refused, none, stopped] = [allowed, denied, nothing, dropped].map((one) =>
    JSON.stringify(one),
  );
  if (plain === undefined || refused === undefined || none === undefined || stopped === undefined) return;
  await db.sql`
    insert into exchanges (id, at, tenant, issuer, subject, groups, operation, connection, method, path, stream, effect, facts, decision)
    select id, now(), 'default', 'tollgate', 'agent-' || (n % 7), '{developers}', 'responses.create', 'openai', 'POST', '/responses', true, 'allow',
      (case when n % ${EACH.unmarked} = 1 then replace(facts, ',"basis":{"altered":[]}', '') else facts end)::json,
      (case when n % ${EACH.denied} = 0 then ${refused}::text else ${plain}::text end)::json
    from (
      select n, ${toId(db, first)} as id,
        replace(replace(replace(${facts}::text, '@n', (n % ${different}::int)::text), '@id', n::text), '@model',
          case when n % ${EACH.denied} = 0 then 'davinci-002' else 'gpt-4.1-mini' end) as facts
      from generate_series(1, ${count}::int) n
    ) made`;
  await db.sql`
    insert into decisions (exchange_id, seq, phase, at, facts, decision, effect)
    select ${toId(db, first)}, 1, 'tool_call', now(),
      replace(replace(${calls}::text, '@id', n::text), '@kinds', case when n % ${EACH.dropping} = 0 then '["drop_database"]' else '["select"]' end)::json,
      (case when n % ${EACH.dropping} = 0 then replace(${stopped}::text, '@id', n::text) else ${none}::text end)::json, 'allow'
    from generate_series(1, ${count}::int) n`;
  await db.sql`vacuum (analyze) exchanges, decisions`;
}

/** Ids in the order of time, a millisecond apart, up to this moment. */
function toId(db: Database, first: number) {
  return db.sql`(select (substr(h, 1, 8) || '-' || substr(h, 9) || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
    from (select lpad(to_hex(${first}::bigint + n), 12, '0') as h) t)`;
}
