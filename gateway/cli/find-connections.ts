// The connections of the configuration and of the database, for commands, with their keys where they are at hand.
import { hash } from "node:crypto";
import type { Database } from "../../db/client.ts";
import { checkKey } from "../../db/queries/gateway-state.ts";
import type { CredentialRow, StoredConnection, StoredConnections } from "../../db/queries/connections.ts";
import { readConnections } from "../../db/queries/connections.ts";
import type { Config, LoadedSecrets } from "../config/config.ts";
import { followProviderKey } from "../config/secrets.ts";
import type { Credential, KeyWrapper, SealedCredential } from "../connections/envelope.ts";
import { createKeyWrapper, openCredential, sealCredential } from "../connections/envelope.ts";
import type { Probed } from "../connections/probe.ts";
import { toPlace } from "../connections/stored.ts";
import { openOutbound } from "../open-outbound.ts";
import { derive, listCredentialKeys, toKeyId } from "../record/keys.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";

/** What seals and opens connections' keys. */
export type Custody = {
  readonly wrapper: KeyWrapper;
  /** Gives the beginning of a keyed hash, by which people tell keys apart. */
  fingerprint(key: string): string;
};

/** Opens it, where the keys for it are at hand; else null. */
function openCustody(key: Buffer | null, { credentialKeys }: LoadedSecrets): Custody | null {
  if (key === null || credentialKeys === null) return null;
  const secret = derive(key, "fingerprints of credentials").toString("base64url");
  return {
    wrapper: createKeyWrapper(listCredentialKeys(key, credentialKeys)),
    fingerprint: (text) => hash("sha256", `${secret}\0${text}`, "hex").slice(0, 8),
  };
}

/** Opens it for a command that changes keys, and holds it to the key that the database was begun with. */
export async function requireCustody(
  db: Database,
  key: Buffer | null,
  secrets: LoadedSecrets,
): Promise<Custody> {
  const custody = openCustody(key, secrets);
  if (key === null || custody === null)
    throw new CommandError(
      "Keys are sealed under the encryption key: name it as for the gateway (TOLLGATE_ENCRYPTION_KEY, and TOLLGATE_CREDENTIALS_KEY where it is set); for the embedded database start the gateway once.",
    );
  await checkKey(db, toKeyId(key));
  return custody;
}

/** Seals a version of a key into its row. */
export async function sealVersion(
  custody: Custody,
  connection: Pick<StoredConnection, "name" | "baseUrl">,
  row: Pick<CredentialRow, "id" | "connectionId" | "purpose" | "version">,
  credential: Credential,
): Promise<typeof row & SealedCredential & Pick<CredentialRow, "reference" | "fingerprint">> {
  const sealed = await sealCredential(custody.wrapper, toPlace(connection, row), credential);
  const isKey = "value" in credential;
  return {
    ...row,
    ...sealed,
    reference: isKey ? null : credential.reference,
    fingerprint: isKey ? custody.fingerprint(credential.value) : null,
  };
}

/** A connection as a command finds it. */
export type FoundConnection = Probed & {
  readonly name: string;
  readonly isDefault: boolean;
  readonly isSimulated: boolean;
  /** Null: it stands in the configuration. */
  readonly stored: StoredConnection | null;
  /** Gives the key of a purpose; throws a `CommandError` that says why it can't be had. */
  key(purpose: "api" | "admin"): Promise<string>;
};

/** The configuration's connections are changed there. */
export function refuseConfigured(configured: Places["config"]["connections"], name: string): void {
  if (configured.some((one) => one.name === name))
    throw new CommandError(
      `The connection ${name} stands in the configuration, and is changed there, followed by a restart.`,
    );
}

/** Where connections are looked for. */
export type Places = {
  readonly context: CommandContext;
  readonly config: Config;
  readonly secrets: LoadedSecrets;
  readonly stored: StoredConnections;
  readonly custody: Custody | null;
};

/** Reads what the database has of them. */
export async function toPlaces(
  db: Database,
  from: Pick<Places, "context" | "config" | "secrets"> & { readonly key: Buffer | null },
): Promise<Places> {
  const stored = await readConnections(db);
  return { ...from, stored, custody: openCustody(from.key, from.secrets) };
}

/** Finds a connection by its name, or the default one for null. Throws a `CommandError` where there is none. */
export function findConnection(places: Places, asked: string | null): FoundConnection {
  const found = listConnections(places).find(({ name, isDefault }) =>
    asked === null ? isDefault : name === asked,
  );
  if (found === undefined) throw new CommandError("No connection has this name.", 2);
  return found;
}

/** Lists all connections: those of the configuration first. */
export function listConnections(places: Places): readonly FoundConnection[] {
  const { config, secrets, stored } = places;
  const outbound = openOutbound(config, secrets);
  const defaultName = stored.defaultName ?? config.connections.find((one) => one.default)?.name;
  const configured = config.connections.map((one): FoundConnection => ({
    ...one,
    outbound: outbound.trusting(one.ca),
    isDefault: one.name === defaultName,
    isSimulated: one.simulated,
    stored: null,
    async key(purpose) {
      const found = (purpose === "api" ? secrets.credentials : secrets.adminCredentials).get(one.name);
      if (found !== undefined) return found;
      throw new CommandError(`The ${toWords(purpose)} of the connection ${one.name} is not set.`, 2);
    },
  }));
  const others = stored.connections.map((one): FoundConnection => {
    const { name, baseUrl, organization, project, connectMs, firstByteMs, idleMs } = one;
    return {
      name,
      baseUrl,
      timeouts: { connect_ms: connectMs, first_byte_ms: firstByteMs, idle_ms: idleMs },
      account: { organization, project },
      outbound,
      isDefault: name === defaultName,
      isSimulated: config.simulate,
      stored: one,
      key: (purpose) => openKey(places, one, purpose),
    };
  });
  return [...configured, ...others];
}

function toWords(purpose: "api" | "admin"): string {
  return purpose === "api" ? "credential" : "admin credential";
}

async function openKey(
  { context, custody, config }: Places,
  connection: StoredConnection,
  purpose: "api" | "admin",
): Promise<string> {
  const { name, credentials } = connection;
  const row = credentials.find((one) => one.purpose === purpose && one.isCurrent);
  if (row === undefined) throw new CommandError(`The connection ${name} has no ${toWords(purpose)}.`);
  if (custody === null)
    throw new CommandError(
      "Keys are opened with the encryption key: name it as for the gateway (TOLLGATE_ENCRYPTION_KEY, and TOLLGATE_CREDENTIALS_KEY where it is set).",
    );
  if (!custody.wrapper.knows(row.keyId))
    throw new CommandError(
      `The ${toWords(purpose)} of ${name} was wrapped by the key ${row.keyId}, which is not configured: put it under credentials.former_keys.`,
    );
  const credential = await openCredential(custody.wrapper, toPlace(connection, row), row).catch(() => null);
  if (credential === null)
    throw new CommandError(`The ${toWords(purpose)} of ${name} can't be opened: its row was changed.`);
  if ("value" in credential) return credential.value;
  const followed = followProviderKey(credential.reference, context.env, config.stateDir);
  if ("value" in followed) return followed.value;
  throw new CommandError(
    `The ${toWords(purpose)} of ${name} stands at ${credential.reference}: ${followed.expected}.`,
  );
}
