// The registered targets by name, each with its pool. The credential leaves this folder only towards `forward/`.
import type { Connection } from "../exchange.ts";
import { GatewayError } from "../errors.ts";
import { createTarget } from "../forward/target.ts";
import type { Account } from "../forward/headers.ts";
import type { Target, TargetTimeouts } from "../forward/target.ts";

export type ConnectionSettings = Connection & {
  readonly isDefault: boolean;
  readonly account: Account;
  readonly timeouts: TargetTimeouts;
};

export type OpenConnection = {
  readonly connection: Connection;
  readonly target: Target;
  readonly timeouts: TargetTimeouts;
  readonly account: Account;
  /** Gives the target's credential, or null for a target that takes none. */
  readonly credential: () => string | null;
  /** Gives the credential for the target's administration; throws `admin_credential_missing` where there is none. */
  readonly adminCredential: () => string;
};

export type Connections = {
  /** Gives a connection by name, or the default one for null; throws `connection_unknown`. */
  get(name: string | null): OpenConnection;
  list(): readonly Connection[];
  close(): Promise<void>;
};

/** Opens the configured connections. Exactly one must be the default. */
export function createConnections(
  settings: readonly ConnectionSettings[],
  credentials: ReadonlyMap<string, string>,
  admin: ReadonlyMap<string, string>,
): Connections {
  const byName = new Map<string, OpenConnection>();
  let fallback: OpenConnection | undefined;
  for (const one of settings) {
    const { isDefault, account, timeouts, name, kind, baseUrl, labels, simulated, unknownIds } = one;
    const connection: Connection = { name, kind, baseUrl, labels, simulated, unknownIds };
    const open: OpenConnection = {
      connection,
      target: createTarget(connection.baseUrl, timeouts),
      timeouts,
      account,
      credential: () => credentials.get(connection.name) ?? null,
      adminCredential() {
        const found = admin.get(connection.name);
        if (found === undefined)
          throw new GatewayError("admin_credential_missing", "The connection has no admin credential.");
        return found;
      },
    };
    byName.set(connection.name, open);
    if (isDefault) fallback = open;
  }
  return {
    get(name) {
      const open = name === null ? fallback : byName.get(name);
      if (open === undefined) throw new GatewayError("connection_unknown", "No connection has this name.");
      return open;
    },
    list: () => [...byName.values()].map((open) => open.connection),
    async close() {
      await Promise.all([...byName.values()].map((open) => open.target.close()));
    },
  };
}
