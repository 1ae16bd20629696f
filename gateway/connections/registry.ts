// The targets by name, each with its pool. The credential leaves this folder only towards `forward/`.
import type { Connection } from "../exchange.ts";
import { GatewayError } from "../errors.ts";
import { toSecrets } from "../forward/guard-credential.ts";
import type { Account } from "../forward/headers.ts";
import type { Outbound } from "../forward/outbound.ts";
import { createTarget } from "../forward/target.ts";
import type { Target, TargetTimeouts } from "../forward/target.ts";
import type { Health } from "./health.ts";
import { watchTarget } from "./health.ts";

/** The key of one purpose: the one that is sent, and those beside it that may still be under way. */
export type Keys = { readonly current: string | null; readonly others: readonly string[] };

/** A connection as it stands now. */
export type ConnectionEntry = Connection & {
  /** Another id under the same name is another connection. */
  readonly id: string;
  readonly account: Account;
  readonly timeouts: TargetTimeouts;
  /** Authorities in PEM that alone are trusted there; null: those of always. */
  readonly ca: string | null;
  readonly keys: Keys;
  readonly adminKeys: Keys;
  /** `unusable`: its key can't be had here, or it is the gateway itself. */
  readonly state: "open" | "disabled" | "unusable";
};

export type OpenConnection = {
  readonly connection: Connection;
  readonly target: Pick<Target, "send">;
  readonly timeouts: TargetTimeouts;
  /** How connections to it are opened that do not go by `target`. */
  readonly outbound: Outbound;
  readonly account: Account;
  /**
   * Gives the target's credential, or null for a target that takes none. Throws `connection_disabled` or
   * `connection_unusable` where the connection is no longer open.
   */
  readonly credential: () => string | null;
  /** Gives the credential for the target's administration; throws `admin_credential_missing` where there is none. */
  readonly adminCredential: () => string;
  /** Gives the error of a connection that is no longer open. */
  readonly refusal: () => GatewayError | null;
  /** Gives every key of the connection's that an answer must not repeat. */
  readonly secrets: () => readonly Buffer[];
  /** Is told how calls went that do not go by `target`. */
  readonly health: Health;
};

export type Connections = {
  /**
   * Gives a connection by name, or the default one for null; throws `connection_unknown`, `connection_disabled` or
   * `connection_unusable`.
   */
  get(name: string | null): OpenConnection;
};

/** The list itself, for those who keep it. */
export type Registry = Connections & {
  /** Puts these connections in the place of all before; `defaultName` is the one that `/v1` leads to. */
  replace(entries: readonly ConnectionEntry[], defaultName: string | null): void;
  /** Takes a connection out of use at once, until it is replaced. */
  disable(name: string): void;
  close(): Promise<void>;
};

type Kept = {
  readonly open: OpenConnection;
  entry: ConnectionEntry;
  secrets: readonly Buffer[];
  pool: Target;
};

/** Makes an empty list. */
export function createRegistry(healthOf: (name: string) => Health, outbound: Outbound): Registry {
  const byName = new Map<string, Kept>();
  let defaultName: string | null = null;

  function open(entry: ConnectionEntry): Kept {
    const { name, kind, baseUrl, labels, simulated, unknownIds, timeouts, account } = entry;
    const connection: Connection = { name, kind, baseUrl, labels, simulated, unknownIds };
    const health = healthOf(name);
    const way = outbound.trusting(entry.ca);
    const pool = createTarget(baseUrl, timeouts, way);
    const kept: Kept = {
      entry,
      secrets: listSecrets(entry),
      pool,
      open: {
        connection,
        target: watchTarget(pool, health),
        timeouts,
        outbound: way,
        account,
        credential() {
          requireOpen(kept.entry);
          return kept.entry.keys.current;
        },
        adminCredential() {
          requireOpen(kept.entry);
          const { current } = kept.entry.adminKeys;
          if (current === null)
            throw new GatewayError("admin_credential_missing", "The connection has no admin credential.");
          return current;
        },
        refusal: () => toRefusal(kept.entry),
        secrets: () => kept.secrets,
        health,
      },
    };
    return kept;
  }

  return {
    get(name) {
      const kept = byName.get(name ?? defaultName ?? "");
      if (kept === undefined)
        throw new GatewayError(
          "connection_unknown",
          name === null ? "No connection is the default one." : "No connection has this name.",
        );
      requireOpen(kept.entry);
      return kept.open;
    },
    replace(entries, chosen) {
      const names = new Set(entries.map(({ name }) => name));
      for (const [name, kept] of byName) {
        const isSame = entries.some((entry) => entry.name === name && entry.id === kept.entry.id);
        if (isSame) continue;
        // What was under way has been ended; who still holds it is refused.
        kept.entry = { ...kept.entry, state: "disabled" };
        void kept.pool.close();
        if (!names.has(name)) byName.delete(name);
      }
      for (const entry of entries) {
        const kept = byName.get(entry.name);
        if (kept?.entry.id === entry.id) {
          kept.entry = entry;
          kept.secrets = listSecrets(entry);
        } else byName.set(entry.name, open(entry));
      }
      defaultName = chosen;
    },
    disable(name) {
      const kept = byName.get(name);
      if (kept !== undefined) kept.entry = { ...kept.entry, state: "disabled" };
    },
    async close() {
      await Promise.all([...byName.values()].map(({ pool }) => pool.close()));
    },
  };
}

function requireOpen(entry: ConnectionEntry): void {
  const refusal = toRefusal(entry);
  if (refusal !== null) throw refusal;
}

function toRefusal({ state }: ConnectionEntry): GatewayError | null {
  if (state === "open") return null;
  return state === "disabled"
    ? toDisabled()
    : new GatewayError("connection_unusable", "The connection's key can't be used at this gateway.");
}

/** Makes the error of a connection that was taken out of use. */
export function toDisabled(): GatewayError {
  return new GatewayError("connection_disabled", "An operator has disabled the connection.");
}

function listSecrets({ keys, adminKeys }: ConnectionEntry): readonly Buffer[] {
  return toSecrets([keys, adminKeys].flatMap(({ current, others }) => [current ?? "", ...others]));
}
