// Puts the file, the environment and the command line together into a Config that may be logged and Secrets that may not.
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { BundleConfigs } from "./bundles.ts";
import { readBundles } from "./bundles.ts";
import type { ConnectionConfig } from "./connections.ts";
import { readConnections } from "./connections.ts";
import type { DecisionLogConfig } from "./decision-log.ts";
import { toDecisionLog } from "./decision-log.ts";
import { readDatabaseUrl } from "./database-url.ts";
import type { Flags } from "./environment.ts";
import { listFlags, listOverrides, readVariable, sourceOf, warnOfUnknown } from "./environment.ts";
import { isLoopback } from "./loopback.ts";
import type { IssuerConfig } from "./issuers.ts";
import { readIssuers } from "./issuers.ts";
import type { OutboundConfig } from "./outbound.ts";
import { readOutbound } from "./outbound.ts";
import type { SamlIssuerConfig } from "./saml-issuers.ts";
import { readSamlIssuers } from "./saml-issuers.ts";
import { parseFile } from "./parse-file.ts";
import type { Problem } from "./problems.ts";
import { ConfigError, isBelow, toDotted } from "./problems.ts";
import { readConfigText } from "./read-file.ts";
import type { ConfigFile } from "./schema.ts";
import { parseAddress } from "./schema.ts";
import type { Environment, LoadedSecrets } from "./secrets.ts";
import { followReference, parseEncryptionKey } from "./secrets.ts";
import { readTrust, resolveSigning } from "./signing.ts";
import type { SigningConfig } from "./signing.ts";
import { readTlsFiles } from "./tls.ts";
import type { TlsConfig } from "./tls.ts";

export type { ConnectionConfig } from "./connections.ts";
export type { Flags } from "./environment.ts";
export type { Followed, LoadedSecrets, Secrets } from "./secrets.ts";

export type Address = { readonly host: string; readonly port: number };

/** What the gateway was told, without secrets: it may be logged. Paths are absolute. */
export type Config = {
  /** The file that it came from; null where there was none. */
  readonly file: string | null;
  readonly listen: Address;
  /** Null: no admin listener. */
  readonly adminListen: Address | null;
  /** The admin listener's origin as its users see it; null: nobody but this machine does, by its address. */
  readonly adminUrl: string | null;
  /** Null: no TLS. */
  readonly tls: TlsConfig | null;
  readonly trustedProxies: readonly string[];
  readonly forwardedHeader: ConfigFile["forwarded_header"];
  readonly publicUrl: string | null;
  readonly stateDir: string;
  readonly database: { readonly embedded: boolean };
  readonly simulate: boolean;
  readonly connections: readonly ConnectionConfig[];
  readonly credentials: ConfigFile["credentials"];
  readonly outbound: OutboundConfig;
  readonly issuers: readonly IssuerConfig[];
  readonly samlIssuers: readonly SamlIssuerConfig[];
  readonly tokens: ConfigFile["tokens"];
  readonly console: ConfigFile["console"];
  readonly policy: {
    readonly bundles: BundleConfigs;
    /** Whether that is a folder of policies, which the start builds at every change. */
    readonly isBuilt: boolean;
    /** Where files of references lie that are followed while the gateway runs. */
    readonly folder: string;
    readonly operator: string | null;
    /** Null: nothing need be signed. */
    readonly signing: SigningConfig | null;
    readonly time_zone: string;
    readonly tenant: string;
  };
  readonly limits: ConfigFile["limits"];
  readonly detect: ConfigFile["detect"];
  readonly record: ConfigFile["record"];
  /** Null: decisions are told to nobody. */
  readonly decisionLog: DecisionLogConfig | null;
  readonly shutdown: ConfigFile["shutdown"];
  readonly workers: number;
  readonly log: ConfigFile["log"];
};

export type Loaded = {
  readonly config: Config;
  readonly secrets: LoadedSecrets;
  readonly warnings: readonly string[];
};

/**
 * Reads the configuration. A `scope` of `database` asks only for what commands on the record need: no key of a target, no
 * encryption key. The command line wins over the environment, which wins over the file. `file` null stands for
 * `TOLLGATE_CONFIG`, else `tollgate.yaml` where it exists. Throws a `ConfigError` that lists every problem.
 */
