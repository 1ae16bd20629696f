// Decides which targets there are, and whether the simulated one may serve.
import type { ConfigFile } from "./schema.ts";
import { readAuthorities } from "./authorities.ts";
import { secretReference } from "./fields.ts";
import { isLoopback, toHost } from "./loopback.ts";
import type { Environment } from "./secrets.ts";
import { followProviderKey, followReference } from "./secrets.ts";
import { readVariable } from "./environment.ts";
import { resolve } from "node:path";

const PUBLIC_API = "https://api.openai.com/v1";

/** A registered target as configured; its credential is among the secrets. */
export type ConnectionConfig = {
  readonly name: string;
  readonly kind: "openai";
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly labels: readonly string[];
  readonly unknownIds: "refuse" | "allow";
  readonly default: boolean;
  /** Answered by the built-in simulated target. */
  readonly simulated: boolean;
  /** Where its key is; a file's path is absolute. Null: it takes none. */
  readonly credential: string | null;
  readonly adminCredential: string | null;
  /** Authorities in PEM that alone are trusted for it; null: those of always. */
  readonly ca: string | null;
  /** The account at the target that calls count for. */
  readonly account: { readonly organization: string | null; readonly project: string | null };
  readonly timeouts: {
    readonly connect_ms: number;
    readonly first_byte_ms: number;
    readonly idle_ms: number;
  };
};

type Wrong = { readonly path: readonly PropertyKey[] | string; readonly expected: string };

/** Where the gateway itself listens. */
type Ourselves = {
  readonly listen: readonly { readonly host: string; readonly port: number }[];
  readonly publicUrl: string | null;
};

type Inputs = Ourselves & {
  readonly file: ConfigFile;
  readonly fileGiven: boolean;
  readonly folder: string;
  readonly env: Environment;
};

export type ConnectionsReading = {
  readonly connections: readonly ConnectionConfig[];
  readonly credentials: ReadonlyMap<string, string>;
  /** Credentials for the targets' administration, of the connections that have one. */
  readonly adminCredentials: ReadonlyMap<string, string>;
  readonly problems: readonly Wrong[];
  readonly warnings: readonly string[];
};

/** Puts together the connections of the file, or the one that the environment describes. */
export function readConnections(inputs: Inputs): ConnectionsReading {
  const credentials = new Map<string, string>();
  const adminCredentials = new Map<string, string>();
  const problems: Wrong[] = [];
  const warnings: string[] = [];
  const entries = inputs.file.connections;
  const connections = toConnections();

  for (const [index, connection] of connections.entries()) {
    const isFromFile = entries.length > 0;
    const urlPath = isFromFile ? ["connections", index, "base_url"] : "TOLLGATE_OPENAI_BASE_URL";
    if (connections.findIndex((other) => other.name === connection.name) < index) {
      problems.push({
        path: ["connections", index, "name"],
        expected: "expected a name that no other connection has",
      });
    }
    if (connection.simulated) continue;
    if (isOurselves(connection.baseUrl, inputs)) {
      problems.push({ path: urlPath, expected: "expected the URL of a target; this is the gateway's own" });
    }
    if (isPlainAndRemote(connection.baseUrl)) {
      warnings.push(`The connection ${connection.name} sends its credential over plain HTTP.`);
    }
    const credential = readCredential(inputs, connection, index, problems);
    if (credential !== null) credentials.set(connection.name, credential);
    const admin = readAdminCredential(inputs, connection, index, problems);
    if (admin !== null) adminCredentials.set(connection.name, admin);
  }
  return {
    connections: withDefault(connections, problems),
    credentials,
    adminCredentials,
    problems,
    warnings: [...warnings, ...warnOfBackDoors(connections, credentials)],
  };

  function toConnections(): ConnectionConfig[] {
    // What is asked to be simulated is, wherever it would come from.
    const hasNone = inputs.file.connection_source === "database" && !inputs.file.simulate;
    if (hasNone && entries.length > 0)
      problems.push({
        path: ["connections"],
        expected: "expected none, since connection_source is database",
      });
    if (hasNone) return [];
    return entries.length > 0 ? entries.map(fromFile) : [fromEnvironment(inputs, problems)];
  }

  function fromFile(entry: FileEntry): ConnectionConfig {
    return {
      name: entry.name,
      kind: entry.kind,
      baseUrl: entry.base_url.replace(/\/+$/, ""),
      labels: entry.labels,
      unknownIds: entry.unknown_ids,
      default: entry.default,
      simulated: inputs.file.simulate,
      credential: toAbsolute(entry.credential, inputs.folder),
      adminCredential: toAbsolute(entry.admin_credential, inputs.folder) ?? toNamed(inputs, entry.default),
      ca: readCa(inputs, entry, problems),
      account: {
        organization: entry.openai.organization ?? null,
        project: entry.openai.project ?? null,
      },
      timeouts: entry.timeouts,
    };
  }
}

/** Owners are known by connection: one that opens what nobody owns opens all that others of the same account own. */
function warnOfBackDoors(
  connections: readonly ConnectionConfig[],
  credentials: ReadonlyMap<string, string>,
): readonly string[] {
  const toAccount = ({ name, baseUrl }: ConnectionConfig): string =>
    JSON.stringify([baseUrl, credentials.get(name)]);
  return connections
    .filter(({ unknownIds, name }) => unknownIds === "allow" && credentials.has(name))
    .flatMap((open) =>
      connections
        .filter((other) => other.name !== open.name && toAccount(other) === toAccount(open))
        .map(
          ({ name }) =>
            `The connection ${open.name} opens to every caller what nobody owns there, and so what is owned at ${name}: both lead to one account.`,
        ),
    );
}

