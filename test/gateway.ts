// Starts a whole gateway as its own process, in front of a simulated target that the test can look into.
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { openDatabase } from "../db/client.ts";
import { issueKey } from "../gateway/cli/service-accounts.ts";
import { parseDuration } from "../gateway/cli/duration.ts";
import { createSimulator } from "../gateway/simulator/server.ts";
import type { Simulator } from "../gateway/simulator/server.ts";
import { watchArrivals } from "./arrivals.ts";
import type { Arrival } from "./arrivals.ts";
import type { TestCertificate } from "./fixtures/certificate.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MAIN = join(ROOT, "gateway", "main.ts");
/** Those of `npm start`. */
const NODE_ARGS = ["--max-semi-space-size=32"];
const READY_MS = 60_000;
const LOG_LIMIT = 200_000;

/** What a key is made for. */
export type KeyOptions = {
  readonly name?: string;
  readonly groups?: readonly string[];
  readonly ttl?: string;
};

/** How a gateway is started; everything is optional. */
export type GatewayOptions = {
  /** A database that stands already; absent: the embedded one, in a state folder of its own. */
  readonly databaseUrl?: string;
  /** Gives the configuration file's text; the target's credential stands in `env:OPENAI_API_KEY`. */
  readonly config?: (targetUrl: string) => string;
  /** Further variables; undefined removes one that the harness sets. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly args?: readonly string[];
  /** The authority of its certificate, where it listens with TLS; the files themselves are named by `env`. */
  readonly ca?: string;
  /** The certificate and the key to show, where it wants one. */
  readonly client?: TestCertificate;
  /** Arguments of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Another target than the harness' simulator, and its credential. */
  readonly target?: { readonly url: string; readonly credential: string };
  /** The state folder to use, which is then kept. */
  readonly stateDir?: string;
};

/** What a finished command printed. */
export type CommandResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** The environment and folder of a command. */
type Surroundings = { readonly cwd: string; readonly env: NodeJS.ProcessEnv };

