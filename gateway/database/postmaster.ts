// One PostgreSQL server on one data folder: is it running, start it, stop it.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Binaries } from "./binaries.ts";
import { isProcessAlive } from "./lock.ts";
import type { DatabaseUser } from "./os-user.ts";
import { StartError } from "./start-error.ts";
import { readIfExists } from "./state-folder.ts";

/** What `postmaster.pid` says of a living server. */
export type Postmaster = {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
  readonly status: string;
};

/** A small environment: the server needs none of the gateway's variables, some of which are secrets. */
export const SERVER_ENVIRONMENT = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" } as const;

const LOG_LIMIT = 10 * 1024 * 1024;

const SETTINGS: readonly (readonly [string, string])[] = [
  ["listen_addresses", ""],
  ["unix_socket_permissions", "0700"],
  ["password_encryption", "scram-sha-256"],
  ["max_connections", "300"],
  ["shared_buffers", "128MB"],
  ["jit", "off"],
  // The server's log must hold no row: statements and details quote values.
  ["log_min_error_statement", "panic"],
  ["log_error_verbosity", "terse"],
  ["log_timezone", "UTC"],
  ["timezone", "UTC"],
];

/** Finds a living server of this data folder, whoever started it; null where there is none. */
export function findPostmaster(dataDir: string): Postmaster | null {
  const lines = readIfExists(join(dataDir, "postmaster.pid"))?.split("\n") ?? [];
  const pid = Number.parseInt(lines[0] ?? "", 10);
  if (!Number.isInteger(pid) || pid <= 0 || !isProcessAlive(pid) || isElsewhere(pid, dataDir)) return null;
  return {
    pid,
    port: Number(lines[3] ?? ""),
    socketDir: (lines[4] ?? "").trim(),
    status: (lines[7] ?? "").trim(),
  };
}

/** A server's working folder is its data folder; after a restart of the machine, its id may be another program's. */
function isElsewhere(pid: number, dataDir: string): boolean {
  try {
    return statSync(`/proc/${pid}/cwd`).ino !== statSync(dataDir).ino;
  } catch {
    return process.platform === "linux";
  }
}

/** Starts a server that outlives us, so that a killed gateway loses no commit; waits until it takes connections. */
export async function startPostmaster(options: {
  readonly binaries: Binaries;
  readonly user: DatabaseUser;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly logFile: string;
  readonly timeoutMs: number;
}): Promise<Postmaster> {
  const { dataDir, logFile } = options;
  removeStalePid(dataDir);
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT) rmSync(logFile);
  const log = openSync(logFile, "a", 0o600);
  const settings = [...SETTINGS, ["unix_socket_directories", options.socketDir] as const];
  const args = ["-D", dataDir, ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const state: { ended: string | null } = { ended: null };
  const child = spawn(options.binaries.postgres, args, {
    ...options.user,
    cwd: "/",
    env: SERVER_ENVIRONMENT,
    // A session of its own: Ctrl-C in the terminal is for the gateway, which stops the server at the end of its drain.
    detached: true,
    stdio: ["ignore", log, log],
  });
  child.on("error", (error) => (state.ended = error.message));
  child.on("exit", (code, signal) => (state.ended = `exit ${code ?? signal ?? "unknown"}`));
  child.unref();
  closeSync(log);
  const end = Date.now() + options.timeoutMs;
  while (Date.now() < end && state.ended === null) {
    const found = findPostmaster(dataDir);
    if (found?.status === "ready") return found;
    await sleep(20);
  }
  if (state.ended === null) child.kill("SIGQUIT");
  throw new StartError(
    `The embedded PostgreSQL didn't start (${state.ended ?? "no answer in time"}); ${logFile} says why.`,
  );
}

/** Waits until a server that is starting takes connections. */
export async function waitUntilReady(dataDir: string, timeoutMs: number): Promise<Postmaster | null> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = findPostmaster(dataDir);
    if (found === null || found.status === "ready") return found;
    if (Date.now() > end) return null;
    await sleep(50);
  }
}

/** Stops a server: connections are closed at once, everything that was committed stays. */
export async function stopPostmaster(dataDir: string, timeoutMs: number): Promise<void> {
  const found = findPostmaster(dataDir);
  if (found === null) return;
  for (const signal of ["SIGINT", "SIGQUIT"] as const) {
    process.kill(found.pid, signal);
    const end = Date.now() + timeoutMs;
    while (Date.now() < end) {
      if (findPostmaster(dataDir)?.pid !== found.pid) return;
      await sleep(10);
    }
  }
}

/** PostgreSQL takes any living process with the old id for its server; in a container, ids come back soon. */
function removeStalePid(dataDir: string): void {
  const text = readIfExists(join(dataDir, "postmaster.pid"));
  if (text === null || process.platform !== "linux") return;
  const pid = Number.parseInt(text, 10);
  if (
    Number.isInteger(pid) &&
    isProcessAlive(pid) &&
    findPostmaster(dataDir) === null &&
    !hasBackends(dataDir)
  ) {
    rmSync(join(dataDir, "postmaster.pid"), { force: true });
  }
}

function hasBackends(dataDir: string): boolean {
  const { ino } = statSync(dataDir);
  return readdirSync("/proc").some((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return (
        statSync(`/proc/${entry}/cwd`).ino === ino &&
        readFileSync(`/proc/${entry}/comm`, "latin1").startsWith("postgres")
      );
    } catch {
      return false;
    }
  });
}
