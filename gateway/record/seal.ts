// Seals texts at rest with AES-256-GCM, and names them by a keyed hash.
import { createCipheriv, createDecipheriv, hash, randomBytes } from "node:crypto";

/** A key and the name that stands beside what it sealed. */
export type SealingKey = {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
};

/** A sealed text: version, nonce, ciphertext, tag. */
export type Sealed = { readonly sealed: Buffer; readonly keyId: string };

export type Box = {
  /** Seals a text. `place` (where it is stored) is authenticated: a text moved elsewhere doesn't open. */
  seal(text: string, place: string): Sealed;
  /** Opens a sealed text. Throws if the key is gone, or text or place were changed. */
  open(sealed: Sealed, place: string): string;
  /** Gives the keyed hash under which a tenant's text is stored, in base64url. */
  digest(tenant: string, text: string): string;
};

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Makes a box that seals with the first key and opens with each of them. With another `digestKey` texts are stored under other names. */
export function createBox(options: { keys: readonly [SealingKey, ...SealingKey[]]; digestKey: Buffer }): Box {
  const [active] = options.keys;
  const keys = new Map(options.keys.map(({ id, key }) => [id, key]));
  for (const key of keys.values()) if (key.length !== 32) throw new RangeError("A sealing key has 32 bytes.");
  const digestKey = options.digestKey.toString("base64url");

  return {
    seal: (text, place) => ({ sealed: sealBytes(active.key, Buffer.from(text), place), keyId: active.id }),
    open({ sealed, keyId }, place) {
      const key = keys.get(keyId);
      if (key === undefined) throw new Error(`The sealing key ${keyId} is not configured.`);
      return openBytes(key, sealed, place).toString("utf8");
    },
    digest: (tenant, text) => hash("sha256", `${digestKey}\0${tenant}\0${text}`, "base64url"),
  };
}

/** Seals bytes under a key of 32 bytes: version, nonce, ciphertext, tag. `place` is authenticated with them. */
export function sealBytes(key: Buffer, bytes: Buffer, place: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
  const body = cipher.update(bytes);
  cipher.final();
  return Buffer.concat([Buffer.of(VERSION), nonce, body, cipher.getAuthTag()]);
}

/** Opens what `sealBytes` sealed. Throws if it, its key or its place is another. */
export function openBytes(key: Buffer, sealed: Buffer, place: string): Buffer {
  if (sealed[0] !== VERSION || sealed.length < 1 + NONCE_BYTES + TAG_BYTES)
    throw new Error("Not a sealed text.");
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const body = sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(place))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(body), decipher.final()]);
}