/** A gateway that is ready. */
export type RunningGateway = {
  /** The base URL of the default connection, with `/v1`. */
  readonly baseUrl: string;
  /** The data port's origin. */
  readonly origin: string;
  /** The admin port's origin. */
  readonly adminOrigin: string;
  readonly stateDir: string;
  readonly pid: number;
  /** The target behind it, with all requests that reached it. */
  readonly upstream: Simulator;
  /** What became of each call that reached the target, in their order. */
  arrivals(): readonly Arrival[];
  /** The target's base URL. */
  readonly targetUrl: string;
  /** The credential that the target wants: it may never reach a program. */
  readonly credential: string;
  /** What the gateway has written, both streams. */
  log(): string;
  /** Runs the command line against this gateway. */
  cli(...args: readonly string[]): Promise<CommandResult>;
  /** Creates a service account and gives its key: by the command line where the database is the embedded one. */
  createKey(options?: KeyOptions): Promise<string>;
  /** Sends a signal and waits for the end; gives the exit code, null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  [Symbol.asyncDispose](): Promise<void>;
};

const created = z.object({ key: z.string().startsWith("tg_") });

/** Starts a gateway and waits until `/readyz` answers 200. Throws with its log where it does not. */
export async function startGateway(options: GatewayOptions = {}): Promise<RunningGateway> {
  const credential = options.target?.credential ?? `simulated-${randomBytes(12).toString("hex")}`;
  const adminCredential = `simulated-admin-${randomBytes(12).toString("hex")}`;
  const upstream = createSimulator({ credential, adminCredential, inspect: true });
  const { url } = await upstream.listen(0, "127.0.0.1");
  const watch = watchArrivals(Number(new URL(url).port));
  const work = await mkdtemp(join(tmpdir(), "tollgate-gateway-"));
  // Where the embedded database's user can't get in, its data lies outside and outlives the test.
  await chmod(work, 0o755);
  const stateDir = options.stateDir ?? join(work, "state");
  const [port, adminPort] = await Promise.all([findPort(), findPort()]);
  const settings: Record<string, string | undefined> = {
    TOLLGATE_LISTEN: `127.0.0.1:${port}`,
    TOLLGATE_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    TOLLGATE_STATE_DIR: stateDir,
    TOLLGATE_LOG_FORMAT: "json",
    TOLLGATE_OPENAI_BASE_URL: options.target?.url ?? url,
    OPENAI_API_KEY: credential,
    OPENAI_ADMIN_KEY: adminCredential,
    NO_COLOR: "1",
    ...(options.databaseUrl === undefined
      ? {}
      : {
          DATABASE_URL: options.databaseUrl,
          TOLLGATE_ENCRYPTION_KEY: "env:TEST_ENCRYPTION_KEY",
          TEST_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
        }),
    ...options.env,
  };
  if (options.config !== undefined) {
    settings["TOLLGATE_CONFIG"] = join(work, "tollgate.yaml");
    await writeFile(join(work, "tollgate.yaml"), options.config(options.target?.url ?? url));
  }
  const env = toEnvironment(settings);
  const child = spawn(
    process.execPath,
    [...NODE_ARGS, ...(options.nodeArgs ?? []), MAIN, "start", ...(options.args ?? [])],
    {
      cwd: work,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const ended = once(child, "exit");
  const readLog = collect(child);
  const origin = `${options.ca === undefined ? "http" : "https"}://127.0.0.1:${port}`;

  let isReady = false;
  let isStopped = false;
  // Whatever a test says then, this is why.
  child.once("exit", (code, signal) => {
    if (isReady && !isStopped)
      process.stderr.write(`The gateway ended by itself (${code ?? signal}):\n${readLog().slice(-4000)}\n`);
  });

  async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    isStopped = true;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  }

  async function cli(...args: readonly string[]): Promise<CommandResult> {
    return runCommand([MAIN, ...args], { cwd: work, env });
  }

  async function dispose(): Promise<void> {
    await stop();
    await upstream.close();
    watch[Symbol.dispose]();
    await rm(work, { recursive: true, force: true });
  }

  try {
    await waitUntilReady(`${origin}/readyz`, child, options.ca, options.client);
  } catch (error) {
    await dispose();
    throw new Error(`The gateway did not become ready:\n${readLog().slice(-4000)}`, { cause: error });
  }
  isReady = true;
  return {
    baseUrl: `${origin}/v1`,
    origin,
    adminOrigin: `http://${settings["TOLLGATE_ADMIN_LISTEN"]}`,
    stateDir,
    pid: child.pid ?? 0,
    upstream,
    arrivals: () => watch.arrivals,
    targetUrl: options.target?.url ?? url,
    credential,
    log: readLog,
    cli,
    createKey: (key = {}) =>
      options.databaseUrl === undefined ? createKeyByCommand(cli, key) : insertKey(options.databaseUrl, key),
    stop,
    [Symbol.asyncDispose]: dispose,
  };
}

async function createKeyByCommand(cli: RunningGateway["cli"], options: KeyOptions): Promise<string> {
  const { name, groups, ttl } = { ...toKeyDefaults(), ...options };
  const flags = groups.flatMap((group) => ["--group", group]);
  const made = await cli("service-accounts", "create", name, ...flags, "--ttl", ttl, "--json");
  if (made.code !== 0) throw new Error(`service-accounts create ended with ${made.code}: ${made.stderr}`);
  return created.parse(JSON.parse(made.stdout)).key;
}

/** Makes a service account as the command does, without the seconds that a process takes to start. */
export async function insertKey(databaseUrl: string, options: KeyOptions = {}): Promise<string> {
  const { name, groups, ttl } = { ...toKeyDefaults(), ...options };
  const db = openDatabase(databaseUrl, { poolSize: 1 });
  try {
    const row = { tenant: "default", name, groups, ttlMs: parseDuration(ttl), existing: "refuse" } as const;
    const issued = await issueKey(db, row);
    if (issued === null) throw new Error(`A service account named ${name} exists.`);
    return issued.key;
  } finally {
    await db.close();
  }
}

function toKeyDefaults(): Required<KeyOptions> {
  return { name: `test-${randomBytes(4).toString("hex")}`, groups: ["developers"], ttl: "8h" };
}

/**
 * Finds a TCP port that is free on the loopback address: below those that the kernel gives out by itself, or another
 * connection could have it before it is used.
 */
export async function findPort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(20_000, 32_000);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new Error("No port is free.");
}

/** Lays settings over this process' environment, without what would change how a gateway starts. */
function toEnvironment(settings: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:TOLLGATE_|OPENAI_|DATABASE_URL$|VITEST|NODE_OPTIONS$)/.test(name),
  );
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...inherited, ...given]);
}

function collect(child: ChildProcess): () => string {
  let text = "";
  const add = (chunk: Buffer): void => {
    text = (text + chunk.toString("utf8")).slice(-LOG_LIMIT);
  };
  child.stdout?.on("data", add);
  child.stderr?.on("data", add);
  return () => text;
}

async function askStatus(
  url: string,
  ca: string | undefined,
  client: TestCertificate | undefined,
): Promise<number> {
  if (ca === undefined) return (await fetch(url, { signal: AbortSignal.timeout(2000) })).status;
  const [answer] = await once(get(url, { ca, ...client, agent: false, timeout: 2000 }), "response");
  const { statusCode } = z.object({ statusCode: z.number() }).parse(answer);
  return statusCode;
}

async function waitUntilReady(
  url: string,
  child: ChildProcess,
  ca: string | undefined,
  client: TestCertificate | undefined,
): Promise<void> {
  const end = Date.now() + READY_MS;
  while (Date.now() < end) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("The process ended.");
    const status = await askStatus(url, ca, client).catch(() => 0);
    if (status === 200) return;
    await sleep(50);
  }
  throw new Error("The time is over.");
}

/** Runs the command line in an empty folder, with these variables alone. */
export async function runTollgate(
  args: readonly string[],
  settings: Readonly<Record<string, string | undefined>> = {},
): Promise<CommandResult> {
  const cwd = await mkdtemp(join(tmpdir(), "tollgate-command-"));
  try {
    return await runCommand([MAIN, ...args], { cwd, env: toEnvironment({ NO_COLOR: "1", ...settings }) });
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

async function runCommand(args: readonly string[], options: Surroundings): Promise<CommandResult> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      ...options,
      timeout: 60_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() }).safeParse(error);
    if (failed.success) return failed.data;
    throw error;
  }
}
