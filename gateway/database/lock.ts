// The lock of the state folder: one process owns the embedded database, and the lock says which.
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { StartError } from "./start-error.ts";
import { readIfExists } from "./state-folder.ts";

const owner = z.object({
  pid: z.int(),
  role: z.enum(["gateway", "command"]),
  host: z.string(),
  /** The kernel's start time of the process, which tells it from a later one with the same id; null where unknown. */
  born: z.string().nullable(),
  since: z.string(),
});
export type Owner = z.output<typeof owner>;

export type Lock = { readonly owner: Owner; release(): void };

const BEAT_MS = 5000;
const DYING_MS = 1500;

/** Takes the lock, or gives the living owner who has it. */
export function tryLock(path: string, role: Owner["role"]): Lock | { readonly heldBy: Owner } {
  const mine: Owner = {
    pid: process.pid,
    role,
    host: hostname(),
    born: readBirth(process.pid),
    since: new Date().toISOString(),
  };
  const own = `${path}.${randomBytes(6).toString("hex")}`;
  writeFileSync(own, `${JSON.stringify(mine)}\n`, { mode: 0o644 });
  try {
    for (;;) {
      if (linkIfFree(own, path)) return hold(path, mine);
      const text = readIfExists(path);
      if (text === null) continue;
      const other = parseOwner(text);
      if (other !== null && isAlive(path, other)) return { heldBy: other };
      takeAway(path, text);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Takes the lock, waiting while a command holds it; a gateway that has it gets only the moment that dying takes. */
export async function takeLock(path: string, role: Owner["role"], waitMs: number): Promise<Lock> {
  const began = Date.now();
  for (;;) {
    const result = tryLock(path, role);
    if (!("heldBy" in result)) return result;
    const { heldBy } = result;
    if (Date.now() - began > (heldBy.role === "gateway" ? DYING_MS : waitMs)) {
      throw new StartError(
        `The state folder ${dirname(path)} belongs to a running ${heldBy.role} (process ${heldBy.pid} on ${heldBy.host}, since ${heldBy.since}). Stop it, or name another folder with TOLLGATE_STATE_DIR.`,
      );
    }
    await sleep(100);
  }
}

function hold(path: string, mine: Owner): Lock {
  const beat = setInterval(() => {
    try {
      const now = new Date();
      utimesSync(path, now, now);
    } catch {
      // The folder was removed under us; nobody can be told, and the database says the rest.
    }
  }, BEAT_MS);
  beat.unref();
  return {
    owner: mine,
    release() {
      clearInterval(beat);
      const text = readIfExists(path);
      const current = text === null ? null : parseOwner(text);
      if (current?.pid === mine.pid && current.since === mine.since) rmSync(path, { force: true });
    },
  };
}

function linkIfFree(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a dead owner's lock. Of two that do so at once, one may have caught the other's fresh lock: it puts it back. */
function takeAway(path: string, seen: string): void {
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readIfExists(aside) !== seen) linkIfFree(aside, path);
  rmSync(aside, { force: true });
}

function parseOwner(text: string): Owner | null {
  try {
    return owner.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function isAlive(path: string, other: Owner): boolean {
  if (other.host !== hostname()) {
    // Another machine or container on the same folder: its processes can't be seen, its heartbeat can.
    return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < 4 * BEAT_MS;
  }
  return isProcessAlive(other.pid) && (other.born === null || other.born === readBirth(other.pid));
}

/** Says whether a process with this id runs. One that has ended and that nobody has waited for doesn't. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return readStat(pid)?.[0] !== "Z";
}

/** The kernel's start time of a process; null where it can't be known. */
function readBirth(pid: number): string | null {
  return readStat(pid)?.[19] ?? null;
}

/** Fields of proc(5) `stat` from the third on, the state; those before end with a name that may hold anything. */
function readStat(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