export function loadConfig(options: {
  file: string | null;
  env: Environment;
  flags?: Flags;
  cwd?: string;
  scope?: "all" | "database";
}): Loaded {
  const cwd = options.cwd ?? process.cwd();
  const { env } = options;
  const path = findFile(options.file, env, cwd);
  const folder = path === null ? cwd : dirname(path);
  const reading = path === null ? readConfigText("") : readConfigText(readText(path));
  const overrides = [...listOverrides(env), ...listFlags(options.flags ?? {})];
  if (reading.problems.length > 0) throw new ConfigError(path, reading.problems);
  const parsed = parseFile(reading, overrides);
  const problems: Problem[] = [...parsed.problems];
  const { file } = parsed;
  if (file === null) throw new ConfigError(path, problems);

  function report(at: readonly PropertyKey[] | string, expected: string): void {
    // What depends on a part that was left out can't be said.
    const about = typeof at === "string" ? ABOUT.get(at) : undefined;
    if (about !== undefined && parsed.left.some((path) => isBelow(path, about))) return;
    if (typeof at === "string") problems.push({ path: at, line: null, expected });
    else if (!parsed.left.some((path) => isBelow(path, at) || isBelow(at, path))) {
      const source = sourceOf(at, overrides);
      problems.push({
        path: source ?? toDotted(at),
        line: source === null ? reading.lineOf(at) : null,
        expected,
      });
    }
  }

  const listen = parseAddress(file.listen) ?? { host: "127.0.0.1", port: 8080 };
  const adminListen = file.admin_listen === "off" ? null : parseAddress(file.admin_listen);
  const publicUrl = file.public_url?.replace(/\/+$/, "") ?? null;
  if (
    adminListen !== null &&
    listen.port !== 0 &&
    adminListen.port === listen.port &&
    adminListen.host === listen.host
  ) {
    report(["admin_listen"], "expected another address than listen's");
  }
  const adminUrl = file.admin_url === undefined ? null : new URL(file.admin_url).origin;
  if ([...file.issuers, ...file.saml_issuers].some((one) => one.console !== undefined)) {
    if (adminListen === null)
      report(["admin_listen"], "expected an address: an issuer has a `console`, which listens there");
    else if (adminUrl === null && !isLoopback(adminListen.host))
      report(
        ["admin_url"],
        "expected the URL that the console is opened by: people sign in there, and `admin_listen` is not this machine's own address",
      );
  }
  const databaseUrl = readDatabaseUrl(file, env, folder, report);
  const ours = adminListen === null ? [listen] : [listen, adminListen];
  const targets = readConnections({ file, fileGiven: path !== null, folder, env, listen: ours, publicUrl });
  const isWhole = options.scope !== "database";
  if (isWhole) for (const problem of targets.problems) report(problem.path, problem.expected);
  // Commands on the record open what is sealed where the key is at hand, and do without it where it is not.
  const encryptionKey = isWhole
    ? readEncryptionKey(file, env, folder, databaseUrl !== null, report)
    : readEncryptionKey(file, env, folder, false, () => undefined);
  const originalsKeys = isWhole
    ? (readKeys(["record", "originals"], file.record.originals, env, folder, report) ?? [])
    : [];
  const credentialKeys = readKeys(
    ["credentials"],
    file.credentials,
    env,
    folder,
    isWhole ? report : () => undefined,
  );
  const from = (key: readonly string[]): string => (sourceOf(key, overrides) === null ? folder : cwd);
  const operator =
    file.policy.operator === undefined ? null : resolve(from(["policy", "operator"]), file.policy.operator);
  if (isWhole && operator !== null && !existsSync(operator))
    report(["policy", "operator"], `expected a file at ${operator}`);
  const signing = file.policy.signing === undefined ? null : resolveSigning(file.policy.signing, folder);
  if (isWhole && signing !== null) {
    const trust = readTrust(signing, env);
    if ("expected" in trust) report(["policy", "signing", "keys", trust.index, "public_key"], trust.expected);
  }
  const sources = options.flags?.policy ?? null;
  const replaced = file.policy.bundle ?? file.policy.bundles ?? null;
  if (sources !== null && signing !== null)
    report(
      ["policy", "signing"],
      "expected none beside --policy: what is built at every change is not signed. Leave it out of a configuration for development; in earnest build and sign a bundle, and start without --policy",
    );
  const bundles = readBundles(file.policy, {
    sources: sources === null ? null : resolve(cwd, sources),
    signing,
    folder,
    from,
    follow: (reference) => followReference(reference, env, folder),
    report,
    isServing: isWhole,
  });
  const tls =
    file.tls === undefined
      ? null
      : {
          certificate: resolve(from(["tls", "certificate"]), file.tls.certificate),
          key: resolve(from(["tls", "key"]), file.tls.key),
          client_ca: file.tls.client_ca === undefined ? null : resolve(folder, file.tls.client_ca),
          client_certificates: file.tls.client_certificates ?? "require",
        };
  if (tls !== null && tls.client_ca === null && file.tls?.client_certificates !== undefined)
    report(["tls", "client_ca"], "expected the file of the authorities of clients' certificates");
  if (isWhole && tls !== null) {
    const files = readTlsFiles(tls);
    if ("wrong" in files) report(["tls", files.wrong], files.expected);
  }
  const trusted = readIssuers(file.issuers, {
    follow: (reference) => followReference(reference, env, folder),
    isServing: isWhole,
    report,
  });
  const samlIssuers = readSamlIssuers(file.saml_issuers, {
    folder,
    others: trusted.issuers,
    report,
  });
  const way = readOutbound(file.outbound, {
    env,
    folder,
    follow: (reference) => followReference(reference, env, folder),
    report: isWhole ? report : () => undefined,
  });
  if (problems.length > 0) throw new ConfigError(path, problems);

  const config: Config = {
    file: path,
    listen,
    adminListen,
    adminUrl,
    tls,
    trustedProxies: file.trusted_proxies,
    forwardedHeader: file.forwarded_header,
    publicUrl,
    stateDir: resolve(from(["state_dir"]), file.state_dir),
    database: { embedded: databaseUrl === null },
    simulate: file.simulate,
    connections: targets.connections,
    credentials: file.credentials,
    outbound: way.outbound,
    issuers: trusted.issuers,
    samlIssuers,
    tokens: file.tokens,
    console: file.console,
    policy: {
      bundles,
      isBuilt: sources !== null,
      folder,
      operator,
      signing,
      time_zone: file.policy.time_zone,
      tenant: file.policy.tenant,
    },
    limits: file.limits,
    detect: file.detect,
    record: file.record,
    decisionLog: toDecisionLog(file.decision_log, folder),
    shutdown: file.shutdown,
    workers: file.workers,
    log: file.log,
  };
  const secrets: LoadedSecrets = {
    databaseUrl,
    encryptionKey,
    originalsKeys,
    credentialKeys,
    credentials: targets.credentials,
    adminCredentials: targets.adminCredentials,
    issuerSecrets: trusted.secrets,
    consoleSecrets: trusted.consoleSecrets,
    proxyCredential: way.credential,
  };
  const instead =
    sources === null || replaced === null
      ? []
      : ["`policy.bundle` does not count: --policy names a folder that stands in its place."];
  return { config, secrets, warnings: [...targets.warnings, ...instead, ...warnOfUnknown(env)] };
}

