// The encryption key of the embedded default: made once, kept in the state folder beside the database that it protects.
import { randomBytes } from "node:crypto";
import { parseEncryptionKey } from "../config/secrets.ts";
import { StartError } from "./start-error.ts";
import type { StateFolder } from "./state-folder.ts";
import { readIfExists, writeSecretFile } from "./state-folder.ts";

/**
 * Gives the state folder's key, making it at the first start. It lies on the same disk as the texts, so it protects a
 * copy of the database and nothing more: a deployment names a key of its own.
 */
export function ensureStateKey(folder: StateFolder): Buffer {
  const found = readIfExists(folder.encryptionKey);
  if (found !== null) {
    const key = parseEncryptionKey(found.trim());
    if (key !== null) return key;
    throw new StartError(
      `The key in ${folder.encryptionKey} isn't 32 bytes in base64; texts were encrypted with it, so it isn't replaced.`,
    );
  }
  const key = randomBytes(32);
  writeSecretFile(folder.encryptionKey, `${key.toString("base64")}\n`);
  return key;
}
