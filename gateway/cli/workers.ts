// The primary of several serving processes: starts them, replaces those that die, answers for their metrics, drains them.
import cluster from "node:cluster";
import type { Worker } from "node:cluster";
import { openDatabase } from "../../db/client.ts";
import type { Database } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { recordIncident } from "../../db/queries/incidents.ts";
import { createAdminListener } from "../admin/listener.ts";
import type { AdminListener } from "../admin/listener.ts";
import { createClientAddress } from "../client-address.ts";
import type { Address } from "../config/config.ts";
import type { Environment } from "../config/secrets.ts";
import { StartError } from "../database/start-error.ts";
import { createDetectors } from "../detect/detector.ts";
import type { RunningDistribution } from "../distribution/run.ts";
import type { BundleSource } from "../distribution/source.ts";
import { createPrimaryMetrics } from "../events.ts";
import { createFailures } from "../identity/failures.ts";
import type { JsonObject } from "../exchange.ts";
import type { Log } from "../log.ts";
import { newId } from "../new-id.ts";
import { openConsole } from "../open-console.ts";
import { openOutbound } from "../open-outbound.ts";
import { createBundleOpener } from "../open-bundles.ts";
import { openDistribution } from "../open-policy.ts";
import type { Handed } from "../open-policy.ts";
import { openReplay } from "../open-replay.ts";
import { createCountRelay } from "./peer-counts.ts";
import type { Assignment, Serving } from "./worker.ts";
import { createWorkerFleet } from "./worker-fleet.ts";
import { fromWorker } from "./worker.ts";

const START_MS = 60_000;
/** A worker that dies sooner than this after its start will die again. */
const SETTLED_MS = 10_000;
const MOST_EARLY_DEATHS = 5;

