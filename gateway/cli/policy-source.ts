// Finds the bundle that a command names: the one in force, a file, or a revision that was in force.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Database } from "../../db/client.ts";
import { readConnections } from "../../db/queries/connections.ts";
import { findBundle } from "../../db/queries/policy-bundles.ts";
import type { StoredBundle } from "../../db/queries/policy-bundles.ts";
import { listActivations } from "../../db/queries/policy-orders.ts";
import { findOverlay } from "../../db/queries/policy-versions.ts";
import type { Config } from "../config/config.ts";
import type { SideSource } from "../replay/side.ts";
import { CommandError } from "./context.ts";

/** The bundle that the configuration names. */
export const ACTIVE = "active";

/** Where a command looks for bundles. */
export type PolicySources = {
  readonly db: Database | null;
  readonly config: Config;
  readonly cwd: string;
  /** What an operator's file may name, where that is known from elsewhere than from configuration and database. */
  readonly names?: PolicyNames;
  /** Whether a name is that of a revision alone, and never of a file. */
  readonly isKeptOnly?: boolean;
};

/** What an operator's file may name besides what a bundle says. */
export type PolicyNames = Pick<SideSource, "connectionLabels" | "recognised">;

/** Finds the names that configuration and database know. */
export async function findNames({ db, config }: Omit<PolicySources, "cwd">): Promise<PolicyNames> {
  const recognised = Object.values(config.detect.recogniser?.classes ?? {});
  const configured = config.connections.flatMap(({ labels }) => labels);
  const stored = db === null ? [] : (await readConnections(db)).labels;
  return { connectionLabels: [...new Set([...configured, ...stored])], recognised };
}

/**
 * Finds a bundle with what lies over it. `operator` is a file, or `none`; absent: what lay or lies over it, last or when
 * the data was of `dataRevision`.
 */
export async function findPolicy(
  sources: PolicySources,
  name: string,
  operator?: string,
  dataRevision?: string,
): Promise<SideSource> {
  const { db, config, cwd } = sources;
  const { connectionLabels, recognised } = sources.names ?? (await findNames(sources));
  const labels = new Set(connectionLabels);
  const file =
    (name === ACTIVE && config.policy.url !== null) || (name !== ACTIVE && sources.isKeptOnly === true)
      ? null
      : await readIfThere(name === ACTIVE ? config.policy.bundle : resolve(cwd, name));
  const kept = file === null && db !== null ? await findKept(db, config, name) : null;
  const bundle = file ?? kept?.bytes;
  if (bundle === undefined)
    throw new CommandError(
      `There is no bundle ${name}: name a file, or a revision that was in force on this database.`,
      2,
    );
  const recorded =
    kept === null || db === null ? undefined : await findOverlay(db, kept.revision, dataRevision);
  const text = await readOperator(operator, cwd, config.policy.operator, recorded);
  // A label that was named then may be gone by now.
  for (const label of toLabels(recorded)) labels.add(label);
  return { bundle, operator: text, connectionLabels: [...labels], recognised };
}

/** Takes a bundle that is at hand, under the configured operator's file or another. */
export async function toTried(
  sources: PolicySources,
  bundle: Buffer,
  operator?: string,
): Promise<SideSource> {
  const { config, cwd } = sources;
  const names = sources.names ?? (await findNames(sources));
  return { bundle, operator: await readOperator(operator, cwd, config.policy.operator, undefined), ...names };
}

/** What comes from elsewhere is in force as the gateways wrote it down last. */
async function findKept(db: Database, config: Config, name: string): Promise<StoredBundle | null> {
  if (name !== ACTIVE) return findBundle(db, name);
  const written = await listActivations(db, { bundle: config.policy.name }, 100);
  const last = written.find(({ kind }) => kind !== "refuse");
  const revision = last?.revision ?? null;
  return revision === null ? null : findBundle(db, revision, config.policy.name);
}

async function readOperator(
  named: string | undefined,
  cwd: string,
  configured: string | null,
  recorded: unknown,
): Promise<string | null> {
  if (named === "none") return null;
  if (named === undefined && recorded !== undefined)
    return recorded === null ? null : JSON.stringify(recorded);
  const path = named === undefined ? configured : resolve(cwd, named);
  if (path === null) return null;
  const file = await readIfThere(path);
  if (file === null) throw new CommandError(`The operator's file ${path} can't be read.`, 2);
  return file.toString("utf8");
}

function toLabels(overlay: unknown): readonly string[] {
  if (typeof overlay !== "object" || overlay === null || !("effects_by_label" in overlay)) return [];
  const { effects_by_label: tables } = overlay;
  return typeof tables === "object" && tables !== null ? Object.keys(tables) : [];
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch {
    return null;
  }
}
