// `tollgate sessions replay`: a recorded session, judged step by step by the policy that was in force, and by another.
import type { Command } from "commander";
import { z } from "zod";
import type { Database } from "../../db/client.ts";
import { findRequestSegments, readSessionSteps, readTexts } from "../../db/queries/session-steps.ts";
import type { SessionStep } from "../../db/queries/session-steps.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import type { Opa } from "../policy-build/run-opa.ts";
import { openBox } from "../record/keys.ts";
import { openRulePlaces } from "../policy-build/rule-places.ts";
import { createStepJudge } from "./session-steps.ts";
import type { PolicyReason, StepPolicy, Verdict } from "./session-steps.ts";
import { openSide } from "../replay/side.ts";
import type { SideSource } from "../replay/side.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseCount } from "./duration.ts";
import { findPolicy } from "./policy-source.ts";
import type { PolicySources } from "./policy-source.ts";
import { printJudged } from "./print-session-replay.ts";
import type { JudgedExchange } from "./print-session-replay.ts";
import { printJson } from "./print.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

type Options = {
  readonly bundle?: string;
  readonly operator?: string;
  readonly limit: number;
  readonly lines: boolean;
  readonly full?: true;
  readonly json?: true;
};

const segments = z.array(z.object({ hash: z.string(), role: z.string().nullable() })).catch([]);

/** Adds the command. */
export function addSessionReplay(group: Command, program: Command, context: CommandContext): void {
  group
    .command("replay")
    .description("judge a recorded session step by step: what was asked and decided, by which rule and line")
    .argument("<id>", "its id")
    .option(
      "--bundle <policy>",
      "say of each step what this policy would: a file, or a revision that was in force",
    )
    .option("--operator <file>", "the operator's file over that policy, or none")
    .option("--limit <count>", "at most so many exchanges, the first", parseCount(1, 10_000), 200)
    .option("--no-lines", "name the files of rules, not the lines that decided, for which OPA is asked")
    .option("--full", "print all recorded texts of each request, whole")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\n  =  the policy says what happened   ≠  it says otherwise   ?  it can't be told, and why" +
        "\n\nExit codes: 0 no step differs, 1 failed, 2 called wrongly, 3 a step differs from what a policy says.",
    )
    .action(async (id: string, options: Options) => {
      const { bundle, operator, limit, json, full } = options;
      if (bundle === undefined && operator !== undefined)
        throw new CommandError("--operator is for the policy that --bundle names.", 2);
      await withDatabase(
        context,
        { create: false, configFile: getConfigFile(program) },
        async (db, config, key) => {
          const rows = await readSessionSteps(db, id, limit);
          if (rows.length === 0) throw new CommandError("No session with exchanges has this id.");
          await using policies = openPolicies(
            { db, config, cwd: context.cwd },
            options.lines ? await findOpaIfThere(context) : null,
          );
          const other = bundle === undefined ? null : await policies.open(bundle, operator);
          const judge = createStepJudge((row) => policies.openThen(row), other);
          const judged: JudgedExchange[] = [];
          for (const row of rows.slice(0, limit)) {
            const one = { row, texts: await readOwnTexts(db, row, key), steps: await judge(row) };
            judged.push(one);
            if (json !== true) printJudged(context.stdout, one, judged.length, full === true);
          }
          const verdicts = judged.flatMap(({ steps }) =>
            steps.flatMap(({ inForce, other }) => (other === null ? [inForce] : [inForce, other])),
          );
          const has = countVerdicts(verdicts);
          if (json === true) printJson(context.stdout, toJson(id, judged, has, rows.length > limit));
          else {
            context.stdout.write(`\n${toSummary(has)}\n`);
            if (rows.length > limit) context.stdout.write("There are more exchanges: --limit takes more.\n");
          }
          if (has.differs > 0) throw new CommandError(`${has.differs} verdicts differ from what happened`, 3);
        },
      );
    });
}

