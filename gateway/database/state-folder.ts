// The state folder: where things lie in it, and who may read them.
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "./start-error.ts";

export type StateFolder = {
  readonly path: string;
  readonly lock: string;
  /** The database's files, unless its user can't reach them here. */
  readonly database: string;
  /** How to reach the database: socket, user and password. */
  readonly access: string;
  readonly encryptionKey: string;
  readonly demoToken: string;
};

/** Names what is in the state folder. */
export function toStateFolder(path: string): StateFolder {
  const secrets = join(path, "secrets");
  return {
    path,
    lock: join(path, "lock"),
    database: join(path, "postgres"),
    access: join(secrets, "database.json"),
    encryptionKey: join(secrets, "encryption.key"),
    demoToken: join(secrets, "demo-token"),
  };
}

/** Makes the folder. The database's user must pass through it, so only its secrets are closed to others. */
export function openStateFolder(path: string): StateFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
    mkdirSync(join(path, "secrets"), { recursive: true, mode: 0o700 });
    chmodSync(join(path, "secrets"), 0o700);
    writeFileSync(join(path, ".gitignore"), "*\n");
  } catch (error) {
    throw new StartError(
      `The state folder ${path} can't be written; name another one with TOLLGATE_STATE_DIR.`,
      {
        cause: error,
      },
    );
  }
  return toStateFolder(path);
}

/** Writes a file that only its owner may read, whole or not at all. */
export function writeSecretFile(path: string, content: string): void {
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(temporary, content, { mode: 0o600, flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Reads a file, or gives null where it doesn't exist. */
export function readIfExists(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
