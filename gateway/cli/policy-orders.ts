// `tollgate policy activate` and `rollback`: orders that count at all gateways of a database.
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { Database } from "../../db/client.ts";
import { listBundles } from "../../db/queries/policy-bundles.ts";
import type { BundleRow } from "../../db/queries/policy-bundles.ts";
import { orderPolicy } from "../../db/queries/policy-orders.ts";
import type { PolicyOrder } from "../../db/queries/policy-orders.ts";
import type { Config } from "../config/config.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseCount } from "./duration.ts";
import { toOperator } from "./operator.ts";
import { listServing } from "./policy-status.ts";
import type { GatewayPolicies } from "./policy-status.ts";
import { toPlain } from "./print.ts";
import { withDatabase } from "./with-database.ts";

type Options = {
  readonly bundle?: string;
  readonly latest?: true;
  readonly to?: string;
  readonly reason?: string;
  readonly wait: number;
};

/** So many of the bundles that were in force are looked at. */
const KNOWN = 10_000;
const LEAST_PREFIX = 4;

/** Adds the commands. */
export function addPolicyOrders(group: Command, program: Command, context: CommandContext): void {
  async function give(revision: string | null, kind: PolicyOrder["kind"], options: Options): Promise<void> {
    await withDatabase(context, { create: false, configFile: getConfigFile(program) }, async (db, config) => {
      const name = await findName(db, config, options.bundle);
      const target = revision === null ? null : await find(db, name, revision, kind);
      const given = {
        bundle: name,
        kind,
        digest: target?.digest ?? null,
        by: toOperator(),
        why: options.reason ?? null,
      };
      const before = (await listServing(db)).map(({ id }) => id);
      const at = Date.now();
      await orderPolicy(db, given, { revision: target?.revision ?? null, serial: target?.serial ?? null });
      await tell(db, name, target, { before, at, waitMs: options.wait * 1000 });
    });
  }

  /** Waits until the gateways that were there have followed, and says what became of it. */
  async function tell(
    db: Database,
    name: string,
    target: BundleRow | null,
    since: { readonly before: readonly string[]; readonly at: number; readonly waitMs: number },
  ): Promise<void> {
    if (since.before.length === 0) {
      context.stdout.write("No gateway serves at the moment; the order counts when one starts.\n");
      return;
    }
    const isThere = (one: GatewayPolicies): boolean =>
      one.policies.some(
        (policy) =>
          policy.bundle === name &&
          (target === null ? policy.held === null : policy.held !== null && policy.digest === target.digest),
      );
    const deadline = since.at + since.waitMs;
    for (;;) {
      const gateways = (await listServing(db)).filter(({ id }) => since.before.includes(id));
      const done = gateways.filter(isThere);
      if (done.length === gateways.length || Date.now() >= deadline) {
        for (const gateway of gateways) {
          const policy = gateway.policies.find(({ bundle }) => bundle === name);
          const words = isThere(gateway) ? "decides by" : "still decides by";
          const why = policy?.problem == null ? "" : `: ${policy.problem.message}`;
          context.stdout.write(
            `${toPlain(gateway.name)} ${words} ${toPlain(policy?.revision ?? "another bundle")}${toPlain(why)}\n`,
          );
        }
        if (done.length < gateways.length)
          throw new CommandError("The order stands, but not every gateway has followed it.");
        return;
      }
      await sleep(100);
    }
  }

  const bundle = ["--bundle <name>", "the bundle's name, where the gateways have several"] as const;
  const wait = [
    "--wait <seconds>",
    "how long to wait until all gateways have followed",
    parseCount(0, 600),
    15,
  ] as const;

  group
    .command("activate")
    .description(
      "bring a bundle into force that was before, and hold it; or with --latest whatever its source has, from now on",
    )
    .argument("[revision]", "its revision or its digest, or the beginning of it")
    .option("--latest", "follow the source again")
    .option("--reason <text>", "why, for the record")
    .option(...bundle)
    .option(...wait)
    .action(async (revision: string | undefined, options: Options) => {
      if ((revision === undefined) === (options.latest === undefined))
        throw new CommandError("Name a revision, or give --latest.", 2);
      await give(revision ?? null, revision === undefined ? "latest" : "activate", options);
    });

  group
    .command("rollback")
    .description("go back to a bundle that was in force before, and hold it until the next activate")
    .requiredOption("--to <revision>", "its revision or its digest, the beginning of it, or its serial")
    .requiredOption("--reason <text>", "why, for the record")
    .option(...bundle)
    .option(...wait)
    .action(async (options: Options) => give(options.to ?? "", "rollback", options));
}

/** Gives the bundle that is meant: the only one that gateways have, else that of the configuration. */
async function findName(db: Database, config: Config, given: string | undefined): Promise<string> {
  const names = [
    ...new Set((await listServing(db)).flatMap(({ policies }) => policies.map(({ bundle }) => bundle))),
  ];
  const [first = config.policy.bundles[0].name, ...others] = names;
  if (given !== undefined) {
    if (names.length > 0 && !names.includes(given))
      throw new CommandError(`No gateway has a bundle named ${given}; there is ${names.join(", ")}.`);
    return given;
  }
  if (others.length > 0)
    throw new CommandError(
      `The gateways have several bundles: name one with --bundle (${names.join(", ")}).`,
      2,
    );
  return first;
}

async function find(
  db: Database,
  name: string,
  wanted: string,
  kind: PolicyOrder["kind"],
): Promise<BundleRow> {
  const known = await listBundles(db, name, KNOWN);
  const exact = known.filter(
    ({ revision, serial }) => revision === wanted || (kind === "rollback" && String(serial) === wanted),
  );
  const begun =
    wanted.length < LEAST_PREFIX
      ? []
      : known.filter(({ revision, digest }) => revision.startsWith(wanted) || digest.startsWith(wanted));
  const found = exact.length > 0 ? exact : begun;
  const [target] = found;
  if (target === undefined)
    throw new CommandError(`No bundle ${wanted} was in force before ("tollgate policy history").`);
  // Whoever builds a bundle says what its revision is called, and may take the name of another one.
  if (new Set(found.map(({ digest }) => digest)).size > 1)
    throw new CommandError(
      `Several bundles are called so; name one by the beginning of its digest: ${found
        .slice(0, 10)
        .map(({ revision, serial, digest }) => `${revision}, serial ${serial ?? "none"}, digest ${digest}`)
        .join("; ")}.`,
    );
  const highest = Math.max(...known.map(({ serial }) => serial ?? 0));
  if (kind === "activate" && (target.serial ?? 0) < highest)
    throw new CommandError(
      `Its serial is ${target.serial ?? "missing"}, and ${highest} was in force already: to go back, use "tollgate policy rollback --to ${target.revision}".`,
    );
  return target;
}
