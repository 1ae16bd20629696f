// Makes the embedded database's files: where they lie, the first initdb, and a password that only the state folder knows.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Binaries } from "./binaries.ts";
import { SYSTEM_FOLDER } from "./binaries.ts";
import type { DatabaseUser } from "./os-user.ts";
import { canReach } from "./os-user.ts";
import { SERVER_ENVIRONMENT } from "./postmaster.ts";
import { StartError } from "./start-error.ts";
import type { StateFolder } from "./state-folder.ts";
import { readIfExists, toStateFolder, writeSecretFile } from "./state-folder.ts";

const access = z.object({
  /** The folder that holds data, socket and log. */
  home: z.string(),
  socketDir: z.string(),
  port: z.int(),
  user: z.string(),
  password: z.string(),
  database: z.string(),
});

/** How to reach the embedded database; kept in the state folder, 0600. */
export type Access = z.output<typeof access>;

/** In a home outside its state folder: where that is. */
const OWNER_FILE = "state-folder";
const USER = "tollgate";
const SOCKET_PATH_LIMIT = 100;

/** Reads how to reach the database; null where there has been none. */
export function readAccess(folder: StateFolder): Access | null {
  const text = readIfExists(folder.access);
  if (text === null) return null;
  try {
    return access.parse(JSON.parse(text));
  } catch {
    throw new StartError(`${folder.access} can't be read; it holds the embedded database's password.`);
  }
}

/** Gives the URL of the database, in libpq's form for a Unix socket. */
export function toDatabaseUrl(to: Access): string {
  return `postgres://${to.user}:${encodeURIComponent(to.password)}@localhost:${to.port}/${to.database}?host=${encodeURIComponent(to.socketDir)}`;
}

/** Makes sure that there are data and a password, and gives how to reach them. The server must not be running. */
export async function ensureCluster(
  folder: StateFolder,
  binaries: Binaries,
  user: DatabaseUser,
): Promise<Access> {
  const known = readAccess(folder);
  const home = known !== null && existsSync(join(known.home, "data")) ? known.home : chooseHome(folder, user);
  const dataDir = join(home, "data");
  const hasData = existsSync(join(dataDir, "PG_VERSION"));
  if (hasData) checkVersion(dataDir, binaries);
  const password = hasData && known !== null ? known.password : randomBytes(32).toString("base64url");
  const to: Access = {
    home,
    socketDir: chooseSocketDir(home, user),
    port: 5432,
    user: USER,
    password,
    database: USER,
  };
  if (!hasData) await makeData(dataDir, binaries, user, to, folder);
  else if (known === null) {
    await runSingle(binaries, user, dataDir, `ALTER ROLE ${USER} PASSWORD '${password}'`);
  }
  writeSecretFile(folder.access, `${JSON.stringify(to)}\n`);
  return to;
}

async function makeData(
  dataDir: string,
  binaries: Binaries,
  user: DatabaseUser,
  to: Access,
  folder: StateFolder,
): Promise<void> {
  // Made beside its place and moved there whole: an interrupted initdb leaves nothing that looks like data.
  const fresh = `${dataDir}.new`;
  const passwordFile = `${dataDir}.password`;
  rmSync(fresh, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  try {
    writeFileSync(passwordFile, `${to.password}\n`, { mode: 0o600, flag: "wx" });
    give(passwordFile, user);
    await run(
      binaries.initdb,
      [
        "-D",
        fresh,
        "-U",
        USER,
        `--pwfile=${passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
      ],
      user,
      null,
    );
    await runSingle(binaries, user, fresh, `CREATE DATABASE ${USER}`);
    writeSecretFile(folder.access, `${JSON.stringify(to)}\n`);
    renameSync(fresh, dataDir);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(fresh, { recursive: true, force: true });
  }
}

function checkVersion(dataDir: string, binaries: Binaries): void {
  const has = readFileSync(join(dataDir, "PG_VERSION"), "utf8").trim();
  const serves = binaries.version.split(".")[0] ?? "";
  if (has !== serves) {
    throw new StartError(
      `The data in ${dataDir} is of PostgreSQL ${has}, and the embedded one is ${serves}. Move it with pg_dump, or name another folder with TOLLGATE_STATE_DIR.`,
    );
  }
}

/** Where data lies: in the state folder, or, where the database's user can't get there, in a place of root's. */
function chooseHome(folder: StateFolder, user: DatabaseUser): string {
  mkdirSync(folder.database, { recursive: true });
  give(folder.database, user);
  chmodSync(folder.database, 0o700);
  if (canReach(user, folder.database, true)) return folder.database;
  const digest = createHash("sha256").update(realpathSync(folder.path)).digest("hex").slice(0, 12);
  const home = join(SYSTEM_FOLDER, `data-${digest}-${randomBytes(4).toString("hex")}`);
  try {
    mkdirSync(home, { recursive: true, mode: 0o755 });
    give(home, user);
    chmodSync(home, 0o700);
    writeFileSync(join(home, OWNER_FILE), `${folder.path}\n`);
  } catch (error) {
    throw new StartError(unreachable(folder), { cause: error });
  }
  if (!canReach(user, home, true)) throw new StartError(unreachable(folder));
  return home;
}

/** Lists homes in the system's folder whose state folder is gone, and with it their password and key. */
export function listOrphans(): string[] {
  if (!existsSync(SYSTEM_FOLDER)) return [];
  return readdirSync(SYSTEM_FOLDER)
    .map((name) => join(SYSTEM_FOLDER, name))
    .filter((home) => {
      const owner = readIfExists(join(home, OWNER_FILE))?.trim();
      return owner !== undefined && !existsSync(toStateFolder(owner).access);
    });
}

function unreachable(folder: StateFolder): string {
  return `The database's user can reach neither ${folder.database} nor ${SYSTEM_FOLDER}. Open one of them to it, name another folder with TOLLGATE_STATE_DIR, or set DATABASE_URL.`;
}

/** A socket's path is short by law of the kernel (107 bytes); a deep state folder puts it under the temporary folder. */
function chooseSocketDir(home: string, user: DatabaseUser): string {
  const near = join(home, "socket");
  if (Buffer.byteLength(join(near, ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT) {
    mkdirSync(near, { recursive: true, mode: 0o700 });
    give(near, user);
    return near;
  }
  const far = mkdtempSync(join(tmpdir(), "tollgate-"));
  give(far, user);
  return far;
}

function give(path: string, user: DatabaseUser): void {
  if (user !== null) chownSync(path, user.uid, user.gid);
}

async function runSingle(
  binaries: Binaries,
  user: DatabaseUser,
  dataDir: string,
  statement: string,
): Promise<void> {
  const args = [
    "--single",
    "-D",
    dataDir,
    "-c",
    "log_min_error_statement=panic",
    "-c",
    "exit_on_error=on",
    "postgres",
  ];
  await run(binaries.postgres, args, user, `${statement};\n`);
}

function run(
  program: string,
  args: readonly string[],
  user: DatabaseUser,
  input: string | null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...user,
      cwd: "/",
      env: SERVER_ENVIRONMENT,
      stdio: ["pipe", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString("utf8")).slice(-2000)));
    child.on("error", (error) => reject(new StartError(`${program} can't be run.`, { cause: error })));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else
        reject(
          new StartError(
            `${program} failed: ${
              said
                .trim()
                .split("\n")
                .findLast((line) => line !== "") ?? `exit ${code}`
            }`,
          ),
        );
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input ?? "");
  });
}
