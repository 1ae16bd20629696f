// A lock between processes, which the operating system frees when its holder ends, however that ends.
import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { NoTokenError } from "./no-token-error.ts";

const BUSY = 5;
const LOOK_MS = 50;
/** Longer than whoever holds it asks a gateway. */
const PATIENCE_MS = 60_000;

/** Runs with the lock that a file stands for, one after the other over all processes of this machine. */
export async function withFileLock<T>(path: string, run: () => Promise<T>): Promise<T> {
  closeSync(openSync(path, "a", 0o600));
  // Node has no locks of files but SQLite's; nothing is ever written to this one.
  using lock = new DatabaseSync(path);
  const end = performance.now() + PATIENCE_MS;
  while (!take(lock)) {
    if (performance.now() > end)
      throw new NoTokenError(`Another process holds ${path} for too long.`, { isPassing: true });
    await setTimeout(LOOK_MS);
  }
  return await run();
}

function take(lock: DatabaseSync): boolean {
  try {
    lock.exec("begin exclusive");
    return true;
  } catch (error) {
    if (error instanceof Error && "errcode" in error && error.errcode === BUSY) return false;
    throw error;
  }
}
