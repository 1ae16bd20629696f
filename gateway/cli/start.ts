// The work of `tollgate start`: from a configuration to a gateway that serves, and back down again.
import cluster from "node:cluster";
import { randomBytes } from "node:crypto";
import type { Config, Flags, Loaded, Secrets } from "../config/config.ts";
import { loadConfig } from "../config/config.ts";
import type { BundleSource } from "../distribution/source.ts";
import { startEmbedded } from "../database/embedded.ts";
import { ensureStateKey } from "../database/state-key.ts";
import { openStateFolder } from "../database/state-folder.ts";
import type { Log } from "../log.ts";
import { createLog } from "../log.ts";
import { createSimulator } from "../simulator/server.ts";
import { createGateway } from "../app.ts";
import { toBanner } from "./banner.ts";
import type { CommandContext } from "./context.ts";
import { issueDemoToken } from "./demo-token.ts";
import { openPolicyFolder } from "./policy-folder.ts";
import { runUntilStopped } from "./run-until-stopped.ts";
import { waitForSignal } from "./stop-signal.ts";
import { runWorker } from "./worker.ts";
import type { Assignment, Serving } from "./worker.ts";
import { startWorkers } from "./workers.ts";

/** Starts the gateway, or a worker of it, and resolves once it has stopped. */
export async function runStart(
  configFile: string | null,
  flags: Flags,
  context: CommandContext,
): Promise<void> {
  if (cluster.isWorker) return runWorker(context);
  const loaded = loadConfig({ file: configFile, env: context.env, cwd: context.cwd, flags });
  const log = createLog(loaded.config.log, context.stderr);
  await start(loaded, log, context);
  log.info({}, "Stopped.");
}

async function start(loaded: Loaded, log: Log, context: CommandContext): Promise<void> {
  const { config } = loaded;
  for (const warning of loaded.warnings) log.warn({}, warning);
  const stop = waitForSignal({
    signals: process,
    now: () => performance.now(),
    end: () => process.exit(1),
    log,
  });
  await using stack = new AsyncDisposableStack();
  const policy = config.policy.isBuilt ? stack.use(await openPolicyFolder(config, context, stop)) : null;
  const folder = config.database.embedded ? openStateFolder(config.stateDir) : null;
  const embedded = folder === null ? null : await startEmbedded(folder, "gateway", log);
  if (embedded !== null) stack.defer(() => embedded.stop());
  const databaseUrl = embedded?.url ?? loaded.secrets.databaseUrl ?? "";
  const encryptionKey = loaded.secrets.encryptionKey ?? (folder === null ? null : ensureStateKey(folder));
  if (encryptionKey === null) throw new TypeError("A configuration with a database has a key.");
  const secrets: Secrets = { ...loaded.secrets, encryptionKey };
  const simulator = await startSimulator(config, stack);
  const demo =
    folder === null
      ? null
      : await issueDemoToken(config, databaseUrl, folder, context.stdout.isTTY === true, log);

  const source = policy?.source ?? null;
  const serving = await serve({ config, secrets, databaseUrl, simulator }, source, log, context);
  await policy?.serves();
  context.stdout.write(
    toBanner({
      config,
      dataUrl: serving.dataUrl,
      adminUrl: serving.adminUrl,
      demo,
      isSimulated: simulator !== null,
    }),
  );
  await runUntilStopped(serving, stop, config.shutdown.grace_ms, log);
}

/** Serves in this process, or in several of which this one is the primary. */
async function serve(
  assignment: Assignment,
  source: BundleSource | null,
  log: Log,
  { env }: CommandContext,
): Promise<Serving> {
  if (assignment.config.workers > 1) return startWorkers(assignment, source, env, log);
  const gateway = await createGateway({ ...assignment, source, env, log, hasAdmin: true });
  return { ...gateway, failed: new Promise(() => undefined) };
}

async function startSimulator(config: Config, stack: AsyncDisposableStack): Promise<Assignment["simulator"]> {
  if (!config.connections.some((connection) => connection.simulated)) return null;
  const credential = `simulated-${randomBytes(24).toString("base64url")}`;
  const adminCredential = `simulated-admin-${randomBytes(24).toString("base64url")}`;
  const simulator = createSimulator({ credential, adminCredential });
  const { url } = await simulator.listen(0, "127.0.0.1");
  stack.defer(() => simulator.close());
  return { url, credential, adminCredential };
}