/** What in the file the variables are about that are asked for by their name. */
const ABOUT: ReadonlyMap<string, readonly string[]> = new Map([
  ["OPENAI_API_KEY", ["connections"]],
  ["TOLLGATE_ENCRYPTION_KEY", ["encryption_key"]],
]);

type Report = (at: readonly PropertyKey[] | string, expected: string) => void;

function findFile(given: string | null, env: Environment, cwd: string): string | null {
  const named = given ?? readVariable(env, "TOLLGATE_CONFIG");
  if (named !== null) return resolve(cwd, named);
  const usual = resolve(cwd, "tollgate.yaml");
  return existsSync(usual) ? usual : null;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new ConfigError(path, [{ path, line: null, expected: `expected a readable file (${code})` }]);
  }
}

function readEncryptionKey(
  file: ConfigFile,
  env: Environment,
  folder: string,
  isRequired: boolean,
  report: Report,
): Buffer | null {
  const reference = file.encryption_key;
  if (reference === undefined) {
    if (isRequired) {
      report(
        "TOLLGATE_ENCRYPTION_KEY",
        "expected a reference to a key, env:NAME or file:PATH: a database of your own needs one that it doesn't hold",
      );
    }
    return null;
  }
  return readKey(["encryption_key"], reference, env, folder, report);
}

/** Gives a key and those before it, the one that seals first; null where one of them can't be had. */
function readKeys(
  at: readonly string[],
  { key, former_keys }: ConfigFile["credentials"],
  env: Environment,
  folder: string,
  report: Report,
): Buffer[] | null {
  if (key === undefined && former_keys.length > 0)
    report([...at, "key"], "expected a reference to a key, since there are former ones");
  const found = key === undefined ? [] : [readKey([...at, "key"], key, env, folder, report)];
  for (const [index, former] of former_keys.entries())
    found.push(readKey([...at, "former_keys", index], former, env, folder, report));
  const keys = found.filter((one) => one !== null);
  return keys.length === found.length ? keys : null;
}

function readKey(
  at: readonly PropertyKey[],
  reference: string,
  env: Environment,
  folder: string,
  report: Report,
): Buffer | null {
  const followed = followReference(reference, env, folder);
  if ("expected" in followed) {
    report(at, followed.expected);
    return null;
  }
  const key = parseEncryptionKey(followed.value);
  if (key === null)
    report(at, "expected 32 bytes in base64 or hexadecimal, for instance from `openssl rand -base64 32`");
  return key;
}
