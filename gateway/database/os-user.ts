// The operating system's user that runs the embedded database: ourselves, or, as root, one that PostgreSQL accepts.
import { spawnSync } from "node:child_process";
import { StartError } from "./start-error.ts";

/** Null ids: the database runs as the gateway's own user. */
export type DatabaseUser = { readonly uid: number; readonly gid: number } | null;

const NAME = "postgres";

/** Finds the user, making it where the gateway runs as root and there is none; PostgreSQL refuses to run as root. */
export function ensureDatabaseUser(): DatabaseUser {
  if (process.getuid?.() !== 0) return null;
  const found = lookUp();
  if (found !== null) return found;
  const attempts = [
    ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME],
    ["adduser", "-S", "-D", "-H", "-s", "/sbin/nologin", NAME],
  ] as const;
  for (const [command, ...args] of attempts) {
    if (spawnSync(command, args, { stdio: "ignore" }).status === 0) break;
  }
  const made = lookUp();
  if (made !== null) return made;
  throw new StartError(
    `PostgreSQL doesn't run as root, and the user "${NAME}" can't be made. Start the gateway as another user, or set DATABASE_URL.`,
  );
}

function lookUp(): DatabaseUser {
  const uid = readId("-u");
  const gid = readId("-g");
  return uid === null || gid === null ? null : { uid, gid };
}

function readId(flag: "-u" | "-g"): number | null {
  const result = spawnSync("id", [flag, NAME], { encoding: "utf8" });
  const id = Number.parseInt(result.stdout ?? "", 10);
  return result.status === 0 && Number.isInteger(id) && id !== 0 ? id : null;
}

/** Says whether that user can enter and, with `write`, change a folder; asked of the system, which knows about ACLs. */
export function canReach(user: DatabaseUser, folder: string, write: boolean): boolean {
  const script = write ? 'test -x "$1/." && test -w "$1/."' : 'test -x "$1/." && test -r "$1/."';
  const result = spawnSync("/bin/sh", ["-c", script, "sh", folder], { ...user, cwd: "/", stdio: "ignore" });
  return result.status === 0;
}
