// Prints one exchange for a reader: who, what, which rule, which bundle revision, and the chain of its tool calls.
import { z } from "zod";
import type { CallChain, ExchangeDetails } from "../../db/queries/exchanges.ts";
import type { Output } from "./context.ts";
import { printFields, printTable, toMoment, toPlain } from "./print.ts";
import type { RuleTexts } from "./rule-texts.ts";

const timings = z.record(z.string(), z.number()).catch({});
const usage = z
  .object({
    input_tokens: z.number(),
    cached_tokens: z.number(),
    output_tokens: z.number(),
    estimated: z.boolean(),
  })
  .nullable()
  .catch(null);
const decision = z
  .object({ allow: z.array(z.object({ code: z.string() })).catch([]) })
  .nullable()
  .catch(null);

const value = z.union([z.boolean(), z.number(), z.string()]).nullable();
const changes = z
  .object({
    changes: z.array(
      z.object({
        parameter: z.string(),
        pointer: z.string(),
        codes: z.array(z.string()),
        from: value,
        to: value,
        taken: z.array(z.string()).optional(),
      }),
    ),
  })
  .nullable()
  .catch(null);

/** Prints the exchange with everything that belongs to it. */
export function printExchange(output: Output, details: ExchangeDetails, texts: RuleTexts): void {
  const { exchange, end } = details;
  output.write(`Exchange ${exchange.id}\n`);
  const groups = exchange.groups.length === 0 ? "" : `, groups ${exchange.groups.join(", ")}`;
  const who =
    exchange.subject === null
      ? "nobody was identified"
      : `${exchange.subject} (${exchange.callerKind ?? "unknown"} of ${exchange.issuer ?? "unknown"}, tenant ${exchange.tenant}${groups})`;
  const isCurrent = texts.revision !== null && texts.revision === exchange.revision;
  printFields(output, [
    ["when", `${toMoment(exchange.at)} UTC`],
    ["who", who],
    ["acts for", exchange.actsFor],
    [
      "what",
      `${exchange.operation} (${exchange.method} ${exchange.path})${exchange.stream ? ", streamed" : ""}`,
    ],
    ["model", exchange.model === null ? null : toModel(exchange.model, end?.model ?? null)],
    ["connection", exchange.connection],
    ["session", exchange.sessionId],
    ["program", exchange.client],
    ["effect", toEffect(details)],
    [
      "bundle",
      exchange.revision === null
        ? "not asked"
        : `revision ${exchange.revision}${isCurrent ? "" : " (not the one configured here)"}`,
    ],
    ["data", exchange.dataRevision],
    ["findings", exchange.classes.join(", ")],
    ["ended", toEnd(details)],
    ["usage", toUsage(end?.usage)],
    ["time", toTimings(exchange.timings, end?.timings)],
  ]);
  printRules(output, details, texts);
  printChanges(output, details);
  printDecisions(output, details);
  printMasked(output, details);
  printReveals(output, details);
  printApprovals(output, details);
  printCalls(output, "Tool calls of its answer", details.calls, exchange.id);
  printCalls(output, "Tool calls whose outputs it carries", details.answered, exchange.id);
  if (details.texts.length > 0) output.write("\nTexts of it are recorded, sealed.\n");
}

function printRules(output: Output, details: ExchangeDetails, texts: RuleTexts): void {
  const { exchange, end } = details;
  const denied = details.denials.map((denial) => ({
    code: denial.code,
    effect: denial.observed ? "observed (would have denied)" : "denied",
    at: `${toPhase(denial.phase)}${denial.callId === "" ? "" : `, call ${denial.callId}`}`,
  }));
  const allowed = (decision.parse(exchange.decision)?.allow ?? []).map(({ code }) => ({
    code,
    effect: "allowed",
    at: "request",
  }));
  const known = new Set([...denied, ...allowed].map(({ code }) => code));
  const others = [...new Set([...exchange.codes, ...(end?.errorCode == null ? [] : [end.errorCode])])]
    .filter((code) => !known.has(code))
    .map((code) => ({
      code,
      // Of codes without a denial of their own only the one that the exchange ended with refused.
      effect: exchange.effect === "allow" || code !== (end?.errorCode ?? code) ? "contributed" : "refused",
      at: "request",
    }));
  const lines = [...denied, ...others, ...allowed];
  if (lines.length > 0) output.write("\nRules\n");
  for (const { code, effect, at } of lines) {
    const text = texts.find(code);
    output.write(`  ${toPlain(code)}  ${effect}  (${toPlain(at)})\n`);
    if (text === null) continue;
    output.write(`    ${toPlain(text.title)}\n`);
    if (effect !== "allowed") output.write(`    remedy: ${toPlain(text.remedy)}\n`);
  }
}

function printChanges(output: Output, { exchange }: ExchangeDetails): void {
  const all = changes.parse(exchange.decision)?.changes ?? [];
  if (all.length > 0) output.write("\nParameters that were changed\n");
  for (const { pointer, from, to, taken, codes } of all) {
    const what =
      taken === undefined ? `${from ?? "absent"} → ${to ?? "absent"}` : `without ${taken.join(", ")}`;
    output.write(`  ${toPlain(pointer)}  ${toPlain(what)}  (${toPlain(codes.join(", "))})\n`);
  }
}

function printDecisions(output: Output, details: ExchangeDetails): void {
  if (details.decisions.length === 0) return;
  output.write("\nDecisions after the request's\n");
  for (const row of details.decisions) {
    const codes = row.codes.length === 0 ? "" : `  ${row.codes.join(", ")}`;
    output.write(
      `  ${row.seq}  ${toMoment(row.at)}  ${toPhase(row.phase)}  ${row.effect}${toPlain(codes)}\n`,
    );
  }
}

