// Prints one approval for whoever is to answer: who asks for what, by which rule, and the masked texts.
import type { findApproval } from "../../db/queries/approvals.ts";
import type { ApprovalRow } from "../../db/queries/approvals.ts";
import { readTexts } from "../approvals/content.ts";
import type { ShownTexts } from "../approvals/content.ts";
import { openContentBox } from "../approvals/open-approvals.ts";
import { readFrom } from "../approvals/people.ts";
import type { Output } from "./context.ts";
import { printFields, printTable, toMoment, toPlain } from "./print.ts";
import type { RuleTexts } from "./rule-texts.ts";

type Found = NonNullable<Awaited<ReturnType<typeof findApproval>>>;

/** Opens what reviewers are shown; null where the key does not open it. */
export function openShown({ id, sealed, keyId }: ApprovalRow, key: Buffer): ShownTexts | null {
  try {
    return readTexts(openContentBox(key).open({ sealed, keyId }, `approval ${id}`));
  } catch {
    return null;
  }
}

/** Says whose word is wanted: somebody of each list, and of a list anybody. */
export function toFrom(approval: Pick<ApprovalRow, "from">): string {
  return readFrom(approval)
    .map((list) => list.join(" or "))
    .join(", and somebody of ");
}

/** Prints it. */
export function printApproval(
  output: Output,
  { approval, votes, exchanges }: Found,
  rules: RuleTexts,
  shown: ShownTexts | null,
): void {
  const rule = rules.find(approval.code);
  const yes = votes.filter(({ vote }) => vote === "approve").length;
  output.write(`Approval ${approval.id}\n`);
  printFields(output, [
    ["state", toState(approval)],
    ["question", approval.question],
    ["about", approval.about],
    ["who", `${approval.subject} (${approval.callerKind} of ${approval.issuer}, tenant ${approval.tenant})`],
    ["what", approval.operation],
    ["model", approval.model],
    ["connection", approval.connection],
    ["asked", `${toMoment(approval.createdAt)} UTC`],
    ["deadline", `${toMoment(approval.deadline)} UTC`],
    ["wanted", `${yes} of ${approval.people} yeses, from ${toFrom(approval)}`],
    ["allows", "this request, unchanged, once"],
    ["rule", `${approval.code}${rule === null ? "" : `: ${rule.title}`}`],
    ["source", rules.findSource(approval.code)],
    ["bundle", `revision ${approval.revision}`],
    ["exchanges", exchanges.join(", ")],
    ["let out", approval.usedBy],
  ]);
  if (votes.length > 0) {
    output.write("\nAnswers\n");
    const rows = votes.map(({ at, name, vote, reason }) => ["", toMoment(at), name, vote, reason ?? "-"]);
    printTable(output, ["", "TIME (UTC)", "WHO", "ANSWER", "REASON"], rows);
  }
  printTexts(output, shown);
  if (approval.state === "pending")
    output.write(
      `\nAnswer it: tollgate approvals approve ${approval.id}\n       or: tollgate approvals deny ${approval.id} --reason "…"\n`,
    );
}

function printTexts(output: Output, shown: ShownTexts | null): void {
  if (shown === null) {
    output.write("\nIts texts are sealed, and the key is not at hand here.\n");
    return;
  }
  output.write(shown.texts.length === 0 ? "\nIt carries no texts.\n" : "\nTexts, masked\n");
  for (const { pointer, kind, role, text } of shown.texts) {
    output.write(`  ${toPlain(pointer)}  ${kind}${role === "none" ? "" : `, ${role}`}\n`);
    for (const line of text.split("\n")) output.write(`    ${toPlain(line)}\n`);
  }
  if (shown.cut > 0) output.write(`  … and ${shown.cut} characters more that are not shown.\n`);
}

function toState({ state, decidedAt, expiresAt, endedAt }: ApprovalRow): string {
  const at = (moment: Date | null): string => (moment === null ? "" : ` ${toMoment(moment)} UTC`);
  const told = {
    pending: "pending: it waits for an answer",
    approved: `approved${at(decidedAt)}; its request has until${at(expiresAt)} to come again`,
    denied: `denied${at(decidedAt)}`,
    used: `used${at(endedAt)}`,
    expired: "expired: nobody answered, or used it, in time",
  } as const;
  return told[state];
}