/**
 * Makes the connection that exists where the file lists none. It is simulated when that was asked for, or when nothing
 * at all is configured: no file, no database, no key. Anything else would answer real programs with made-up text.
 */
function fromEnvironment(inputs: Inputs, problems: Wrong[]): ConnectionConfig {
  const { env, file } = inputs;
  const hasKey = readVariable(env, "OPENAI_API_KEY") !== null;
  const isBare = !inputs.fileGiven && readVariable(env, "DATABASE_URL") === null && !hasKey;
  const baseUrl = readVariable(env, "TOLLGATE_OPENAI_BASE_URL") ?? PUBLIC_API;
  if (!URL.canParse(baseUrl) || !/^https?:/.test(baseUrl) || /[?#@]/.test(baseUrl)) {
    problems.push({
      path: "TOLLGATE_OPENAI_BASE_URL",
      expected: "expected an http or https URL without user, query or fragment",
    });
  }
  return {
    name: "openai",
    kind: "openai",
    baseUrl: baseUrl.replace(/\/+$/, ""),
    labels: [],
    unknownIds: "refuse",
    default: true,
    simulated: file.simulate || isBare,
    credential: "env:OPENAI_API_KEY",
    adminCredential: toNamed(inputs, true),
    ca: null,
    account: { organization: null, project: null },
    timeouts: { connect_ms: 10_000, first_byte_ms: 600_000, idle_ms: 300_000 },
  };
}

type FileEntry = ConfigFile["connections"][number];

/** Gives a reference that means the same in any folder. What is no reference is refused elsewhere. */
function toAbsolute(reference: string | undefined, folder: string): string | null {
  if (reference === undefined || !secretReference.safeParse(reference).success) return null;
  return reference.startsWith("file:") ? `file:${resolve(folder, reference.slice(5))}` : reference;
}

function readCa({ file, folder }: Inputs, entry: FileEntry, problems: Wrong[]): string | null {
  if (entry.ca === undefined) return null;
  const read = readAuthorities(resolve(folder, entry.ca));
  if ("pem" in read) return read.pem;
  problems.push({
    path: ["connections", file.connections.indexOf(entry), "ca"],
    expected: read.expected,
  });
  return null;
}

/** The default connection's admin credential is the provider's variable where it names none. */
function toNamed({ env }: Inputs, isDefault: boolean): string | null {
  return isDefault && readVariable(env, "OPENAI_ADMIN_KEY") !== null ? "env:OPENAI_ADMIN_KEY" : null;
}

function readCredential(
  inputs: Inputs,
  { credential }: ConnectionConfig,
  index: number,
  problems: Wrong[],
): string | null {
  const entry = inputs.file.connections[index];
  const path = entry === undefined ? "OPENAI_API_KEY" : ["connections", index, "credential"];
  if (credential === null) {
    if (entry?.credential === undefined)
      problems.push({ path, expected: "expected a reference to the target's key: env:NAME or file:PATH" });
    return null;
  }
  const hint = entry === undefined ? "expected the provider's key, or --simulate" : null;
  return follow(inputs, credential, { path, hint }, problems);
}

function readAdminCredential(
  inputs: Inputs,
  { adminCredential }: ConnectionConfig,
  index: number,
  problems: Wrong[],
): string | null {
  if (adminCredential === null) return null;
  const own = inputs.file.connections[index]?.admin_credential;
  const path = own === undefined ? "OPENAI_ADMIN_KEY" : ["connections", index, "admin_credential"];
  return follow(inputs, adminCredential, { path, hint: null }, problems);
}

/** Follows the reference of a provider's key; `hint` stands in for what is expected where there is none. */
function follow(
  { env, folder }: Inputs,
  reference: string,
  { path, hint }: { readonly path: Wrong["path"]; readonly hint: string | null },
  problems: Wrong[],
): string | null {
  const isThere = "value" in followReference(reference, env, folder);
  const followed = followProviderKey(reference, env, folder);
  if ("value" in followed) return followed.value;
  problems.push({ path, expected: isThere ? followed.expected : (hint ?? followed.expected) });
  return null;
}

function withDefault(
  connections: readonly ConnectionConfig[],
  problems: Wrong[],
): readonly ConnectionConfig[] {
  const marked = connections.filter((connection) => connection.default).length;
  if (connections.length === 0) return [];
  if (connections.length === 1) return connections.map((connection) => ({ ...connection, default: true }));
  if (marked !== 1) {
    problems.push({
      path: ["connections"],
      expected: `expected exactly one connection with default: true; ${marked} have it`,
    });
  }
  return connections;
}

/** Gives the addresses of a gateway. */
export function toOurselves(config: {
  readonly listen: Ourselves["listen"][number];
  readonly adminListen: Ourselves["listen"][number] | null;
  readonly publicUrl: string | null;
}): Ourselves {
  const { listen, adminListen, publicUrl } = config;
  return { listen: adminListen === null ? [listen] : [listen, adminListen], publicUrl };
}

/** Says whether a target's URL is the gateway's own. */
export function isOurselves(baseUrl: string, inputs: Ourselves): boolean {
  if (!URL.canParse(baseUrl)) return false;
  const url = new URL(baseUrl);
  if (inputs.publicUrl !== null && new URL(inputs.publicUrl).host === url.host) return true;
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  const host = toHost(url);
  return inputs.listen.some(
    (ours) =>
      ours.port === port &&
      (ours.host === host || (isLoopback(host) && (isLoopback(ours.host) || isAnywhere(ours.host)))),
  );
}

function isAnywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Says whether what is sent to a URL can be read on the way. */
export function isPlainAndRemote(baseUrl: string): boolean {
  return URL.canParse(baseUrl) && baseUrl.startsWith("http:") && !isLoopback(toHost(new URL(baseUrl)));
}