/** Tells what was masked where, never what it was. */
function printMasked(output: Output, { masked }: ExchangeDetails): void {
  if (masked.length === 0) return;
  output.write("\nValues\n");
  const headings = ["", "CLASS", "COUNT", "BECAME", "WAY", "WHERE", "DETECTOR", "RULE"];
  const rows = masked.map(({ class: ofClass, count, outcome, operator, direction, ...row }) => [
    "",
    ofClass,
    String(count),
    OUTCOMES[outcome] ?? `${outcome} (${operator})`,
    direction,
    [row.kind, row.place].filter((part) => part !== null).join(" ") || "-",
    row.detector ?? "-",
    row.code,
  ]);
  printTable(output, headings, rows);
}

/** Tells who had the originals shown. */
function printReveals(output: Output, { reveals }: ExchangeDetails): void {
  if (reveals.length === 0) return;
  output.write("\nReveals of its originals\n");
  const rows = reveals.map(({ at, subject, outcome, code, reason, id }) => [
    "",
    toMoment(at),
    subject,
    outcome === "shown" ? outcome : `${outcome}: ${code ?? "-"}`,
    reason ?? "-",
    id,
  ]);
  printTable(output, ["", "TIME (UTC)", "SUBJECT", "BECAME", "REASON", "EXCHANGE"], rows);
}

/** Tells what people were asked, and what became of it. */
function printApprovals(output: Output, { approvals, exchange }: ExchangeDetails): void {
  if (approvals.length === 0) return;
  output.write("\nApprovals\n");
  const rows = approvals.map(({ id, code, state, question, usedBy }) => [
    "",
    id,
    code,
    state === "used" ? `used by ${toName(usedBy, exchange.id)}` : state,
    question,
  ]);
  printTable(output, ["", "ID", "RULE", "BECAME", "QUESTION"], rows);
}

/** What becomes of a value that is not masked. */
const OUTCOMES: Readonly<Record<string, string>> = {
  detected: "detected only",
  blocked: "refused",
  unmaskable: "refused: cannot be masked there",
};

/** Draws each call's chain: the prompt that caused it, the exchange that asked for it, the one that brought its output. */
function printCalls(output: Output, title: string, calls: readonly CallChain[], here: string): void {
  if (calls.length === 0) return;
  output.write(`\n${title}\n`);
  for (const call of calls) {
    const codes = call.codes.length === 0 ? "" : ` by ${call.codes.join(", ")}`;
    output.write(
      `  ${toPlain(call.name ?? call.type)}  ${toPlain(call.callId)}  (${toPlain(call.type)})  ${call.outcome}${toPlain(codes)}\n`,
    );
    const prompt =
      call.promptHash === null
        ? "no prompt was found"
        : `prompt ${call.promptHash.slice(0, 12)} at ${call.promptPointer ?? "?"}, first in exchange ${toName(call.promptExchangeId, here)}`;
    output.write(`    ${toPlain(prompt)}\n`);
    output.write(`    └─ called in exchange ${toName(call.exchangeId, here)}\n`);
    const end =
      call.outcome === "denied" ? "never ran" : `output in exchange ${toName(call.outputExchangeId, here)}`;
    output.write(
      `       └─ ${call.outcome === "denied" || call.outputExchangeId !== null ? end : "no output has come"}\n`,
    );
  }
}

/** A phase of the policy, in a reader's words. */
function toPhase(phase: string): string {
  const words: Readonly<Record<string, string>> = {
    answer: "answer's beginning",
    finding: "finding in the answer",
    tool_call: "tool call",
    end: "answer's end",
    whole: "whole answer",
  };
  return words[phase] ?? phase;
}

function toName(id: string | null, here: string): string {
  return id === null ? "unknown" : id === here ? `${id} (this one)` : id;
}

function toEffect({ exchange, decisions }: ExchangeDetails): string {
  const later = decisions.find((row) => row.effect !== "allow");
  const codes = exchange.codes.length === 0 ? "" : `: ${exchange.codes.join(", ")}`;
  if (exchange.effect !== "allow" || later === undefined)
    return exchange.effect + (exchange.effect === "allow" ? "" : codes);
  return `allow, then ${later.effect} in its answer: ${later.codes.join(", ")}`;
}

function toEnd({ exchange, end, outcome }: ExchangeDetails): string {
  if (end === null)
    return outcome === "lost"
      ? "lost: its process died before it could record an end"
      : "open: it has not ended, or its process died within the last hour";
  const status = end.httpStatus === null ? "" : `, HTTP ${end.httpStatus}`;
  const code = end.errorCode === null ? "" : `, ${end.errorCode}`;
  return `${end.outcome}${status}${code}, after ${end.at.getTime() - exchange.at.getTime()} ms`;
}

function toModel(asked: string, answered: string | null): string {
  return answered === null || answered === asked ? asked : `${asked}, answered by ${answered}`;
}

function toUsage(value: unknown): string | null {
  const used = usage.parse(value ?? null);
  if (used === null) return null;
  const cached = used.cached_tokens === 0 ? "" : ` (${used.cached_tokens} cached)`;
  return `${used.input_tokens} tokens in${cached}, ${used.output_tokens} out${used.estimated ? ", estimated" : ""}`;
}

function toTimings(first: unknown, last: unknown): string | null {
  const all = Object.entries({ ...timings.parse(first ?? {}), ...timings.parse(last ?? {}) });
  return all.length === 0 ? null : all.map(([name, ms]) => `${name} ${ms} ms`).join(", ");
}