type Policies = AsyncDisposable & {
  open(name: string, operator?: string): Promise<StepPolicy>;
  openThen(row: SessionStep): Promise<StepPolicy | PolicyReason>;
};

/** Opens each policy once. */
function openPolicies(sources: PolicySources, opa: Opa | null): Policies {
  const known = new Map<string, Promise<StepPolicy | PolicyReason>>();
  const opened: StepPolicy[] = [];
  async function openSource(source: SideSource): Promise<StepPolicy> {
    const side = await openSide(source, true);
    const policy = { side, places: await openRulePlaces(source.bundles[0].bytes, side.operator, opa) };
    opened.push(policy);
    return policy;
  }
  async function openRevision(revision: string, dataRevision: string): Promise<StepPolicy | PolicyReason> {
    let source: SideSource;
    try {
      source = await findPolicy(sources, revision, undefined, dataRevision);
    } catch (error) {
      if (error instanceof CommandError) return "policy_gone";
      throw error;
    }
    try {
      const policy = await openSource(source);
      return policy.side.version.dataRevision === dataRevision ? policy : "overlay_gone";
    } catch (error) {
      // An operator's file of another time need not fit.
      if (error instanceof PolicyLoadError) return "overlay_gone";
      throw error;
    }
  }
  return {
    open: async (name, operator) => openSource(await findPolicy(sources, name, operator)),
    openThen({ revision, dataRevision }) {
      if (revision === null || dataRevision === null) return Promise.resolve("no_policy");
      const key = `${revision} ${dataRevision}`;
      const policy = known.get(key) ?? openRevision(revision, dataRevision);
      known.set(key, policy);
      return policy;
    },
    async [Symbol.asyncDispose]() {
      for (const { places } of opened) await places[Symbol.asyncDispose]();
    },
  };
}

async function findOpaIfThere({ env }: CommandContext): Promise<Opa | null> {
  const { findOpa } = await import("../policy-build/run-opa.ts");
  const { PolicyProblem } = await import("../policy-build/problem.ts");
  try {
    return findOpa(env);
  } catch (error) {
    if (error instanceof PolicyProblem) return null;
    throw error;
  }
}

/** Gives the texts that are recorded of a request, as they were masked; none without the key that they are sealed with. */
async function readOwnTexts(db: Database, row: SessionStep, key: Buffer | null): Promise<readonly string[]> {
  if (key === null) return [];
  const listed = segments.parse((await findRequestSegments(db, row.id)) ?? []);
  const hashes = listed.map(({ hash }) => hash);
  const box = openBox(key);
  const opened = new Map<string, string>();
  for (const { sealed, keyId, hash } of await readTexts(db, row.tenant, hashes)) {
    try {
      opened.set(hash, box.open({ sealed, keyId }, `${row.tenant}\0${hash}`));
    } catch {
      // Sealed with a key that is not at hand.
    }
  }
  return hashes.flatMap((hash) => opened.get(hash) ?? []);
}

type Counted = { readonly agrees: number; readonly differs: number; readonly not_judged: number };

function countVerdicts(verdicts: readonly Verdict[]): Counted {
  const count = (kind: Verdict["verdict"]): number =>
    verdicts.filter(({ verdict }) => verdict === kind).length;
  return { agrees: count("agrees"), differs: count("differs"), not_judged: count("not_judged") };
}

function toSummary({ agrees, differs, not_judged }: Counted): string {
  return `${agrees} agree, ${differs} differ, ${not_judged} can't be told.`;
}

function toJson(
  session: string,
  judged: readonly JudgedExchange[],
  verdicts: Counted,
  isCut: boolean,
): unknown {
  return {
    session,
    verdicts,
    is_cut: isCut,
    exchanges: judged.map(({ row, texts, steps }) => {
      const { id, at, operation, model, stream, revision, dataRevision } = row;
      return toJsonRow({ id, at, operation, model, stream, revision, dataRevision, texts, steps });
    }),
  };
}
