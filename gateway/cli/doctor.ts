// `tollgate doctor`: looks at everything that a start needs, and says what is missing.
import { once } from "node:events";
import { get as getPlain, IncomingMessage } from "node:http";
import { get as getSecure } from "node:https";
import type { Command } from "commander";
import { openDatabase } from "../../db/client.ts";
import type { Database } from "../../db/client.ts";
import type { Config, Loaded } from "../config/config.ts";
import { loadConfig } from "../config/config.ts";
import { parseEncryptionKey } from "../config/secrets.ts";
import { findBinaries, findPackage, listMissingLinks } from "../database/binaries.ts";
import { listOrphans } from "../database/cluster.ts";
import { borrowEmbedded } from "../database/embedded.ts";
import { ensureDatabaseUser } from "../database/os-user.ts";
import { openStateFolder, readIfExists } from "../database/state-folder.ts";
import { createSilentLog } from "../log.ts";
import { openOutbound } from "../open-outbound.ts";
import { inspectKeys } from "../saml/inspect-keys.ts";
import { openSamlIssuers } from "../saml/issuers.ts";
import { checkPolicy } from "./check-policy.ts";
import { toOwnUrl } from "./own-url.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { listConnections, toPlaces } from "./find-connections.ts";
import type { Places } from "./find-connections.ts";
import { printJson, toPlain } from "./print.ts";
import { getConfigFile } from "./config-file.ts";

type Check = { readonly name: string; readonly status: "ok" | "warn" | "fail"; readonly detail: string };

/** Adds the command. */
export function addDoctor(program: Command, context: CommandContext): void {
  program
    .command("doctor")
    .description("look at everything that a start needs; ends with 1 where something is missing")
    .option("--json", "print an array of JSON")
    .action(async (options: { json?: true }) => {
      const checks = await examine(getConfigFile(program), context);
      if (options.json === true) printJson(context.stdout, checks);
      else
        for (const { name, status, detail } of checks)
          context.stdout.write(`${status.padEnd(4)}  ${name.padEnd(16)}  ${toLine(detail)}\n`);
      const failed = checks.filter(({ status }) => status === "fail").length;
      if (failed > 0) throw new CommandError(`${failed} of ${checks.length} checks failed.`);
    });
}

/** What is wrong may be several lines; here a check is one. */
function toLine(detail: string): string {
  return toPlain(
    detail
      .split("\n")
      .map((line) => line.trim())
      .join(" "),
  );
}

async function examine(configFile: string | null, context: CommandContext): Promise<Check[]> {
  const checks: Check[] = [{ name: "node", status: "ok", detail: process.versions.node }];
  const options = { file: configFile, env: context.env, cwd: context.cwd };
  const whole = await attempt("configuration", () => {
    const { config, warnings } = loadConfig(options);
    const detail = config.file ?? "no file: defaults and environment";
    return warnings.length === 0 ? detail : { status: "warn", detail: warnings.join(" ") };
  });
  checks.push(whole);
  const loaded = await tryTo(() => loadConfig({ ...options, scope: "database" }));
  if (loaded === null) return checks;
  const { config, secrets } = loaded;
  if (config.database.embedded) checks.push(...(await examineEmbedded()));
  checks.push(
    ...(await examineDatabase(loaded, context)),
    await attempt("policy", async () => {
      const { operator } = config.policy;
      return `revision ${await checkPolicy(loaded, context.env)}${operator === null ? "" : `, with ${operator}`}`;
    }),
    ...config.connections.map((connection): Check => {
      const name = `connection ${connection.name}`;
      if (connection.simulated) return { name, status: "warn", detail: "simulated: no provider is called" };
      const hasKey = secrets.credentials.has(connection.name);
      return {
        name,
        status: hasKey ? "ok" : "fail",
        detail: hasKey ? connection.baseUrl : "its credential is missing",
      };
    }),
    ...(await examineRecogniser(config)),
    ...(await examineSaml(loaded)),
    await examineGateway(config),
  );
  return checks;
}

const SHOWN = 3;

function toShort(folders: readonly string[]): string {
  const more = folders.length - SHOWN;
  return folders.slice(0, SHOWN).join(", ") + (more > 0 ? `, and ${more} more beside them` : "");
}

async function examineEmbedded(): Promise<Check[]> {
  const links = await attempt("database links", () => {
    const missing = listMissingLinks(findPackage().native).length;
    return missing === 0
      ? "all there"
      : {
          status: "warn",
          detail: `${missing} links are missing: npm ran no install script; a start makes them`,
        };
  });
  const programs = await attempt("database program", () => findBinaries(ensureDatabaseUser()).postgres);
  const orphans = await attempt("database folders", () => {
    const left = listOrphans();
    return left.length === 0
      ? "none is left over"
      : { status: "warn", detail: `their state folder is gone, so they can be removed: ${toShort(left)}` };
  });
  return [links, programs, orphans];
}

