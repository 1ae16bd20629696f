// Turns what the pipeline says of an exchange into the JSON texts of table rows.
import { hash } from "node:crypto";
import type { Decision, Effect, Facts, ParameterChange } from "../exchange.ts";
import { WHOLE } from "./basis.ts";
import type { WithBasis } from "./basis.ts";
import type {
  CallRow,
  DecisionRow,
  ExchangeClosed,
  ExchangeOpened,
  OwnerContext,
  ReplacedCallRow,
} from "./rows.ts";

const CLIENT_LENGTH = 256;
const NAME_LENGTH = 256;
const ID_LENGTH = 256;
/** As many groups of an owner as facts show. */
const MOST_GROUPS = 64;

/**
 * Gives an id or a name as it is stored: a long one by its digest, since an entry of an index has a limit, and one
 * provider's or program's id must not be what the record fails at. What is stored stays as it is when it comes again.
 */
export function toStoredId(text: string): string {
  const storable = toStorableText(text);
  return storable.length <= ID_LENGTH ? storable : `sha256:${hash("sha256", storable)}`;
}

/** Gives the row of `exchanges`. */
export function toExchangeRow(row: ExchangeOpened): string {
  const { caller, facts, changes = [] } = row;
  return toFactsJson({
    id: row.id,
    sessionId: row.session?.id ?? null,
    at: row.at,
    tenant: caller?.tenant ?? "default",
    issuer: caller?.issuer ?? null,
    subject: caller?.subject ?? null,
    callerKind: caller?.kind ?? null,
    groups: caller?.groups ?? [],
    actsFor: caller?.actsFor ?? null,
    credentialId: caller?.credentialId ?? null,
    connection: row.connection,
    operation: row.operation,
    method: row.method,
    path: row.path,
    model: toStoredName(facts?.request.model ?? null),
    stream: facts?.request.stream ?? false,
    client: row.client?.slice(0, CLIENT_LENGTH).toWellFormed() ?? null,
    facts: facts === null ? null : toStoredFacts(facts),
    decision: withChanges(toStoredDecision(row.decision), changes),
    effect: row.effect,
    codes: toCodes(row.decision, row.errorCode, changes),
    classes: facts === null ? [] : Object.keys(facts.findings),
    revision: row.version?.revision ?? null,
    dataRevision: row.version?.dataRevision ?? null,
    timings: row.timings,
    promptHash: row.prompt?.hash ?? null,
    promptPointer: row.prompt?.pointer ?? null,
    callOutputs: row.callOutputs.map(toStoredId),
  });
}

/** Gives the row of `sessions` that this exchange is the first of, else null. */
export function toSessionRow(row: ExchangeOpened): string | null {
  const { session, caller } = row;
  if (session === null || caller === null || !session.isNew) return null;
  return toJson({
    id: session.id,
    tenant: caller.tenant,
    issuer: caller.issuer,
    subject: caller.subject,
    connection: row.connection ?? "",
    origin: session.origin,
    name: session.name?.slice(0, NAME_LENGTH).toWellFormed() ?? null,
    startedAt: row.at,
  });
}

/** Gives the row of `decisions`. */
export function toDecisionRow(row: DecisionRow): string {
  return toFactsJson({
    exchangeId: row.exchangeId,
    seq: row.seq,
    phase: row.phase,
    at: row.at,
    facts: row.facts === null ? null : toStoredFacts(row.facts),
    decision: toStoredDecision(row.decision),
    effect: row.effect,
    codes: toCodes(row.decision, row.errorCode),
    classes: row.facts === null ? [] : Object.keys(row.facts.findings),
    calls: toCalls(row.calls),
    timings: row.timings,
  });
}

/** Gives the row of `exchange_ends`. */
export function toEndRow(row: ExchangeClosed): string {
  const { sessionId: _, left, ...rest } = row;
  return toJson({ ...rest, responseIds: row.responseIds.map(toStoredId), held: left?.held ?? null });
}

/** Gives the row of `conversation_turns` that an exchange adds, null where it adds none. */
export function toTurnRow({ left, exchangeId, at }: ExchangeClosed): string | null {
  const conversation = left?.conversation ?? null;
  if (left === undefined || conversation === null) return null;
  const { id, added } = conversation;
  return toJson({ connection: left.connection, conversationId: toStoredId(id), exchangeId, added, at });
}

/** Gives the row of `objects`. */
export function toObjectRow(
  object: { readonly kind: string; readonly id: string },
  context: OwnerContext,
): string {
  return toJson({
    kind: object.kind,
    id: toStoredId(object.id),
    ...toContext(context),
    groups: context.caller.groups.slice(0, MOST_GROUPS).map(toStorableText),
    labels: context.labels,
  });
}

