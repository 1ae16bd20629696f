// Finds the bundle that a command names: the one in force, a file, or a revision that was in force.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Database } from "../../db/client.ts";
import { readConnections } from "../../db/queries/connections.ts";
import { listActivations } from "../../db/queries/policy-orders.ts";
import { findOverlay } from "../../db/queries/policy-versions.ts";
import type { BundleConfig } from "../config/bundles.ts";
import type { Config } from "../config/config.ts";
import { findKept } from "../distribution/find-kept.ts";
import type { DecidingBundle } from "../distribution/find-kept.ts";
import { readBundle } from "../policy/bundle.ts";
import { toSetRevision } from "../set-revision.ts";
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
 * Finds a policy with what lies over it: a file, a revision that was in force, or the active one; of several bundles also
 * `NAME=` with a file or a revision, beside the others as they are. `operator` is a file, or `none`; absent: what lay or lies
 * over it.
 */
export async function findPolicy(
  sources: PolicySources,
  name: string,
  operator?: string,
  dataRevision?: string,
): Promise<SideSource> {
  const { config, cwd } = sources;
  const { connectionLabels, recognised } = sources.names ?? (await findNames(sources));
  const labels = new Set(connectionLabels);
  const found = await find(sources, name, dataRevision);
  if (found === null)
    throw new CommandError(
      `There is no bundle ${name}: name a file, or a revision that was in force on this database.`,
      2,
    );
  const { bundles, overlay } = found;
  const text = await readOperator(operator, cwd, config.policy.operator, overlay);
  // A label that was named then may be gone by now.
  for (const label of toLabels(overlay)) labels.add(label);
  return { bundles, operator: text, connectionLabels: [...labels], recognised };
}

type Bundles = SideSource["bundles"];
/** Bundles, and the operator's data that lay over them; undefined: the configured file counts. */
type Found = { readonly bundles: Bundles; readonly overlay: unknown };

async function find(
  sources: PolicySources,
  name: string,
  dataRevision: string | undefined,
): Promise<Found | null> {
  const { db, config, cwd } = sources;
  const [, of = "", wanted = ""] = /^([a-z0-9-]+)=(.+)$/s.exec(name) ?? [];
  const isOfSeveral =
    config.policy.bundles.length > 1 && config.policy.bundles.some((bundle) => bundle.name === of);
  if (name === ACTIVE || isOfSeveral) return findActive(sources, isOfSeveral ? { of, wanted } : null);
  const file = sources.isKeptOnly === true ? null : await readIfThere(resolve(cwd, name));
  if (file !== null) return { bundles: [{ name: "file", isGate: true, bytes: file }], overlay: undefined };
  const bundles = db === null ? null : await findKept(db, name);
  return bundles === null || db === null
    ? null
    : { bundles, overlay: await findOverlay(db, name, dataRevision) };
}

/** Finds the configured bundles, one of them replaced where another is wanted. */
async function findActive(
  { db, config, cwd, isKeptOnly }: PolicySources,
  other: { readonly of: string; readonly wanted: string } | null,
): Promise<Found | null> {
  const active: DecidingBundle[] = [];
  const tried: DecidingBundle[] = [];
  for (const bundle of config.policy.bundles) {
    const { name, isGate } = bundle;
    const own = await readActive(db, bundle);
    const isTried = name === other?.of;
    const bytes = isTried
      ? await readNamed(db, name, isKeptOnly === true ? null : cwd, other?.wanted ?? "")
      : own;
    if (own !== null) active.push({ name, isGate, bytes: own });
    if (bytes !== null) tried.push({ name, isGate, bytes });
  }
  const [first, ...others] = tried;
  if (first === undefined || tried.length < config.policy.bundles.length) return null;
  const isFile = db === null || config.policy.bundles[0].url === null;
  const overlay = isFile ? undefined : await findOverlay(db, await toRevision(active));
  return { bundles: [first, ...others], overlay };
}

/** Takes a bundle that is at hand, under the configured operator's file or another. */
export async function toTried(
  sources: PolicySources,
  bundle: Buffer,
  operator?: string,
): Promise<SideSource> {
  const { config, cwd } = sources;
  const names = sources.names ?? (await findNames(sources));
  const bundles = [{ name: "tried", isGate: true, bytes: bundle }] as const;
  return {
    bundles,
    operator: await readOperator(operator, cwd, config.policy.operator, undefined),
    ...names,
  };
}

/** What comes from elsewhere is in force as the gateways wrote it down last. */
async function readActive(db: Database | null, { name, url, bundle }: BundleConfig): Promise<Buffer | null> {
  const file = url === null ? await readIfThere(bundle) : null;
  if (file !== null || db === null) return file;
  const written = await listActivations(db, { bundle: name }, 100);
  const last = written.find(({ kind }) => kind !== "refuse");
  const revision = last?.revision ?? null;
  return revision === null ? null : ((await findKept(db, revision, name))?.[0].bytes ?? null);
}

async function readNamed(
  db: Database | null,
  name: string,
  cwd: string | null,
  wanted: string,
): Promise<Buffer | null> {
  const file = cwd === null ? null : await readIfThere(resolve(cwd, wanted));
  if (file !== null || db === null) return file;
  return (await findKept(db, wanted, name))?.[0].bytes ?? null;
}

/** Gives the revision by which they decide together. */
async function toRevision(bundles: readonly DecidingBundle[]): Promise<string> {
  const members = await Promise.all(
    bundles.map(async ({ name, isGate, bytes }) => {
      const { manifest, digest } = await readBundle(bytes, { trust: null });
      return { name, isGate, revision: manifest.revision, digest };
    }),
  );
  return toSetRevision(members);
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
