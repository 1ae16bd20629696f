// Derives what the record is sealed with and named by from the one encryption key.
import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { createBox } from "./seal.ts";
import type { Box, SealingKey } from "./seal.ts";

const KNOWN_TENANTS = 1000;

/** Derives a key of its own for each purpose, so that no digest can be compared across them. */
export function derive(secret: Buffer, purpose: string): Buffer {
  return Buffer.from(hash("sha256", Buffer.concat([secret, Buffer.from(`\0${purpose}`)]), "hex"), "hex");
}

/** Derives a key for each tenant, and remembers those of the last ones: each exchange asks. */
export function createTenantKeys(secret: Buffer, purpose: string): (tenant: string) => Buffer {
  const known = new LRUCache<string, Buffer>({ max: KNOWN_TENANTS });
  return (tenant) => {
    let key = known.get(tenant);
    if (key === undefined) known.set(tenant, (key = derive(secret, `${purpose} of ${tenant}`)));
    return key;
  };
}

/** Names a key without telling anything of it, so that a text says which one opens it. */
export function toKeyId(key: Buffer): string {
  return derive(key, "id").toString("hex", 0, 8);
}

/** Opens the box that texts are sealed in. */
export function openBox(encryptionKey: Buffer): Box {
  return createBox({
    keys: [{ id: toKeyId(encryptionKey), key: encryptionKey }],
    digestKey: derive(encryptionKey, "texts"),
  });
}

/**
 * Opens the box that originals are sealed in: with the first of the configured keys, else with one that is derived from
 * the encryption key. All of them open, so that a key can be replaced.
 */
export function openOriginals(encryptionKey: Buffer, configured: readonly Buffer[]): Box {
  return createBox({
    keys: listKeys(configured, derive(encryptionKey, "originals")),
    digestKey: derive(encryptionKey, "original names"),
  });
}

/** Lists the keys that wrap the data keys of connections, the one that wraps first: the configured ones, and the derived one. */
export function listCredentialKeys(
  encryptionKey: Buffer,
  configured: readonly Buffer[],
): readonly [SealingKey, ...SealingKey[]] {
  return listKeys(configured, derive(encryptionKey, "credentials"));
}

function listKeys(configured: readonly Buffer[], derived: Buffer): [SealingKey, ...SealingKey[]] {
  const [first, ...others] = [...configured, derived];
  const toKey = (key: Buffer): SealingKey => ({ id: toKeyId(key), key });
  return [toKey(first), ...others.map(toKey)];
}
