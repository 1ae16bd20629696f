// The environment variables, in one table: what each stands for, and the key of the file that it wins over.
import type { Environment } from "./secrets.ts";
import { findClosest } from "./did-you-mean.ts";
import { toDotted } from "./problems.ts";

type Variable = {
  /** The key of the file that the variable overrides, or null. */
  readonly key: readonly string[] | null;
  readonly read: "text" | "number" | "boolean" | "secret";
  readonly description: string;
};

/** Every variable that the gateway reads. */
export const VARIABLES: Readonly<Record<string, Variable>> = {
  TOLLGATE_CONFIG: {
    key: null,
    read: "text",
    description: "The configuration file; default `tollgate.yaml` if it exists.",
  },
  TOLLGATE_LISTEN: { key: ["listen"], read: "text", description: "Where programs connect." },
  TOLLGATE_ADMIN_LISTEN: {
    key: ["admin_listen"],
    read: "text",
    description: "Where `/metrics` and the console listen, or `off`.",
  },
  TOLLGATE_ADMIN_URL: {
    key: ["admin_url"],
    read: "text",
    description: "The admin listener's own URL as its users see it.",
  },
  TOLLGATE_TLS_CERT: {
    key: ["tls", "certificate"],
    read: "text",
    description: "The file of the certificate chain of the port where programs connect.",
  },
  TOLLGATE_TLS_KEY: { key: ["tls", "key"], read: "text", description: "The file of its private key." },
  TOLLGATE_PUBLIC_URL: {
    key: ["public_url"],
    read: "text",
    description: "The gateway's own URL as its users see it.",
  },
  TOLLGATE_STATE_DIR: { key: ["state_dir"], read: "text", description: "The state folder." },
  DATABASE_URL: { key: null, read: "secret", description: "The database's URL; wins over `database.url`." },
  TOLLGATE_ENCRYPTION_KEY: {
    key: ["encryption_key"],
    read: "text",
    description: "A reference to the key for texts at rest: `env:NAME` or `file:PATH`.",
  },
  TOLLGATE_ORIGINALS_KEY: {
    key: ["record", "originals", "key"],
    read: "text",
    description: "A reference to the key for originals of masked values: `env:NAME` or `file:PATH`.",
  },
  TOLLGATE_CREDENTIALS_KEY: {
    key: ["credentials", "key"],
    read: "text",
    description:
      "A reference to the key-encryption key of connections in the database: `env:NAME` or `file:PATH`.",
  },
  TOLLGATE_CONNECTION_SOURCE: {
    key: ["connection_source"],
    read: "text",
    description: "`database`: the only targets are the connections in the database.",
  },
  OPENAI_API_KEY: {
    key: null,
    read: "secret",
    description: "The provider's key, for the connection `openai` that exists where the file lists none.",
  },
  TOLLGATE_OPENAI_BASE_URL: {
    key: null,
    read: "text",
    description: "That connection's base URL; default `https://api.openai.com/v1`.",
  },
  TOLLGATE_SIMULATE: {
    key: ["simulate"],
    read: "boolean",
    description: "`true`: answer from the built-in simulated target.",
  },
  TOLLGATE_POLICY_BUNDLE: {
    key: ["policy", "bundle"],
    read: "text",
    description: "The bundle to serve: a file, a folder or an https URL.",
  },
  TOLLGATE_POLICY_OPERATOR: {
    key: ["policy", "operator"],
    read: "text",
    description: "The file of operator's data.",
  },
  TOLLGATE_WORKERS: { key: ["workers"], read: "number", description: "Processes that serve." },
  TOLLGATE_LOG_LEVEL: {
    key: ["log", "level"],
    read: "text",
    description: "`debug`, `info`, `warn`, `error` or `silent`.",
  },
  TOLLGATE_LOG_FORMAT: { key: ["log", "format"], read: "text", description: "`auto`, `pretty` or `json`." },
};

/** Gives a variable's value, or null where it is unset or empty. */
export function readVariable(env: Environment, name: keyof typeof VARIABLES): string | null {
  const value = env[name]?.trim() ?? "";
  return value === "" ? null : value;
}

/** One value that a variable or the command line puts in a key's place. */
export type Override = { readonly key: readonly string[]; readonly value: unknown; readonly source: string };

/** What the command line may override. */
export type Flags = {
  readonly workers?: number;
  readonly simulate?: boolean;
  readonly listen?: string;
  /** A folder of policies to build, in place of a bundle. */
  readonly policy?: string;
};

/** Lists what the command line overrides. */
export function listFlags(flags: Flags): Override[] {
  const found: Override[] = [];
  if (flags.workers !== undefined)
    found.push({ key: ["workers"], value: flags.workers, source: "--workers" });
  if (flags.simulate === true) found.push({ key: ["simulate"], value: true, source: "--simulate" });
  if (flags.listen !== undefined) found.push({ key: ["listen"], value: flags.listen, source: "--listen" });
  return found;
}

/** Names the variable or flag that a key's value comes from; null where the file or a default gave it. */
export function sourceOf(key: readonly PropertyKey[], overrides: readonly Override[]): string | null {
  return overrides.findLast((override) => toDotted(override.key) === toDotted(key))?.source ?? null;
}

/** Lists what the environment overrides. A value that isn't of its kind stays text, so that the schema refuses it. */
export function listOverrides(env: Environment): Override[] {
  const found: Override[] = [];
  for (const [name, variable] of Object.entries(VARIABLES)) {
    const text = readVariable(env, name);
    if (variable.key !== null && text !== null)
      found.push({ key: variable.key, value: toValue(text, variable), source: name });
  }
  return found;
}

function toValue(text: string, variable: Variable): unknown {
  if (variable.read === "number" && /^\d{1,9}$/.test(text)) return Number(text);
  if (variable.read === "boolean" && /^(?:true|1|false|0)$/i.test(text)) return /^(?:true|1)$/i.test(text);
  return text;
}

/** Warns of variables that look like ours and aren't; Kubernetes' own service variables are none of them. */
export function warnOfUnknown(env: Environment): string[] {
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith("TOLLGATE_") || Object.hasOwn(VARIABLES, name)) continue;
    const meant = findClosest(name, Object.keys(VARIABLES));
    if (meant !== null) warnings.push(`The variable ${name} is unknown and ignored; did you mean ${meant}?`);
  }
  return warnings;
}
