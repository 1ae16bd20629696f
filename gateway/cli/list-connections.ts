// What is shown of connections: never a key.
import type { HealthRow } from "../../db/queries/connection-health.ts";
import type { CredentialRow } from "../../db/queries/connections.ts";
import { listConnections } from "./find-connections.ts";
import type { FoundConnection, Places } from "./find-connections.ts";
import { toMoment } from "./print.ts";

type ListedKey = {
  readonly purpose: "api" | "admin";
  readonly version: number | null;
  readonly current: boolean;
  readonly reference: string | null;
  readonly fingerprint: string | null;
  readonly created_at: string | null;
  readonly created_by: string | null;
  readonly expires_at: string | null;
};

/** A connection as `--json` shows it. */
export type Listed = {
  readonly name: string;
  readonly source: "configuration" | "database";
  readonly kind: string;
  readonly base_url: string | null;
  readonly path: string;
  readonly labels: readonly string[];
  readonly unknown_ids: string;
  readonly default: boolean;
  readonly simulated: boolean;
  readonly state: "open" | "disabled";
  readonly has_credential: boolean;
  readonly keys: readonly ListedKey[];
  readonly health: {
    readonly used_at: string;
    readonly succeeded_at: string | null;
    readonly failed_at: string | null;
    readonly error_code: string | null;
    readonly failures: number;
    readonly latency_ms: number | null;
  } | null;
};

export const HEADINGS = [
  "NAME",
  "KIND",
  "PATH",
  "TARGET",
  "LABELS",
  "CREDENTIAL",
  "STATE",
  "LAST USE (UTC)",
  "HEALTH",
];

/** Gives what is shown of all connections. */
export function toListed(places: Places, health: readonly HealthRow[]): readonly Listed[] {
  const { config } = places;
  return listConnections(places).map((found) => {
    const { name, stored, isDefault, isSimulated } = found;
    const own = stored ?? config.connections.find((one) => one.name === name);
    const keys = stored === null ? toConfiguredKeys(found, places) : stored.credentials.map(toKey);
    const row = health.find(({ connection }) => connection === name);
    return {
      name,
      source: stored === null ? "configuration" : "database",
      kind: own?.kind ?? "openai",
      base_url: isSimulated ? null : found.baseUrl,
      path: isDefault ? "/v1" : `/c/${name}/v1`,
      labels: own?.labels ?? [],
      unknown_ids: own?.unknownIds ?? "refuse",
      default: isDefault,
      simulated: isSimulated,
      state: stored?.disabledAt == null ? "open" : "disabled",
      has_credential:
        stored === null
          ? places.secrets.credentials.has(name)
          : keys.some((key) => key.purpose === "api" && key.current),
      keys,
      health: row === undefined ? null : toHealth(row),
    };
  });
}

function toConfiguredKeys(
  { name, isSimulated }: FoundConnection,
  { config, secrets, custody }: Places,
): readonly ListedKey[] {
  const own = config.connections.find((one) => one.name === name);
  if (own === undefined || isSimulated) return [];
  return (["api", "admin"] as const).flatMap((purpose) => {
    const reference = purpose === "api" ? own.credential : own.adminCredential;
    if (reference === null) return [];
    const key = (purpose === "api" ? secrets.credentials : secrets.adminCredentials).get(name);
    const fingerprint = key === undefined || custody === null ? null : custody.fingerprint(key);
    const unknown = { version: null, created_at: null, created_by: null, expires_at: null };
    return [{ purpose, current: true, reference, fingerprint, ...unknown }];
  });
}

function toKey(row: CredentialRow): ListedKey {
  return {
    purpose: row.purpose,
    version: row.version,
    current: row.isCurrent,
    reference: row.reference,
    fingerprint: row.fingerprint,
    created_at: row.createdAt.toISOString(),
    created_by: row.createdBy,
    expires_at: row.expiresAt?.toISOString() ?? null,
  };
}

function toHealth(row: HealthRow): Listed["health"] {
  return {
    used_at: row.usedAt.toISOString(),
    succeeded_at: row.succeededAt?.toISOString() ?? null,
    failed_at: row.failedAt?.toISOString() ?? null,
    error_code: row.errorCode,
    failures: row.failures,
    latency_ms: row.latencyMs,
  };
}

/** Gives the cells of one line of the table. */
export function toCells(row: Listed): readonly string[] {
  return [
    row.default ? `${row.name} (default)` : row.name,
    row.kind,
    row.path,
    row.base_url ?? "simulated",
    row.labels.join(","),
    toCredential(row),
    row.state,
    row.health === null ? "" : toMoment(new Date(row.health.used_at)).slice(0, 16),
    toCondition(row),
  ];
}

function toCredential({ simulated, has_credential, keys }: Listed): string {
  if (simulated) return "none needed";
  if (!has_credential) return "missing";
  const own = keys.filter(({ purpose }) => purpose === "api");
  const current = own.find((key) => key.current);
  const version = current?.version == null ? "set" : `v${current.version}`;
  const others = own
    .filter((key) => !key.current)
    .map((key) => `v${key.version} until ${key.expires_at?.slice(0, 16)}Z`);
  const shown = current?.fingerprint == null ? version : `${version} #${current.fingerprint}`;
  return [shown, ...others].join(", ");
}

function toCondition({ health }: Listed): string {
  if (health === null) return "";
  if (health.failures > 0) return `${health.failures} failed: ${health.error_code ?? ""}`;
  return health.latency_ms === null ? "ok" : `ok, ${health.latency_ms} ms`;
}
