// A decision as OPA's decision logs tell of one: https://www.openpolicyagent.org/docs/management-decision-logs
import { z } from "zod";
import type { WaitingDecision } from "../../db/queries/decision-log.ts";
import type { Json, JsonObject } from "../exchange.ts";
import { readSetRevision } from "../set-revision.ts";

const recorded = z.object({ basis: z.json().optional() }).catchall(z.json());
const timings = z.looseObject({ policy: z.number().optional() }).nullable();

/** An event of a decision log. */
export type DecisionEvent = {
  readonly labels: Readonly<Record<string, string>>;
  /** The exchange's id; of its later decisions with their number behind it. */
  readonly decision_id: string;
  readonly bundles: Readonly<Record<string, { readonly revision: string }>>;
  /** The rule that was asked. */
  readonly path: string;
  readonly input?: Json;
  readonly result?: Json;
  /** Pointers of what the policy's own `system.log.mask` took out. */
  readonly erased?: readonly string[];
  /** Pointers of what it replaced. */
  readonly masked?: readonly string[];
  readonly error?: { readonly code: string };
  /** RFC 3339. */
  readonly timestamp: string;
  readonly metrics: Readonly<Record<string, number>>;
  /** What OPA has no member for. */
  readonly custom: JsonObject;
};

/** Several bundles stand under their names. */
function toBundles(revision: string): DecisionEvent["bundles"] {
  const members = readSetRevision(revision);
  if (members === null) return { gateway: { revision } };
  return Object.fromEntries(members.map((member) => [member.name, { revision: member.revision }]));
}

/** Gives the event of a decision. */
export function toEvent(
  row: Omit<WaitingDecision, "entry">,
  labels: Readonly<Record<string, string>>,
): DecisionEvent {
  // What the record lacks of the facts is no fact.
  const { basis = null, ...facts } = recorded.parse(JSON.parse(row.facts));
  const decision: Json = JSON.parse(row.decision ?? "null");
  const milliseconds = timings.parse(JSON.parse(row.timings ?? "null"))?.policy;
  return {
    labels,
    decision_id: row.seq === 0 ? row.exchangeId : `${row.exchangeId}.${row.seq}`,
    bundles: toBundles(row.revision),
    path: `gateway/main/${row.phase}`,
    input: facts,
    ...(decision === null ? { error: { code: row.codes[0] ?? "policy_unavailable" } } : { result: decision }),
    timestamp: row.at,
    metrics: milliseconds === undefined ? {} : { timer_rego_query_eval_ns: Math.round(milliseconds * 1e6) },
    custom: {
      exchange_id: row.exchangeId,
      session_id: row.sessionId,
      data_revision: row.dataRevision,
      effect: row.effect,
      codes: [...row.codes],
      basis,
    },
  };
}
