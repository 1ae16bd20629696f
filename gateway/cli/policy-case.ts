// `tollgate policy case`: a recorded exchange becomes a test case of a policy's repository.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import type { Database } from "../../db/client.ts";
import { findReplayRow } from "../../db/queries/replay-rows.ts";
import type { ReplayRow } from "../../db/queries/replay-rows.ts";
import { hideCallers } from "../corpus/pseudonyms.ts";
import type { Facts } from "../exchange.ts";
import { PHASES } from "../policy/manifest.ts";
import { toSampleFacts } from "../policy/sample-facts.ts";
import { CASE_EFFECTS, CASES, listCodes, toSlug } from "../policy-build/cases.ts";
import type { CaseEffect, CaseText } from "../policy-build/cases.ts";
import { createDecisionJudge } from "../replay/judge-decision.ts";
import { REASONS } from "../replay/judge-exchange.ts";
import type { Outcome } from "../replay/outcome.ts";
import { toRecordLine } from "../replay/record-line.ts";
import { readFacts } from "../replay/read-recorded.ts";
import { openSide } from "../replay/side.ts";
import type { Side } from "../replay/side.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { ACTIVE, findPolicy } from "./policy-source.ts";
import { toPlain } from "./print.ts";
import { withDatabase } from "./with-database.ts";

type Expected = { readonly effect: CaseEffect; readonly code: string };
type Options = {
  readonly dir: string;
  readonly name?: string;
  readonly phase: string;
  readonly expect: readonly Expected[];
  readonly keepNames?: true;
  readonly force?: true;
};