/** Starts the workers and resolves once all of them serve. */
export async function startWorkers(
  assignment: Assignment,
  source: BundleSource | null,
  env: Environment,
  log: Log,
): Promise<Serving> {
  cluster.setupPrimary({ serialization: "advanced" });
  await using stack = new AsyncDisposableStack();
  const { config, secrets } = assignment;
  const db = openDatabase(assignment.databaseUrl, { poolSize: 4, applicationName: "tollgate-primary" });
  stack.defer(() => db.close());
  await migrateDatabase(db, { log });
  const compile = createDetectors(config.detect.encoded_bytes);
  const chosen = await openDistribution(
    { db, config, outbound: openOutbound(config, secrets), env, log, source },
    () =>
      createBundleOpener({
        db,
        config,
        env,
        log,
        checkPatterns: (patterns) => void compile(patterns),
        connectionLabels: null,
      }),
  );
  chosen.close();
  const fleet = createWorkerFleet(chosen.bundles, (id, order) => sendTo(id, order));
  let distribution: RunningDistribution | null = null;
  const failed = Promise.withResolvers<string>();
  const firsts = Array.from({ length: assignment.config.workers }, () => Promise.withResolvers<string>());
  const relay = createCountRelay((id, told) => sendTo(id, told));
  let isDraining = false;
  let earlyDeaths = 0;

  /** One that can't be brought to what the others have would decide otherwise than they do. */
  async function join(worker: Worker, began: readonly Handed[]): Promise<void> {
    try {
      await fleet.joins(worker.id, began);
    } catch (error) {
      log.error(
        { worker: worker.id, err: error },
        "A worker could not take the policy; another takes its place.",
      );
      worker.process.kill("SIGKILL");
    }
  }

  function launch(first: PromiseWithResolvers<string> | null): void {
    const worker = cluster.fork();
    const startedAt = Date.now();
    let began: readonly Handed[] = [];
    worker.on("message", (message) => {
      const parsed = fromWorker.safeParse(message);
      if (!parsed.success) return;
      if (parsed.data.kind === "asks") {
        began = fleet.current();
        worker.send({ kind: "assignment", assignment, handed: began });
        relay.joins(worker.id);
      } else if (parsed.data.kind === "counts") relay.tells(worker.id, parsed.data.counts);
      else if (parsed.data.kind === "policy-done") fleet.hears(worker.id, parsed.data);
      else {
        const { dataUrl } = parsed.data;
        void join(worker, began).then(() => first?.resolve(dataUrl));
        // One that was started while the drain began hasn't heard of it.
        if (isDraining) worker.send({ kind: "drain", graceMs: 1000 });
      }
    });
    worker.on("exit", (code, signal) => {
      relay.leaves(worker.id);
      fleet.leaves(worker.id);
      if (isDraining) return;
      first?.reject(new StartError("A worker ended before it served; the log says why."));
      log.error({ worker: worker.id, code, signal }, "A worker died; another takes its place.");
      earlyDeaths = Date.now() - startedAt < SETTLED_MS ? earlyDeaths + 1 : 0;
      if (earlyDeaths >= MOST_EARLY_DEATHS) failed.resolve("workers die as soon as they are started");
      else setTimeout(() => isDraining || launch(null), 200 * 2 ** earlyDeaths).unref();
    });
  }

  // Before the workers: who sees one of them ready may ask for metrics.
  const admin =
    config.adminListen === null
      ? null
      : await openAdmin(
          config.adminListen,
          { ...assignment, db },
          env,
          () => distribution?.bundles() ?? [],
          log,
        );
  for (const first of firsts) launch(first);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new StartError("The workers didn't start in time.")), START_MS);
  try {
    const urls = await Promise.race([Promise.all(firsts.map(({ promise }) => promise)), late.promise]);
    const running = await chosen.run(fleet);
    distribution = running;
    const resources = stack.move();
    return {
      dataUrl: urls[0] ?? "",
      adminUrl: admin?.url ?? null,
      failed: failed.promise,
      async drain(graceMs) {
        isDraining = true;
        await running.close();
        await drainAll(graceMs);
        await admin?.close();
        await resources.disposeAsync();
      },
    };
  } catch (error) {
    isDraining = true;
    await drainAll(0);
    await admin?.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function sendTo(id: number, message: Parameters<Worker["send"]>[0]): void {
  const worker = cluster.workers?.[id];
  if (worker?.isConnected() === true) worker.send(message, () => undefined);
}

/** The console works on the database alone, which it shares with nobody here, and asks issuers by the way out. */
async function openAdmin(
  address: Address,
  { config, secrets, databaseUrl, db }: Assignment & { readonly db: Database },
  env: Environment,
  bundles: Parameters<typeof createPrimaryMetrics>[0],
  log: Log,
): Promise<AdminListener> {
  const installed = openOutbound(config, secrets).install();
  const noteIncident = ({ kind, ...detail }: { readonly kind: string } & JsonObject): void => {
    const row = { id: newId(), at: new Date(), kind, tenant: config.policy.tenant, detail };
    recordIncident(db, row).catch(() => log.error({}, "An incident could not be recorded."));
  };
  const failures = createFailures(noteIncident, Date.now);
  const clientAddress = createClientAddress({
    trusted: config.trustedProxies,
    header: config.forwardedHeader,
  });
  const listener = await createAdminListener(
    address,
    createPrimaryMetrics(bundles),
    openConsole({
      db,
      config,
      env,
      secrets,
      failures,
      noteIncident,
      clientAddress,
      log,
    }),
    openReplay({ db, databaseUrl, config, failures, clientAddress, log }),
  ).catch((error: unknown) => {
    installed[Symbol.dispose]();
    throw error;
  });
  return {
    url: listener.url,
    async close() {
      await listener.close();
      installed[Symbol.dispose]();
    },
  };
}

async function drainAll(graceMs: number): Promise<void> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  await Promise.all(workers.map((worker) => drain(worker, graceMs)));
}

/** A worker flushes what it has to record after its grace; one that hangs is ended. */
function drain(worker: Worker, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (worker.isDead()) return resolve();
    const timer = setTimeout(() => worker.process.kill("SIGKILL"), graceMs + 15_000);
    worker.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    if (worker.isConnected()) worker.send({ kind: "drain", graceMs });
  });
}