/** Gives the row of `replaced_calls`. */
export function toReplacedRow(row: ReplacedCallRow): string {
  const { callId, type, responseId, conversationId, messageId, reasoningIds, itemId, code } = row;
  return toJson({
    ...toContext(row),
    callId: toStoredId(callId),
    type,
    responseId: toStoredName(responseId),
    conversationId: toStoredName(conversationId),
    messageId: toStoredName(messageId),
    reasoningIds: reasoningIds.map(toStoredId),
    itemId: toStoredName(itemId),
    code,
  });
}

/**
 * Gives JSON that PostgreSQL takes: its text has no NUL and its jsonb no lone surrogates, so each becomes U+FFFD.
 * A program's own strings (names of models, tools, clients) may hold them.
 */
export function toJson(value: unknown): string {
  return toStorableJson(JSON.stringify(value), value);
}

function toStorableJson(json: string, value: unknown): string {
  if (!json.includes("\\u0000") && !json.includes("\\ud")) return json;
  return JSON.stringify(value, (_key, inner: unknown) => toStorable(inner));
}

function toStorable(value: unknown): unknown {
  if (typeof value === "string") return toStorableText(value);
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [toStorableText(key), inner]));
}

function toStorableText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}

function toContext(context: OwnerContext): Record<string, string | number | null> {
  const { connection, caller, sessionId, exchangeId, at } = context;
  const { tenant, issuer, subject } = caller;
  return { connection, tenant, issuer, subject, sessionId, exchangeId, at };
}

function toStoredName(text: string | null): string | null {
  return text === null ? null : toStoredId(text);
}

/** As `toJson`; facts that hold what PostgreSQL does not take are no longer those that policy saw. */
function toFactsJson(row: {
  readonly facts: WithBasis<Facts> | null;
  readonly [name: string]: unknown;
}): string {
  const json = JSON.stringify(row);
  if (!json.includes("\\u0000") || row.facts === null) return toStorableJson(json, row);
  return toStorableJson(json, { ...row, facts: withAltered(row.facts, "") });
}

function withAltered(facts: WithBasis<Facts>, pointer: string): WithBasis<Facts> {
  const { basis = WHOLE } = facts;
  return { ...facts, basis: { ...basis, altered: [...basis.altered, pointer] } };
}

/** Recorded facts refer to texts and bodies, they never hold them; and name calls as all rows do. */
function toStoredFacts(facts: WithBasis<Facts>): WithBasis<Facts> {
  const { body, texts, ...rest } = facts;
  const kept = body === undefined && texts === undefined ? facts : rest;
  if (kept.calls?.some(({ id }) => id.length > ID_LENGTH) !== true) return kept;
  const calls = kept.calls.map((call) => ({ ...call, id: toStoredId(call.id) }));
  return withAltered({ ...kept, calls }, "/calls");
}

/** Effects name calls as all rows do. */
function toStoredDecision(decision: Decision | null): Decision | null {
  if (decision === null) return null;
  const { deny, observe } = decision;
  if (!deny.some(isLong) && !observe.some(isLong)) return decision;
  return { ...decision, deny: deny.map(toStoredEffect), observe: observe.map(toStoredEffect) };
}

/** What became of the parameters stands beside what was wanted of them. */
function withChanges(
  decision: Decision | null,
  changes: readonly ParameterChange[],
): (Decision & { readonly changes?: readonly ParameterChange[] }) | null {
  return decision === null || changes.length === 0 ? decision : { ...decision, changes };
}

function isLong({ call }: Effect): boolean {
  return call !== undefined && call.length > ID_LENGTH;
}

function toStoredEffect(effect: Effect): Effect {
  return effect.call === undefined ? effect : { ...effect, call: toStoredId(effect.call) };
}

function toCalls(calls: readonly CallRow[]): readonly CallRow[] | null {
  if (calls.length === 0) return null;
  return calls.map((call) => ({ ...call, id: toStoredId(call.id), name: toStoredName(call.name) }));
}

/** Codes by which an exchange is found: of all rules that did something but allow, and the error's. */
function toCodes(
  decision: Decision | null,
  errorCode: string | null,
  changes: readonly ParameterChange[] = [],
): readonly string[] {
  const codes = new Set<string>(changes.flatMap((change) => change.codes));
  if (decision !== null) {
    for (const effect of decision.deny) codes.add(effect.code);
    for (const effect of decision.observe) codes.add(effect.code);
    for (const effect of decision.require_approval) codes.add(effect.code);
    // What may be kept of any exchange says nothing of this one.
    for (const effect of decision.record) if (effect.originals === undefined) codes.add(effect.code);
    for (const effect of decision.label) codes.add(effect.code);
  }
  if (errorCode !== null) codes.add(errorCode);
  return codes.size === 0 ? NONE : [...codes].sort();
}

const NONE: readonly string[] = [];