/** Adds the command. */
export function addPolicyCase(group: Command, program: Command, context: CommandContext): void {
  group
    .command("case")
    .description(
      "write a recorded exchange as a test case into a policy's repository; its texts are never part of it",
    )
    .argument("<exchange>", "its id, as the header x-tollgate-exchange-id names it")
    .option("--dir <dir>", "the folder that holds gateway/", ".")
    .option("--name <name>", "what the case is called (default: what was asked and decided)")
    .addOption(
      new Option(
        "--phase <phase>",
        "which decision: the request's, or a later one, the first that did something",
      )
        .choices([...PHASES])
        .default("request"),
    )
    .option(
      "--expect <effect:code>",
      `what is to be decided, where that is not what the active policy says: deny:model_not_allowed, or deny: for nothing; ${CASE_EFFECTS.join(", ")}; may be repeated`,
      addExpected,
      [],
    )
    .option("--keep-names", "keep who asked, the claims and the owners as they were recorded")
    .option("--force", "write over a case that is there")
    .action(async (id: string, options: Options) => {
      const folder = resolve(context.cwd, options.dir);
      if (!existsSync(join(folder, "gateway")))
        throw new CommandError(
          `There is no policy in ${options.dir}: \`tollgate policy init\` makes one.`,
          2,
        );
      const { made, said } = await withDatabase(
        context,
        { create: false, configFile: getConfigFile(program) },
        async (db, config) => {
          const side = await openSide(await findPolicy({ db, config, cwd: context.cwd }, ACTIVE), true);
          const judged = await judge(db, side, id, options);
          return { made: toCase(side, judged, options), said: toSentence(judged.outcome) };
        },
      );
      const path = `${CASES}/${toSlug(made.name)}.json`;
      const file = join(folder, path);
      if (existsSync(file) && options.force !== true)
        throw new CommandError(
          `${path} is there already: --name calls this one otherwise, --force writes over it.`,
        );
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify([made], null, 2)}\n`);
      context.stdout.write(`${path}: ${toPlain(said)}\n\nNext: tollgate policy check ${options.dir}\n`);
    });
}

type JudgedFacts = { readonly facts: Facts; readonly outcome: Outcome };

/** Finds the facts, and what the active policy says of them; what is shown of them is what a case may hold. */
async function judge(
  db: Database,
  side: Side,
  id: string,
  { phase, keepNames }: Options,
): Promise<JudgedFacts & { readonly shown: Facts }> {
  const row = await findReplayRow(db, id);
  if (row === null) throw new CommandError("No exchange has this id.");
  const open = keepNames === true ? row : hideNames(row);
  const decisions = createDecisionJudge({ next: side, against: null });
  const request = decisions.request(row.facts, row.decision);
  if (typeof request === "string") throw new CommandError(`It can't become a case: ${REASONS[request]}.`);
  const tokens = request.tokens.after;
  const toFacts = (json: string | null | undefined): Facts => {
    const facts = readFacts(json ?? null);
    if (facts === null) throw new CommandError(`It can't become a case: ${REASONS.unreadable}.`);
    const { basis: _, ...plain } = facts;
    return { ...plain, request: { ...plain.request, tokens } };
  };
  if (phase === "request")
    return { facts: toFacts(row.facts), shown: toFacts(open.facts), outcome: request.after };
  const judged = row.later.flatMap((one, index) => {
    const later = one.phase === phase ? decisions.later(one, request.tokens) : null;
    return later === null || typeof later === "string" ? [] : [{ index, outcome: later.after }];
  });
  const first = judged.find(({ outcome }) => outcome.effects.size > 0) ?? judged[0];
  if (first === undefined)
    throw new CommandError(
      row.later.some((one) => one.phase === phase)
        ? `What was decided of it in the phase ${phase} can't be judged again.`
        : `Nothing was decided of it in the phase ${phase}, or nothing that is recorded.`,
    );
  const { index, outcome } = first;
  return { facts: toFacts(row.later[index]?.facts), shown: toFacts(open.later[index]?.facts), outcome };
}

/** Calls each person and agent otherwise, the same one the same wherever it is named. */
function hideNames(row: ReplayRow): ReplayRow {
  let count = 0;
  const hidden = hideCallers(toRecordLine(row), () => `person-${(count += 1)}`);
  if (hidden === null) throw new CommandError(`It can't become a case: ${REASONS.unreadable}.`);
  const write = (facts: unknown): string | null => (facts === null ? null : JSON.stringify(facts));
  return {
    ...row,
    facts: write(hidden.facts),
    later: row.later.map((one, index) => ({ ...one, facts: write(hidden.later[index]?.facts ?? null) })),
  };
}

function toCase(
  side: Side,
  { facts, shown, outcome }: Awaited<ReturnType<typeof judge>>,
  options: Options,
): CaseText {
  if (options.keepNames !== true && toCodes(side.judge(shown)) !== toCodes(outcome))
    throw new CommandError(
      "The active policy decides it by who asked: --keep-names keeps names and claims in the case.",
    );
  const decision: CaseText["decision"] = {};
  for (const effect of CASE_EFFECTS) {
    const asked = options.expect.filter((one) => one.effect === effect);
    const codes =
      asked.length > 0
        ? asked.map(({ code }) => code).filter((code) => code !== "")
        : effect === "mask"
          ? []
          : listCodes(outcome, effect);
    if (codes.length > 0 || (effect === "mask" && asked.length > 0)) decision[effect] = [...codes];
  }
  const { operator } = side;
  const { v: _, ...kept } = shown;
  const { id, session } = toSampleFacts(shown.phase);
  return {
    name: options.name ?? toName(facts, outcome),
    facts: { ...kept, id, session: { ...kept.session, id: session.id } },
    ...(operator !== null && { operator }),
    decision,
  };
}

function toCodes(outcome: Outcome): string {
  return JSON.stringify(CASE_EFFECTS.map((effect) => listCodes(outcome, effect)));
}

function toName({ operation, request, phase }: Facts, outcome: Outcome): string {
  const model = request.model === null ? "" : ` of ${request.model}`;
  const codes = [
    ...new Set([
      ...listCodes(outcome, "deny"),
      ...listCodes(outcome, "require_approval"),
      ...listCodes(outcome, "observe"),
    ]),
  ];
  const at = phase === "request" ? "" : `, ${phase.replace("_", " ")}`;
  return `${operation}${model}${at}: ${codes.join(", ") || "allowed"}`.slice(0, 200);
}

function toSentence(outcome: Outcome): string {
  const denied = listCodes(outcome, "deny");
  return denied.length === 0
    ? "the active policy lets it through"
    : `the active policy refuses it (${denied.join(", ")})`;
}

function addExpected(text: string, known: readonly Expected[]): readonly Expected[] {
  const [name = "", code = ""] = text.split(":", 2);
  const effect = CASE_EFFECTS.find((one) => one === name);
  if (effect === undefined || !text.includes(":"))
    throw new InvalidArgumentError(`Expected an effect and a code, such as deny:model_not_allowed.`);
  return [...known, { effect, code }];
}
