// Follows references to secrets. Nothing here repeats a secret's value.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** Everything that must never be logged. */
export type Secrets = {
  /** The database's URL; null: the embedded one. */
  readonly databaseUrl: string | null;
  /** 32 bytes. */
  readonly encryptionKey: Buffer;
  /** The keys of originals, the one that seals first; none: one is derived. */
  readonly originalsKeys: readonly Buffer[];
  /** The keys that wrap the data keys of connections in the database, the one that wraps first; none: one is derived. Null: configured, and not at hand. */
  readonly credentialKeys: readonly Buffer[] | null;
  /** The credential of each connection, by its name; a simulated one has none. */
  readonly credentials: ReadonlyMap<string, string>;
  /** The credential for the target's administration, of the connections that have one. */
  readonly adminCredentials: ReadonlyMap<string, string>;
  /** The secrets of the gateway's own clients at issuers, by the issuer's `iss`. */
  readonly issuerSecrets: ReadonlyMap<string, string>;
  /** The secrets of the console's clients at issuers, by the issuer's `iss`. */
  readonly consoleSecrets: ReadonlyMap<string, string>;
  /** `user:password` for the proxy that leads out; null: it wants none, or there is none. */
  readonly proxyCredential: string | null;
};

/** What a configuration gives; the embedded default's key is made in the state folder at start. */
export type LoadedSecrets = Omit<Secrets, "encryptionKey"> & { readonly encryptionKey: Buffer | null };

export type Environment = Readonly<Record<string, string | undefined>>;

/** A secret, or what was expected instead. */
export type Followed = { readonly value: string } | { readonly expected: string };

/** Follows `env:NAME` or `file:PATH` (relative to `folder`); white space around the value is cut. */
export function followReference(reference: string, env: Environment, folder: string): Followed {
  if (reference.startsWith("env:")) {
    const name = reference.slice(4);
    const value = env[name]?.trim() ?? "";
    return value === "" ? { expected: `expected the variable ${name} to be set` } : { value };
  }
  const path = resolve(folder, reference.slice(5));
  try {
    const value = readFileSync(path, "utf8").trim();
    return value === "" ? { expected: `expected ${path} to hold a secret; it is empty` } : { value };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return { expected: `expected a readable file at ${path} (${code})` };
  }
}

const TOLLGATE_TOKEN =
  "expected the provider's own key; this is a Tollgate token, as the shell of a program has it: unset it here";

/** Says what was expected in the place of a provider's key; null where it may be one. */
export function checkProviderKey(value: string): string | null {
  if (value.startsWith("tg_")) return TOLLGATE_TOKEN;
  if (value === "" || /[^\x21-\x7e]/.test(value)) return "expected one key of visible ASCII characters";
  return null;
}

/** Follows the reference of a provider's key. */
export function followProviderKey(reference: string, env: Environment, folder: string): Followed {
  const followed = followReference(reference, env, folder);
  if ("expected" in followed) return followed;
  const expected = checkProviderKey(followed.value);
  return expected === null ? followed : { expected };
}

/** Reads 32 bytes from base64, base64url or hexadecimal; null where it is none of them. */
export function parseEncryptionKey(text: string): Buffer | null {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex");
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null;
  const key = Buffer.from(text, "base64url");
  return key.length === 32 ? key : null;
}
