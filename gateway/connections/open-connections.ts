// Keeps the connections of the configuration and of the database together, and up to date while the gateway runs.
import type { Database } from "../../db/client.ts";
import { DatabaseStateError } from "../../db/errors.ts";
import { destroyExpired } from "../../db/queries/change-connections.ts";
import { addHealth } from "../../db/queries/connection-health.ts";
import { createChangeReader, listenForChanges, readConnections } from "../../db/queries/connections.ts";
import type { ConnectionChange } from "../../db/queries/connections.ts";
import type { ConnectionConfig, Followed } from "../config/config.ts";
import { followLog } from "../follow-log.ts";
import type { FollowedLog } from "../follow-log.ts";
import type { Outbound } from "../forward/outbound.ts";
import type { Log } from "../log.ts";
import type { Credential, KeyWrapper } from "./envelope.ts";
import { createHealthBook } from "./health.ts";
import type { Outcome } from "./health.ts";
import { createReferences } from "./references.ts";
import { createRegistry } from "./registry.ts";
import type { ConnectionEntry, Connections, Keys } from "./registry.ts";
import { createOpener } from "./stored.ts";
import type { OpenedConnection } from "./stored.ts";

/** A target that stands in for all that are simulated. */
export type Simulated = {
  readonly url: string;
  readonly credential: string;
  readonly adminCredential: string;
};

export type ConnectionsDeps = {
  readonly db: Database;
  readonly configured: readonly ConnectionConfig[];
  readonly simulated: Simulated | null;
  /** Whether the database's connections are simulated too. */
  readonly simulatesAll: boolean;
  readonly wrapper: KeyWrapper;
  readonly follow: (reference: string) => Followed;
  /** Says whether a target's URL is the gateway's own. */
  readonly isOurselves: (baseUrl: string) => boolean;
  /** Ends what is under way over a connection (`cut`), or lets its sockets end once they are idle. */
  readonly onDisabled: (name: string, how: "cut" | "drain") => void;
  readonly onOutcome: (outcome: Outcome) => void;
  readonly outbound: Outbound;
  readonly log: Log;
  readonly tickMs?: number;
};

export type OpenedConnections = Connections & {
  /** Labels of all connections, and of those that were. */
  labels(): readonly string[];
  /** Takes up what changes from now on. */
  follow(): Promise<void>;
  close(): Promise<void>;
};

const READ_LIMIT_MS = 900;
const START_TRIES = 5;
const NO_KEYS: Keys = { current: null, others: [] };

