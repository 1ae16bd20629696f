// `tollgate approvals`: what waits for a person's word, and giving it.
import type { Command } from "commander";
import { Option } from "commander";
import { castVote } from "../../db/queries/approval-votes.ts";
import type { Voted } from "../../db/queries/approval-votes.ts";
import { findApproval, listApprovals } from "../../db/queries/approvals.ts";
import type { ApprovalState, ApprovalSummary } from "../../db/queries/approvals.ts";
import { readFrom, readReason, refuseReviewer, toOperatorReviewer, toRules } from "../approvals/people.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseCount } from "./duration.ts";
import { toOperator } from "./operator.ts";
import { printFields, printJson, printTable, toMoment } from "./print.ts";
import { readRuleTexts } from "./rule-texts.ts";
import { openShown, printApproval, toFrom } from "./show-approval.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

const STATES = ["pending", "approved", "denied", "expired", "used"] as const;
const HEADINGS = ["ASKED (UTC)", "ID", "STATE", "RULE", "SUBJECT", "OPERATION", "ABOUT", "UNTIL (UTC)"];
const UNKNOWN = "No approval has this id.";

/** Adds the commands. */
export function addApprovals(program: Command, context: CommandContext): void {
  const group = program.command("approvals").description("requests that wait for a person's word");
  const use = () => ({ create: false, configFile: getConfigFile(program) });

  group
    .command("list")
    .description("list what waits for an answer, newest first")
    .addOption(new Option("--state <state>", "those in this state instead").choices(STATES))
    .option("--all", "those in every state")
    .option("--limit <count>", "at most so many", parseCount(1, 10_000), 50)
    .option("--json", "print an array of JSON")
    .action(async (options: { state?: ApprovalState; all?: true; limit: number; json?: true }) => {
      const state = options.all === true ? undefined : (options.state ?? "pending");
      const rows = await withDatabase(context, use(), (db) => listApprovals(db, { state }, options.limit));
      if (options.json === true) return printJson(context.stdout, rows.map(toJsonRow));
      if (rows.length === 0)
        context.stdout.write(state === "pending" ? "Nothing waits for an answer.\n" : "There are none.\n");
      else printTable(context.stdout, HEADINGS, rows.map(toRow));
    });

  group
    .command("show")
    .description("show one: who asks for what, by which rule, the masked texts, and the answers so far")
    .argument("<id>", "its id")
    .option("--json", "print JSON")
    .action(async (id: string, options: { json?: true }) => {
      const [found, texts, shown] = await withDatabase(context, use(), async (db, config, key) => {
        const one = await findApproval(db, id);
        const place = { db, config, env: context.env };
        const rules = await readRuleTexts(place, one?.approval.revision ?? null);
        return [one, rules, one === null || key === null ? null : openShown(one.approval, key)] as const;
      });
      if (found === null) throw new CommandError(UNKNOWN);
      if (options.json === true) {
        const { sealed: _, keyId: __, ...approval } = found.approval;
        const rule = texts.find(approval.code);
        return printJson(
          context.stdout,
          toJsonRow({ ...approval, rule, ...found, approval: undefined, shown }),
        );
      }
      printApproval(context.stdout, found, texts, shown);
    });

  group
    .command("who-can-approve")
    .description("say whose word one wants, and whether yours counts")
    .argument("<id>", "its id")
    .option("--json", "print JSON")
    .action(async (id: string, options: { json?: true }) => {
      const found = await withDatabase(context, use(), (db) => findApproval(db, id));
      if (found === null) throw new CommandError(UNKNOWN);
      const { approval } = found;
      const you = toOperatorReviewer(toOperator());
      const why = refuseReviewer(approval, you);
      if (options.json === true)
        return printJson(context.stdout, {
          id,
          from: readFrom(approval),
          people: approval.people,
          never: approval.barred,
          you: { name: you.name, may: why === null, why },
        });
      printFields(context.stdout, [
        ["people", String(approval.people)],
        ["from", toFrom(approval)],
        ["never", `${approval.barred.join(", ")}, and programs`],
        ["operators", "at a terminal like this one stand for any one of these groups"],
        ["you", why === null ? `may answer, as ${you.name}` : `may not: ${why}`],
      ]);
    });

  group
    .command("approve")
    .description("say yes to one")
    .argument("<id>", "its id")
    .option("--reason <text>", "why, for the record")
    .option("--json", "print JSON")
    .action((id: string, options: { reason?: string; json?: true }) => answer(id, "approve", options));

  group
    .command("deny")
    .description("say no to one: it is refused at once, and its program is told why")
    .argument("<id>", "its id")
    .requiredOption("--reason <text>", "why: the program is told")
    .option("--json", "print JSON")
    .action((id: string, options: { reason: string; json?: true }) => answer(id, "deny", options));

  async function answer(
    id: string,
    vote: "approve" | "deny",
    options: { readonly reason?: string; readonly json?: true },
  ): Promise<void> {
    const reason = readReason(options.reason);
    if (vote === "deny" && reason === null) throw new CommandError("Say why: a denial needs a reason.", 2);
    const reviewer = toOperatorReviewer(toOperator());
    const { person, name, groups } = reviewer;
    const [voted, found] = await withDatabase(context, use(), async (db) => {
      const given = { person, name, groups, vote, reason };
      return [await castVote(db, id, given, toRules(reviewer)), await findApproval(db, id)] as const;
    });
    if (voted.outcome !== "counted" || found === null) throw new CommandError(explain(voted));
    const { people } = found.approval;
    if (options.json === true)
      return printJson(context.stdout, {
        id,
        state: voted.state,
        agreed: voted.yes,
        needed: people,
        as: name,
      });
    const told = {
      approved: "Approved: the request may go out.",
      denied: "Denied: the request is refused.",
      pending: `Your yes is counted: ${voted.yes} of ${people}.`,
    } as const;
    context.stdout.write(`${told[voted.state]}\n`);
  }
}

function explain(voted: Voted): string {
  if (voted.outcome === "settled") return `It is ${voted.state} already.`;
  if (voted.outcome === "refused") return `Your answer doesn't count: ${voted.why}.`;
  if (voted.outcome === "late") return "Too late: its deadline is over.";
  return voted.outcome === "again" ? "You have answered already: a person has one vote." : UNKNOWN;
}

function toRow(row: ApprovalSummary): string[] {
  return [
    toMoment(row.createdAt).slice(0, 19),
    row.id,
    row.state,
    row.code,
    row.subject,
    row.operation,
    row.about ?? "-",
    toMoment(row.state === "approved" && row.expiresAt !== null ? row.expiresAt : row.deadline).slice(0, 19),
  ];
}
