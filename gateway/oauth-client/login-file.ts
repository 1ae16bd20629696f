// A person's sign-in at a gateway, kept in a file that only they can read, for all commands that need a token.
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { writeSecretFile } from "../database/state-folder.ts";
import { withFileLock } from "./file-lock.ts";
import { NoTokenError } from "./no-token-error.ts";
import type { Obtained } from "./obtain-token.ts";
import { refreshToken, revokeToken } from "./obtain-token.ts";
import { toHeldToken } from "./token-source.ts";

const kept = z.object({
  gateway: z.string(),
  issuer: z.string(),
  access_token: z.string(),
  scope: z.string(),
  renew_at: z.number(),
  expires_at: z.number(),
  refresh_token: z.string().nullable(),
});

/** A sign-in as it is kept; moments are milliseconds since the epoch. */
export type KeptLogin = z.output<typeof kept>;

const AGAIN = "Sign in with `tollgate login`.";

/** Gives the usual place of the file (XDG Base Directory Specification). */
export function toLoginPath(env: Readonly<Record<string, string | undefined>>): string {
  const home = env["XDG_CONFIG_HOME"] ?? "";
  const folder = isAbsolute(home) ? home : join(env["HOME"] ?? homedir(), ".config");
  return join(folder, "tollgate", "login.json");
}

/** Reads the file. Throws `NoTokenError` where there is none, or others can read it. */
export function readLogin(path: string): KeptLogin {
  let text: string;
  try {
    if ((statSync(path).mode & 0o077) !== 0)
      throw new NoTokenError(`Others can read ${path}: end that with \`chmod 600\`, or sign in anew.`);
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof NoTokenError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    throw new NoTokenError(
      code === "ENOENT" ? `Nobody is signed in. ${AGAIN}` : `The file ${path} can't be read (${code}).`,
      { cause },
    );
  }
  const login = kept.safeParse(parse(text));
  if (!login.success) throw new NoTokenError(`The file ${path} holds no sign-in. ${AGAIN}`);
  return login.data;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Keeps a sign-in, in the place of one that was. */
export async function keepLogin(
  path: string,
  at: Pick<KeptLogin, "gateway" | "issuer">,
  obtained: Obtained,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await withFileLock(`${path}.lock`, async () => write(path, at, obtained));
}

function write(
  path: string,
  { gateway, issuer }: Pick<KeptLogin, "gateway" | "issuer">,
  obtained: Obtained,
): KeptLogin {
  const { token, expiresIn, scope, refresh } = obtained;
  const { renewAt, expiresAt } = toHeldToken(token, expiresIn, Date.now());
  const login: KeptLogin = {
    gateway,
    issuer,
    access_token: token,
    scope,
    renew_at: renewAt,
    expires_at: expiresAt,
    refresh_token: refresh,
  };
  writeSecretFile(path, `${JSON.stringify(login, null, 2)}\n`);
  return login;
}

/**
 * Gives the sign-in with a token that is good, another than `refused`, and renews it where it must. A refresh token works
 * once, and shown twice it ends the sign-in: so only one process at a time has it. Throws `NoTokenError`.
 */
export async function freshLogin(path: string, refused: string | null): Promise<KeptLogin> {
  const isFresh = (login: KeptLogin): boolean =>
    login.access_token !== refused && login.renew_at > Date.now();
  const held = readLogin(path);
  if (isFresh(held)) return held;
  return withFileLock(`${path}.lock`, async () => {
    const login = readLogin(path);
    if (isFresh(login)) return login;
    const serves = login.access_token !== refused && login.expires_at > Date.now();
    try {
      if (login.refresh_token === null) throw new NoTokenError(`The sign-in has ended. ${AGAIN}`);
      return write(path, login, await refreshToken(login.gateway, login.refresh_token));
    } catch (error) {
      if (!(error instanceof NoTokenError)) throw error;
      if (serves) return login;
      if (error.isPassing || login.refresh_token === null) throw error;
      throw new NoTokenError(`${error.message} ${AGAIN}`, { cause: error });
    }
  });
}

/** Ends the sign-in at its gateway and removes the file. Throws `NoTokenError`; then the file stays. */
export async function endLogin(path: string): Promise<KeptLogin> {
  readLogin(path);
  return withFileLock(`${path}.lock`, async () => {
    const login = readLogin(path);
    await revokeToken(login.gateway, login.refresh_token ?? login.access_token);
    rmSync(path);
    return login;
  });
}
