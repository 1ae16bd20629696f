// Client secrets of realtime sessions: each stands for the caller who asked for it, and for one session alone.
import { z } from "zod";
import { addClientSecret, findClientSecret } from "../../db/queries/client-secrets.ts";
import type { Database } from "../../db/client.ts";
import { GatewayError } from "../errors.ts";
import type { Caller, Grant, Json } from "../exchange.ts";
import { createClientSecretText, hashKey } from "./key-format.ts";
import { keptCaller } from "./access-tokens.ts";
import type { VerifiedToken } from "./verify-token.ts";

/** What a secret is given for. */
export type Granted = {
  readonly caller: Caller;
  readonly grant: Grant;
  /** The exchange that it is given in. */
  readonly exchangeId: string;
  readonly expiresAt: number;
};

export type ClientSecrets = {
  /** Makes a text that counts for nothing until it is added. */
  create(): string;
  /** Makes a secret count, at every process of this database. Throws `record_unavailable`. */
  add(text: string, granted: Granted): Promise<void>;
  /** Finds what a secret stands for, by its hash. */
  find(hash: Buffer): Promise<VerifiedToken | null>;
};

/** Seals what a secret opens: it holds instructions, and credentials of tools. */
type Box = {
  seal(text: string, place: string): { readonly sealed: Buffer; readonly keyId: string };
  open(sealed: { readonly sealed: Buffer; readonly keyId: string }, place: string): string;
};

const json: z.ZodType<Json> = z.json();
const object = z.record(z.string(), json);
const content = z.object({
  caller: keptCaller.extend({
    credentialId: z.string(),
    parents: z.array(z.string()).default([]),
    expiresAt: z.number().nullable(),
  }),
  grant: z.object({
    connection: z.string(),
    operation: z.string(),
    model: z.string().nullable(),
    session: object,
  }),
});

/** Makes the store on a database. */
export function createClientSecrets(deps: { readonly db: Database; readonly box: Box }): ClientSecrets {
  const { db, box } = deps;
  return {
    create: createClientSecretText,
    async add(text, { caller, grant, exchangeId, expiresAt }) {
      const { tenant, issuer, subject } = caller;
      const hash = hashKey(text);
      const row = {
        ...box.seal(JSON.stringify({ caller, grant }), toPlace(hash)),
        hash,
        tenant,
        issuer,
        subject,
        connection: grant.connection,
        exchangeId,
        expiresAt: new Date(expiresAt),
      };
      try {
        await addClientSecret(db, row);
      } catch (cause) {
        throw new GatewayError("record_unavailable", "The client secret could not be kept.", { cause });
      }
    },
    async find(hash) {
      const row = await findClientSecret(db, hash);
      if (row === null) return null;
      const { caller, grant } = content.parse(JSON.parse(box.open(row, toPlace(hash))));
      return { caller: { ...caller, grant }, until: row.expiresAt.getTime() };
    },
  };
}

function toPlace(hash: Buffer): string {
  return `client secret ${hash.toString("base64url")}`;
}
