// Seals connections' keys by envelope: each version under a data key of its own, which a key wraps that the database never has.
import { randomBytes } from "node:crypto";
import { openBytes, sealBytes } from "../record/seal.ts";
import type { SealingKey } from "../record/seal.ts";

/** A wrapped data key, and the name of the key that unwraps it. */
export type Wrapped = { readonly dataKey: Buffer; readonly keyId: string };

/** Wraps and unwraps data keys: by keys of the configuration, or by a service that keeps them to itself. */
export type KeyWrapper = {
  /** Names the key that wraps now. */
  readonly keyId: string;
  /** Whether keys of this name are unwrapped. */
  knows(keyId: string): boolean;
  wrap(dataKey: Buffer, context: string): Promise<Wrapped>;
  /** Rejects where the key is gone, or what is wrapped or its context is another. */
  unwrap(wrapped: Wrapped, context: string): Promise<Buffer>;
};

/** Makes the wrapper that wraps with the first of the keys and unwraps with each. */
export function createKeyWrapper(keys: readonly [SealingKey, ...SealingKey[]]): KeyWrapper {
  const [active] = keys;
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    keyId: active.id,
    knows: (keyId) => byId.has(keyId),
    wrap: async (dataKey, context) => ({
      dataKey: sealBytes(active.key, dataKey, context),
      keyId: active.id,
    }),
    async unwrap({ dataKey, keyId }, context) {
      const key = byId.get(keyId);
      if (key === undefined) throw new Error(`The key ${keyId} is not configured.`);
      return openBytes(key, dataKey, context);
    },
  };
}

/** Where a version of a key stands, and what it may be sent to. All of it is authenticated. */
export type Place = {
  /** The version's row. */
  readonly id: string;
  readonly connectionId: string;
  readonly name: string;
  readonly baseUrl: string;
  readonly purpose: "api" | "admin";
  readonly version: number;
};

/** A key, or where each gateway finds it: `env:NAME` or `file:PATH`. */
export type Credential = { readonly value: string } | { readonly reference: string };

export type SealedCredential = Wrapped & { readonly sealed: Buffer };

/** A row that was moved, or whose connection was pointed elsewhere, doesn't open. */
function toContext(what: "credential" | "data key", place: Place): string {
  const { id, connectionId, name, baseUrl, purpose, version } = place;
  return JSON.stringify(["tollgate", what, id, connectionId, name, baseUrl, purpose, version]);
}

/** Seals a key under a data key that is made for it. */
export async function sealCredential(
  wrapper: KeyWrapper,
  place: Place,
  credential: Credential,
): Promise<SealedCredential> {
  const dataKey = randomBytes(32);
  const text = "value" in credential ? `key:${credential.value}` : `ref:${credential.reference}`;
  const sealed = sealBytes(dataKey, Buffer.from(text), toContext("credential", place));
  const wrapped = await wrapper.wrap(dataKey, toContext("data key", place));
  dataKey.fill(0);
  return { sealed, ...wrapped };
}

/** Opens a sealed key. Rejects where it can't be opened here. */
export async function openCredential(
  wrapper: KeyWrapper,
  place: Place,
  { sealed, ...wrapped }: SealedCredential,
): Promise<Credential> {
  const dataKey = await wrapper.unwrap(wrapped, toContext("data key", place));
  const text = openBytes(dataKey, sealed, toContext("credential", place)).toString("utf8");
  dataKey.fill(0);
  return text.startsWith("ref:") ? { reference: text.slice(4) } : { value: text.slice(4) };
}

/** Wraps a data key anew, under the key that wraps now; what it seals stays as it is. */
export async function rewrap(wrapper: KeyWrapper, place: Place, wrapped: Wrapped): Promise<Wrapped> {
  const context = toContext("data key", place);
  const dataKey = await wrapper.unwrap(wrapped, context);
  const again = await wrapper.wrap(dataKey, context);
  dataKey.fill(0);
  return again;
}
