// Opens the keys of connections that stand in the database.
import type { CredentialRow, StoredConnection } from "../../db/queries/connections.ts";
import type { Log } from "../log.ts";
import { openCredential } from "./envelope.ts";
import type { Credential, KeyWrapper, Place } from "./envelope.ts";

/** A stored connection with its keys opened, of each purpose the current one first; null: it can't be opened. */
export type OpenedConnection = Omit<StoredConnection, "credentials"> & {
  readonly api: readonly (Credential | null)[];
  readonly admin: readonly (Credential | null)[];
};

/** Says where a version of a connection's key stands. */
export function toPlace(
  { name, baseUrl }: Pick<StoredConnection, "name" | "baseUrl">,
  { id, connectionId, purpose, version }: Pick<CredentialRow, "id" | "connectionId" | "purpose" | "version">,
): Place {
  return { id, connectionId, name, baseUrl, purpose, version };
}

/** Makes what opens them. A key that was opened once stays so while its row does, whatever has wrapped it since. */
export function createOpener(
  wrapper: KeyWrapper,
  log: Log,
): (stored: readonly StoredConnection[]) => Promise<readonly OpenedConnection[]> {
  let known = new Map<string, Credential | null>();

  async function open(connection: StoredConnection, row: CredentialRow): Promise<Credential | null> {
    const before = known.get(row.id);
    if (before !== undefined && before !== null) return before;
    try {
      return await openCredential(wrapper, toPlace(connection, row), row);
    } catch (error) {
      if (before === undefined)
        log.error(
          { connection: connection.name, version: row.version, wrappedBy: row.keyId, err: error },
          "A connection's key can't be opened.",
        );
      return null;
    }
  }

  return async (stored) => {
    const seen = new Map<string, Credential | null>();
    const opened: OpenedConnection[] = [];
    for (const { credentials, ...connection } of stored) {
      for (const row of credentials) seen.set(row.id, await open({ credentials, ...connection }, row));
      const pick = (purpose: CredentialRow["purpose"]): (Credential | null)[] =>
        credentials.filter((row) => row.purpose === purpose).map(({ id }) => seen.get(id) ?? null);
      opened.push({ ...connection, api: pick("api"), admin: pick("admin") });
    }
    known = seen;
    return opened;
  };
}