async function examineDatabase(
  { config, secrets }: Loaded,
  context: CommandContext,
): Promise<readonly Check[]> {
  const further: Check[] = [];
  const database = await attempt("database", async () => {
    const folder = secrets.databaseUrl === null ? openStateFolder(config.stateDir) : null;
    const embedded = folder === null ? null : await borrowEmbedded(folder, createSilentLog());
    const db = openDatabase(secrets.databaseUrl ?? embedded?.url ?? "", { poolSize: 1 });
    try {
      await db.ping(5000);
      const made = folder === null ? null : readIfExists(folder.encryptionKey);
      const key = secrets.encryptionKey ?? (made === null ? null : parseEncryptionKey(made.trim()));
      further.push(...(await examineStored(db, { config, secrets, key, context })));
      return secrets.databaseUrl === null ? `embedded, in ${config.stateDir}` : "answers";
    } finally {
      await db.close();
      await embedded?.stop();
    }
  });
  return [database, ...further];
}

/** Looks at the connections of the database, and at the key that theirs are wrapped by. */
async function examineStored(
  db: Database,
  from: Pick<Places, "config" | "secrets" | "context"> & { readonly key: Buffer | null },
): Promise<readonly Check[]> {
  const places = await toPlaces(db, from).catch(() => null);
  // Without tables there are no connections: a start makes them.
  if (places === null) return [];
  const { custody, stored } = places;
  const checks: Check[] = [];
  for (const found of listConnections(places)) {
    if (found.stored === null || found.isSimulated) continue;
    const isDisabled = found.stored.disabledAt !== null;
    checks.push(
      await attempt(`connection ${found.name}`, async () => {
        await found.key("api");
        return isDisabled ? { status: "warn", detail: "disabled" } : found.baseUrl;
      }),
    );
  }
  if (custody !== null && stored.connections.length > 0) {
    const rows = stored.connections.flatMap(({ credentials }) => credentials);
    const former = rows.filter(({ keyId }) => keyId !== custody.wrapper.keyId).length;
    checks.push({
      name: "credentials key",
      status: former === 0 ? "ok" : "warn",
      detail:
        former === 0
          ? `${custody.wrapper.keyId} wraps all data keys`
          : `${former} of ${rows.length} data keys are wrapped by another: "tollgate connections rewrap"`,
    });
  }
  return checks;
}

async function examineRecogniser({ detect: { recogniser } }: Config): Promise<Check[]> {
  if (recogniser === undefined) return [];
  const url = `${recogniser.url.replace(/\/+$/, "")}/health`;
  const look = async (): Promise<Finding> => {
    const status = await askStatus(url).catch(() => null);
    if (status === 200) return `answers at ${recogniser.url}`;
    const detail = status === null ? `none answers at ${url}` : `${url} answers with status ${status}`;
    return { status: recogniser.on_error === "refuse" ? "fail" : "warn", detail };
  };
  return [await attempt("recogniser", look)];
}

async function examineSaml({ config, secrets }: Loaded): Promise<Check[]> {
  if (config.samlIssuers.length === 0) return [];
  using _way = openOutbound(config, secrets).install();
  const issuers = openSamlIssuers(config.samlIssuers, Date.now);
  return Promise.all(
    issuers.map(async (one) => ({
      name: `saml ${one.config.console?.name ?? one.config.issuer}`,
      ...(await inspectKeys(one, Date.now())),
    })),
  );
}

async function examineGateway(config: Config): Promise<Check> {
  const url = toOwnUrl(config);
  const name = "gateway";
  try {
    const status = await askStatus(`${url}/readyz`, true);
    return status === 200
      ? { name, status: "ok", detail: `ready at ${url}` }
      : { name, status: "fail", detail: `${url}/readyz answers with status ${status}` };
  } catch {
    return { name, status: "warn", detail: `none runs at ${url}` };
  }
}

/** Asks for a status. Of this machine's own gateway the certificate is for the name that programs use, not for this address. */
async function askStatus(url: string, isOwn = false): Promise<number> {
  const ask = url.startsWith("https:") ? getSecure : getPlain;
  const [answer]: unknown[] = await once(
    ask(url, { agent: false, rejectUnauthorized: !isOwn, signal: AbortSignal.timeout(3000) }),
    "response",
  );
  if (!(answer instanceof IncomingMessage)) return 0;
  answer.resume();
  return answer.statusCode ?? 0;
}

type Finding = string | { readonly status: "ok" | "warn" | "fail"; readonly detail: string };

async function attempt(name: string, look: () => Finding | Promise<Finding>): Promise<Check> {
  try {
    const found = await look();
    return typeof found === "string" ? { name, status: "ok", detail: found } : { name, ...found };
  } catch (error) {
    return { name, status: "fail", detail: error instanceof Error ? error.message : "it can't be read" };
  }
}

async function tryTo<T>(act: () => T): Promise<T | null> {
  try {
    return act();
  } catch {
    return null;
  }
}
