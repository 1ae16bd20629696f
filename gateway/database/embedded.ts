// The embedded PostgreSQL: one per state folder, started with the gateway, adopted where it still runs, stopped at the end.
import { join } from "node:path";
import type { Log } from "../log.ts";
import { findBinaries } from "./binaries.ts";
import { ensureCluster, readAccess, toDatabaseUrl } from "./cluster.ts";
import type { Owner } from "./lock.ts";
import { takeLock, tryLock } from "./lock.ts";
import { ensureDatabaseUser } from "./os-user.ts";
import { findPostmaster, startPostmaster, stopPostmaster, waitUntilReady } from "./postmaster.ts";
import { StartError } from "./start-error.ts";
import type { StateFolder } from "./state-folder.ts";

export type EmbeddedDatabase = {
  /** Holds the password: a secret. */
  readonly url: string;
  /** The server was running already. */
  readonly adopted: boolean;
  /** Stops the server, where it is ours, and gives the state folder back. */
  stop(): Promise<void>;
};

const START_MS = 60_000;
const STOP_MS = 20_000;
const WAIT_FOR_COMMAND_MS = 30_000;

/** Takes the state folder and starts its database, or adopts the one that a killed gateway left running. */
export async function startEmbedded(
  folder: StateFolder,
  role: Owner["role"],
  log: Log,
): Promise<EmbeddedDatabase> {
  const lock = await takeLock(folder.lock, role, WAIT_FOR_COMMAND_MS);
  try {
    const known = readAccess(folder);
    const running = known === null ? null : await waitUntilReady(join(known.home, "data"), START_MS);
    if (known !== null && running !== null) {
      log.info({ pid: running.pid }, "Adopted the embedded PostgreSQL that was running.");
      const url = toDatabaseUrl({ ...known, port: running.port, socketDir: running.socketDir });
      return { url, adopted: true, stop: () => end(join(known.home, "data")) };
    }
    const user = ensureDatabaseUser();
    const binaries = findBinaries(user);
    const access = await ensureCluster(folder, binaries, user);
    const dataDir = join(access.home, "data");
    const started = await startPostmaster({
      binaries,
      user,
      dataDir,
      socketDir: access.socketDir,
      logFile: join(access.home, "log"),
      timeoutMs: START_MS,
    });
    log.debug({ pid: started.pid }, "Started the embedded PostgreSQL.");
    return { url: toDatabaseUrl(access), adopted: false, stop: () => end(dataDir) };
  } catch (error) {
    lock.release();
    throw error;
  }

  async function end(dataDir: string): Promise<void> {
    try {
      await stopPostmaster(dataDir, STOP_MS);
    } finally {
      lock.release();
    }
  }
}

/**
 * Gives a command the embedded database: the running gateway's, or, where none runs, one of its own for the command's
 * duration.
 */
export async function borrowEmbedded(folder: StateFolder, log: Log): Promise<EmbeddedDatabase> {
  const end = Date.now() + START_MS;
  for (;;) {
    const attempt = tryLock(folder.lock, "command");
    if (!("heldBy" in attempt)) {
      attempt.release();
      return await startEmbedded(folder, "command", log);
    }
    const access = readAccess(folder);
    const running = access === null ? null : findPostmaster(join(access.home, "data"));
    if (attempt.heldBy.role === "gateway" && access !== null && running?.status === "ready") {
      const url = toDatabaseUrl({ ...access, port: running.port, socketDir: running.socketDir });
      return { url, adopted: true, stop: async () => undefined };
    }
    if (Date.now() > end) {
      throw new StartError(
        `The state folder ${folder.path} belongs to process ${attempt.heldBy.pid} on ${attempt.heldBy.host}, and its database doesn't answer.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
