// `tollgate policy status` and `history`: which policy decides where, and what came into force before.
import type { Command } from "commander";
import { z } from "zod";
import type { Database } from "../../db/client.ts";
import { listGateways } from "../../db/queries/gateways.ts";
import type { GatewayRow } from "../../db/queries/gateways.ts";
import { listActivations } from "../../db/queries/policy-orders.ts";
import { bundleState } from "../distribution/bundle-state.ts";
import type { BundleState } from "../distribution/bundle-state.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseCount } from "./duration.ts";
import { printFields, printJson, printTable, toMoment, toPlain } from "./print.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

/** A gateway that serves, and what decides in it. */
export type GatewayPolicies = Omit<GatewayRow, "policies"> & { readonly policies: readonly BundleState[] };

/** Gateways report every five seconds. */
const SEEN_WITHIN_S = 20;

/** Lists the gateways that serve. */
export async function listServing(db: Database): Promise<readonly GatewayPolicies[]> {
  const rows = await listGateways(db, SEEN_WITHIN_S);
  return rows.map((row) => ({ ...row, policies: z.array(bundleState).catch([]).parse(row.policies) }));
}

/** Adds the commands. */
export function addPolicyStatus(group: Command, program: Command, context: CommandContext): void {
  const use = () => ({ create: false, configFile: getConfigFile(program) });

  group
    .command("status")
    .description(
      "tell which bundle decides in each gateway, and what is wrong; ends with 1 where something is, or they differ",
    )
    .option("--json", "print JSON")
    .action(async (options: { json?: true }) => {
      const gateways = await withDatabase(context, use(), listServing);
      const agreed = new Set(gateways.map(toDecidedBy)).size <= 1;
      const problems = gateways.flatMap(({ policies }) =>
        policies.filter(({ problem }) => problem !== null),
      ).length;
      if (options.json === true)
        printJson(context.stdout, { agreed, problems, gateways: toJsonRow(gateways) });
      else print(context, gateways, agreed);
      if (gateways.length === 0)
        throw new CommandError("No gateway has reported to this database within the last seconds.");
      if (!agreed) throw new CommandError("The gateways decide by different bundles.");
      if (problems > 0)
        throw new CommandError(
          "Something is wrong with the bundle that was published or ordered last, or with its source.",
        );
    });

  group
    .command("history")
    .description("tell what came into force and what was refused, at which gateway and why, the latest first")
    .option("--gateway <name>", "at this gateway alone")
    .option("--limit <count>", "at most so many", parseCount(1, 10_000), 50)
    .option("--json", "print JSON")
    .action(async ({ gateway, limit, json }: { gateway?: string; limit: number; json?: true }) => {
      const filter = gateway === undefined ? {} : { gateway };
      const rows = await withDatabase(context, use(), (db) => listActivations(db, filter, limit));
      if (json === true) return printJson(context.stdout, rows.map(toJsonRow));
      if (rows.length === 0) return void context.stdout.write("No bundle came into force yet.\n");
      printTable(
        context.stdout,
        ["TIME (UTC)", "GATEWAY", "WHAT", "BUNDLE", "REVISION", "SERIAL", "BY", "WHY"],
        rows.map((row) => [
          toMoment(row.at),
          row.gateway,
          row.kind,
          row.bundle,
          toShort(row.revision),
          row.serial === null ? "" : String(row.serial),
          row.by,
          row.why ?? "",
        ]),
      );
    });
}

/** Says what a gateway decides by: its bundles, in their order. */
function toDecidedBy({ policies }: GatewayPolicies): string {
  return policies.map(({ bundle, digest }) => `${bundle} ${digest}`).join();
}

function print({ stdout }: CommandContext, gateways: readonly GatewayPolicies[], agreed: boolean): void {
  for (const { name, version, policies } of gateways) {
    stdout.write(`${toPlain(name)} (Tollgate ${toPlain(version)})\n`);
    for (const one of policies) {
      const { held, problem } = one;
      printFields(stdout, [
        ["bundle", one.bundle],
        ["revision", one.revision],
        ["serial", one.serial === null ? "none" : String(one.serial)],
        ["in force since", `${toMoment(new Date(one.since))} by ${one.by}`],
        ["source", one.source],
        ["confirmed", one.confirmed === null ? "never" : toMoment(new Date(one.confirmed))],
        [
          "held",
          held === null ? null : `${held.kind} by ${held.by}${held.why === null ? "" : `: ${held.why}`}`,
        ],
        ["problem", problem === null ? null : `${toMoment(new Date(problem.at))}  ${problem.message}`],
      ]);
    }
  }
  if (agreed && gateways.length > 1)
    stdout.write(`All ${gateways.length} gateways decide by the same bundle.\n`);
}

/** A revision is often a digest of many characters. */
function toShort(revision: string | null): string {
  return revision === null ? "" : revision.length > 16 ? `${revision.slice(0, 12)}…` : revision;
}