/** Opens them. Throws `DatabaseStateError` where a name stands in both. */
export async function openConnections(deps: ConnectionsDeps): Promise<OpenedConnections> {
  const { db, configured, simulated, log } = deps;
  const book = createHealthBook(deps.onOutcome);
  const registry = createRegistry((name) => book.of(name), deps.outbound);
  const references = createReferences(deps.follow, log);
  const openAll = createOpener(deps.wrapper, log);
  const ownNames = new Set(configured.map(({ name }) => name));
  let stored: readonly OpenedConnection[] = [];
  let chosen: string | null = null;
  let labels: readonly string[] = [];
  let expiresAt = Number.POSITIVE_INFINITY;
  const cuts = new Set<string>();
  let isStale = false;
  let running: Promise<void> | null = null;

  function fromConfiguration(one: ConnectionConfig): ConnectionEntry {
    const { name, kind, baseUrl, labels, unknownIds, account, timeouts, ca } = one;
    const shared = {
      id: "",
      name,
      kind,
      labels,
      unknownIds,
      account,
      timeouts,
      ca,
      simulated: one.simulated,
    };
    if (one.simulated && simulated !== null) return { ...shared, ...toSimulated(simulated) };
    const keys = one.credential === null ? NO_KEYS : references.read(one.credential);
    const adminKeys = one.adminCredential === null ? NO_KEYS : references.read(one.adminCredential);
    return { ...shared, baseUrl, keys, adminKeys, state: keys.current === null ? "unusable" : "open" };
  }

  function fromDatabase(one: OpenedConnection): ConnectionEntry {
    const { id, name, kind, baseUrl, labels, unknownIds, organization, project } = one;
    const timeouts = { connect_ms: one.connectMs, first_byte_ms: one.firstByteMs, idle_ms: one.idleMs };
    const isSimulated = deps.simulatesAll && simulated !== null;
    const account = { organization, project };
    const shared = {
      id,
      name,
      kind,
      labels,
      unknownIds,
      account,
      timeouts,
      ca: null,
      simulated: isSimulated,
    };
    const isDisabled = one.disabledAt !== null;
    if (isSimulated) {
      const entry = { ...shared, ...toSimulated(simulated) };
      return isDisabled ? { ...entry, state: "disabled" } : entry;
    }
    const keys = toKeys(one.api);
    const isUsable = keys.current !== null && !deps.isOurselves(baseUrl);
    const state = isDisabled ? "disabled" : isUsable ? "open" : "unusable";
    return { ...shared, baseUrl, keys, adminKeys: toKeys(one.admin), state };
  }

  function toKeys([first = null, ...rest]: readonly (Credential | null)[]): Keys {
    const found = first === null ? NO_KEYS : toLive(first);
    const others = rest.flatMap((one) => (one === null ? [] : listKeys(toLive(one))));
    return { current: found.current, others: [...found.others, ...others] };
  }

  function toLive(credential: Credential): Keys {
    return "value" in credential
      ? { current: credential.value, others: [] }
      : references.read(credential.reference);
  }

  function rebuild(): void {
    const own = configured.map(fromConfiguration);
    const others = stored.filter(({ name }) => !ownNames.has(name)).map(fromDatabase);
    const configuredDefault = configured.find((one) => one.default)?.name ?? null;
    references.settle();
    registry.replace([...own, ...others], chosen ?? configuredDefault);
  }

  async function load(): Promise<void> {
    const cutBefore = [...cuts];
    const found = await readConnections(db);
    const before = new Map(stored.map((one) => [one.id, one]));
    stored = await openAll(found.connections);
    chosen = found.defaultName;
    labels = found.labels;
    expiresAt = Date.now() + (found.expiresInMs ?? Number.POSITIVE_INFINITY);
    rebuild();
    for (const { id, name, disabledAt } of stored)
      if (disabledAt !== null && before.get(id)?.disabledAt === null) deps.onDisabled(name, "drain");
    // What slipped in while the connections were read as they stood before ends too.
    const open = new Set(stored.flatMap(({ name, disabledAt }) => (disabledAt === null ? [name] : [])));
    for (const name of cutBefore) {
      if (!open.has(name)) deps.onDisabled(name, "cut");
      cuts.delete(name);
    }
  }

  /** Reads anew, one time after the other, until nothing has changed on the way. */
  function reload(): void {
    isStale = true;
    running ??= (async () => {
      while (isStale) {
        isStale = false;
        await load();
      }
    })()
      .catch((error: unknown) => {
        isStale = true;
        log.warn({ err: error }, "The connections can't be read; those that were known stay.");
      })
      .finally(() => (running = null));
  }

  function onChange({ connection, kind }: ConnectionChange): void {
    // A name of the configuration's is not the database's to end.
    if (kind === "cut" && !ownNames.has(connection)) {
      cuts.add(connection);
      registry.disable(connection);
      deps.onDisabled(connection, "cut");
    }
    reload();
  }

  function tick(): void {
    if (references.look()) rebuild();
    if (isStale && running === null) reload();
    if (Date.now() >= expiresAt) {
      expiresAt = Number.POSITIVE_INFINITY;
      destroyExpired(db).then(reload, () => (isStale = true));
    }
    void flush();
  }

  async function flush(): Promise<void> {
    const news = book.take();
    // What can't be told now is not worth keeping.
    if (news.length > 0) await addHealth(db, news).catch(() => undefined);
  }

  await load();
  const twice = stored.find(({ name }) => ownNames.has(name));
  if (twice !== undefined) {
    await registry.close();
    throw new DatabaseStateError(
      `The connection ${twice.name} stands in the configuration and in the database. Take it out of the configuration (connection_source: database, if it is the only one there), give it another name there, or remove it from the database: "tollgate connections disable ${twice.name}", then "remove".`,
    );
  }
  if (configured.length === 0 && stored.length === 0)
    log.warn({}, 'There is no connection yet; "tollgate connections add" makes one.');
  const following = new AsyncDisposableStack();

  return {
    get: (name) => registry.get(name),
    labels: () => [...labels, ...configured.flatMap((one) => one.labels)],
    async follow() {
      const followed = followLog({
        reader: createChangeReader(db, READ_LIMIT_MS),
        onEntry: onChange,
        log,
        messages: {
          lost: "Changes of connections can't be read; those that were known stay.",
          found: "Changes of connections are read again.",
        },
      });
      following.defer(() => followed.close());
      // Confirmed before it is read: whatever changes from here on arrives through the log.
      await confirmAtStart(followed);
      reload();
      await running;
      const stopListening = await listenForChanges(db, () => followed.wake());
      following.defer(() => stopListening().catch(() => undefined));
      const timer = setInterval(tick, deps.tickMs ?? 1000);
      timer.unref();
      following.defer(() => clearInterval(timer));
    },
    async close() {
      await following.disposeAsync();
      await flush();
      await registry.close();
    },
  };
}

/** A machine on which much starts at once may be late with a first answer or two. */
async function confirmAtStart(followed: FollowedLog): Promise<void> {
  for (let tries = 1; tries < START_TRIES; tries += 1) {
    const isConfirmed = await followed.confirm().then(
      () => true,
      () => false,
    );
    if (isConfirmed) return;
  }
  await followed.confirm();
}

function toSimulated({ url, credential, adminCredential }: Simulated): {
  readonly baseUrl: string;
  readonly keys: Keys;
  readonly adminKeys: Keys;
  readonly state: "open";
} {
  return {
    baseUrl: url,
    keys: { current: credential, others: [] },
    adminKeys: { current: adminCredential, others: [] },
    state: "open",
  };
}

function listKeys({ current, others }: Keys): readonly string[] {
  return current === null ? others : [current, ...others];
}
