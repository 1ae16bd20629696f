// Puts the gateway together: from configuration and a database's URL to listening ports, and back down again.
import { hash } from "node:crypto";
import type { IncomingMessage, RequestListener } from "node:http";
import { Hono } from "hono";
import type { Registry } from "prom-client";
import { join } from "node:path";
import { openDatabase } from "../db/client.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { checkKey } from "../db/queries/gateway-state.ts";
import { createAdminListener } from "./admin/listener.ts";
import { createHeart } from "./answer/heart.ts";
import { readCertificate } from "./client-certificate.ts";
import { createClientAddress } from "./client-address.ts";
import { readOwnVersion } from "./cli/version.ts";
import { openApprovals } from "./approvals/open-approvals.ts";
import { createClock } from "./clock.ts";
import type { Config, LoadedSecrets } from "./config/config.ts";
import { startDecisionLog } from "./decision-log/decision-log.ts";
import type { PolicyInForce } from "./decide.ts";
import { isOurselves, toOurselves } from "./config/connections.ts";
import { followProviderKey, followReference } from "./config/secrets.ts";
import type { Environment } from "./config/secrets.ts";
import { createKeyWrapper } from "./connections/envelope.ts";
import { openConnections } from "./connections/open-connections.ts";
import type { Simulated } from "./connections/open-connections.ts";
import { toDisabled } from "./connections/registry.ts";
import { createNameScanner } from "./mask/names.ts";
import { createCallReader } from "./detect/call-facts.ts";
import { SIGNALS } from "./detect/signal-table.ts";
import { createSignalScanner } from "./detect/signals.ts";
import { createDetectors } from "./detect/detector.ts";
import type { Detector } from "./detect/values/values.ts";
import { loadSqlParser } from "./detect/sql.ts";
import { createTokenReader } from "./detect/token-ids.ts";
import { createTokenCounter } from "./detect/tokens.ts";
import { GatewayError } from "./errors.ts";
import { createEvents } from "./events.ts";
import { createFailures } from "./identity/failures.ts";
import { createAuthenticator } from "./identity/authenticate.ts";
import { createClientSecrets } from "./identity/client-secrets.ts";
import type { Caller, JsonObject } from "./exchange.ts";
import type { Sender } from "./identity/sender.ts";
import { listen } from "./listen.ts";
import { openTokenService } from "./oauth/token-service.ts";
import type { Log } from "./log.ts";
import type { ParsedRequest } from "./parse/parsed.ts";
import { createRequestParser } from "./parse/request.ts";
import { openConsole } from "./open-console.ts";
import { openOutbound } from "./open-outbound.ts";
import { createBundleOpener } from "./open-bundles.ts";
import { openDistribution, openHanded } from "./open-policy.ts";
import type { Handed } from "./open-policy.ts";
import { openReplay } from "./open-replay.ts";
import { createPipeline } from "./pipeline.ts";
import { connectRecogniser } from "./connect-recogniser.ts";
import type { Fleet } from "./distribution/distribution.ts";
import type { BundleSource } from "./distribution/source.ts";
import { createFreshness } from "./distribution/freshness.ts";
import type { Freshness } from "./distribution/freshness.ts";
import { toTokenLife } from "./policy/token-lives.ts";
import type { PolicySnapshot } from "./policy/load.ts";
import { createQuotas } from "./quotas/quotas.ts";
import { createReveals } from "./record/reveals.ts";
import { startRecord } from "./record/record.ts";
import {
  createTenantKeys,
  derive,
  listCredentialKeys,
  openBox,
  openOriginals,
  toKeyId,
} from "./record/keys.ts";
import { asksForSocket } from "./websocket/handshake.ts";
import { createUpgrades } from "./websocket/upgrade.ts";
import { createShares } from "./shares.ts";
import type { PeerCounts } from "./shares.ts";
import { createPlaceholderStore } from "./record/placeholders.ts";
import { createUploadParts } from "./record/upload-parts.ts";
import { createSpools } from "./spool/spool.ts";
import { createValueHashes } from "./value-hash.ts";
import { createUploads } from "./request/uploads.ts";
import { toRequestTexts } from "./request/request-texts.ts";

/** Bytes of a body that are kept in memory until it is decided. */
const SPOOL_MEMORY_BYTES = 1024 * 1024;
export type GatewayOptions = {
  readonly config: Config;
  readonly secrets: LoadedSecrets & { readonly encryptionKey: Buffer };
  readonly databaseUrl: string;
  readonly log: Log;
  /** The simulated target that this process or its primary serves, where a connection is answered by it. */
  readonly simulator: Simulated | null;
  /** Where references of connections in the database lead to. */
  readonly env: Environment;
  /** Whether this process has the operators' listener: with several workers their primary has it. */
  readonly hasAdmin: boolean;
  /** Where the bundle comes from; null or absent: as the configuration says. */
  readonly source?: BundleSource | null;
  /** The bundles to begin with, in a worker; absent: this process follows their sources. */
  readonly handed?: readonly Handed[];
  /** What other processes of this gateway count for its callers; absent: there are none. */
  readonly peers?: PeerCounts;
};

export type Gateway = {
  /** The base URL that programs are pointed at, without `/v1`. */
  readonly dataUrl: string;
  readonly adminUrl: string | null;
  /** This process's metrics: with several workers their primary adds them up. */
  readonly registry: Registry;
  /** Takes later bundles, in a worker. */
  readonly fleet: Fleet;
  /** Takes no new work, lets answers finish for at most so long, then writes what waits. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
};

/** Opens the gateway. Rejects where the database, the bundle or a port cannot be had; nothing stays open then. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, secrets, log } = options;
  await using stack = new AsyncDisposableStack();
  const opened = <T>(value: T, close: (value: T) => unknown): T => {
    stack.adopt(value, async (one) => {
      await close(one);
    });
    return value;
  };

  const db = opened(openDatabase(options.databaseUrl), (one) => one.close());
  await migrateDatabase(db, { log });
  await checkKey(db, toKeyId(secrets.encryptionKey));
  await loadSqlParser();

  const compile = createDetectors(config.detect.encoded_bytes);
  const events = createEvents(log);
  const heart = opened(createHeart(), (one) => one.close());
  /** Set once there is something to end. */
  let endConnection: (name: string, how: "cut" | "drain") => void = () => undefined;
  const outbound = openOutbound(config, secrets);
  stack.use(outbound.install());
  const connections = opened(
    await openConnections({
      db,
      outbound,
      configured: config.connections,
      simulated: options.simulator,
      simulatesAll: config.simulate,
      wrapper: createKeyWrapper(listCredentialKeys(secrets.encryptionKey, secrets.credentialKeys ?? [])),
      follow: (reference) => followProviderKey(reference, options.env, config.stateDir),
      isOurselves: (baseUrl) => isOurselves(baseUrl, toOurselves(config)),
      onDisabled: (name, how) => endConnection(name, how),
      onOutcome: (outcome) => events.targetAnswered(outcome),
      log,
    }),
    (one) => one.close(),
  );
  const createOpener = () =>
    createBundleOpener({
      db,
      config,
      env: options.env,
      log,
      checkPatterns: (patterns) => void compile(patterns),
      connectionLabels: () => connections.labels(),
    });
  const { handed } = options;
  const chosen = opened(
    handed === undefined
      ? await openDistribution(
          { db, config, outbound, env: options.env, log, source: options.source ?? null },
          createOpener,
        )
      : { ...(await openHanded(config.policy, handed, createOpener())), run: null },
    (one) => one.close(),
  );
  const policy = chosen.policies;
  opened(policy.watch(), (one) => one[Symbol.dispose]());
  const freshness = openFreshness(config.policy.bundles, chosen.bundles);
  const inForce = createInForce(() => policy.current(), compile, [...freshness.values()]);
  const fleet: Fleet = {
    prepare: (name, bytes) => policy.prepare(name, bytes),
    confirm: (name, ageMs) => freshness.get(name)?.confirm(ageMs),
  };

  const box = openBox(secrets.encryptionKey);
  const clientSecrets = createClientSecrets({ db, box });
  const originals = openOriginals(secrets.encryptionKey, secrets.originalsKeys);
  const originalsMs = config.record.originals.days * 86_400_000;
  const reveals = createReveals({
    db,
    originals,
    keptMs: originalsMs,
    perHour: config.record.originals.reveals_per_hour,
  });
  const { recorder, ledger, sessions } = opened(
    startRecord({
      db,
      box,
      originals,
      originalsMs,
      log,
      lingerMs: config.record.linger_ms,
      deadlineMs: config.record.fail_after_ms,
    }),
    (one) => one.stop(),
  );

  function noteIncident(
    { kind, ...detail }: { readonly kind: string } & JsonObject,
    { tenant, subject }: { readonly tenant: string; readonly subject: string | null } = {
      tenant: config.policy.tenant,
      subject: null,
    },
  ): void {
    recorder
      .incident({ at: Date.now(), kind, tenant, subject, exchangeId: null, detail })
      .catch(() => log.error({}, "An incident could not be recorded."));
  }

  const clientAddress = createClientAddress({
    trusted: config.trustedProxies,
    header: config.forwardedHeader,
  });
  const failures = createFailures((incident) => noteIncident(incident), Date.now);
  const toSender = (incoming: IncomingMessage): Sender => ({
    address: () => clientAddress(incoming),
    certificate: () => readCertificate(incoming),
  });
  const authenticator = opened(
    await createAuthenticator({
      db,
      findClientSecret: (hash) => clientSecrets.find(hash),
      issuers: config.issuers,
      issuerSecrets: secrets.issuerSecrets,
      secret: derive(secrets.encryptionKey, "incidents"),
      log,
      onProviderKey: (incident) => noteIncident(incident),
    }),
    (one) => one.close(),
  );
  const recognition =
    config.detect.recogniser === undefined
      ? null
      : opened(
          connectRecogniser(
            config.detect.recogniser,
            derive(secrets.encryptionKey, "passages"),
            events,
            outbound,
          ),
          (one) => one.close(),
        );
  const quotas = opened(
    createQuotas({
      db,
      log,
      onOutcome: (outcome, milliseconds) => events.limitsAsked(outcome, milliseconds),
      onFreed: (reservations) => events.limitsFreed(reservations),
    }),
    (one) => one.close(),
  );
  let ownUrl = config.publicUrl ?? "";
  const approvals = opened(
    await openApprovals({
      db,
      encryptionKey: secrets.encryptionKey,
      limits: config.limits,
      publicUrl: () => ownUrl,
      log,
    }),
    (one) => one.close(),
  );
  const tokenReader = createTokenReader();
  const tokens = opened(createTokenCounter({}), (one) => one.close());
  const digestKey = derive(secrets.encryptionKey, "arguments").toString("base64");
  const deps = {
    authenticate: (authorization: string | undefined, incoming: IncomingMessage) =>
      authenticator.authenticate(authorization, toSender(incoming)),
    isRevoked: (caller: Caller) => authenticator.isRevoked(caller),
    confirm: (caller: Caller) => authenticator.confirm(caller),
    connections,
    clientSecrets,
    approvals,
    parser: createRequestParser({
      secret: derive(secrets.encryptionKey, "items"),
      cacheItems: 50_000,
      cacheBytes: Math.min(config.limits.cache_bytes, 1 << 30),
      limits: { depth: config.limits.depth },
    }),
    inForce,
    recogniser: recognition?.recogniser ?? null,
    readTokens: (ids: readonly number[], model: string | null) => tokenReader.read(ids, model),
    countTokens: (request: ParsedRequest, caller: Caller) =>
      tokens.count(
        // What stands within another text is counted there.
        toRequestTexts(request).flatMap(({ text, part }) =>
          part === undefined || part.of === "file" ? [text] : [],
        ),
        request.facts.model,
        `${caller.tenant}\n${caller.issuer}\n${caller.subject}`,
      ),
    spools: createSpools(join(config.stateDir, "spool"), {
      memoryBytes: SPOOL_MEMORY_BYTES,
      // What came, and behind it what was written anew of it.
      bytes: 2 * config.limits.upload_bytes,
      totalBytes: config.limits.spool_bytes,
    }),
    shares: createShares(config.limits.per_caller, options.peers),
    uploads: createUploads(
      createUploadParts({ db, box: openBox(derive(secrets.encryptionKey, "upload parts")) }),
    ),
    quotas,
    recorder,
    reveals,
    ledger,
    sessions,
    events,
    heart,
    clock: createClock(config.policy.time_zone),
    digest: (text: string) => hash("sha256", digestKey + text, "base64url"),
    placeholders: createPlaceholderStore({
      db,
      box: openBox(derive(secrets.encryptionKey, "placeholders")),
    }),
    maskKey: createTenantKeys(secrets.encryptionKey, "tokens"),
    openHash: createValueHashes(derive(secrets.encryptionKey, "values")),
    limits: config.limits,
  };
  opened(
    await startDecisionLog({
      db,
      config: config.decisionLog,
      follow: (reference) => followReference(reference, options.env, config.stateDir),
      version: readOwnVersion(),
      policy: () => policy.current().log,
      onOutcome: (outcome, count) => events.decisionsTold(outcome, count),
      log,
    }),
    (one) => one.stop(),
  );
  const pipeline = createPipeline(deps);
  const upgrades = createUpgrades(deps);

  authenticator.onRevoked((isOf) => {
    const error = new GatewayError("token_revoked", "The token was revoked.");
    approvals.end(error, isOf);
    pipeline.end(error, { isOf });
    upgrades.end(error, { isOf });
  });
  endConnection = (connection, how) => {
    const error = toDisabled();
    if (how === "drain") return upgrades.endIdle(error, connection);
    pipeline.end(error, { connection });
    upgrades.end(error, { connection });
  };
  await connections.follow();

  let isDraining = false;
  const app = new Hono();
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", async (c) => {
    const database = await db.ping().then(
      () => "ok",
      () => "unreachable",
    );
    const isReady = database === "ok" && !isDraining;
    const { revision, dataRevision } = policy.current().version;
    return c.json(
      {
        status: isReady ? "ready" : "unready",
        database,
        policy: { revision, dataRevision, problem: policy.hasProblem() },
        ...(recognition !== null && { recogniser: recognition.isAnswering() ? "ok" : "failing" }),
        draining: isDraining,
      },
      isReady ? 200 : 503,
    );
  });
  app.route("/", approvals.routes({ authenticate: deps.authenticate, log }));
  app.route(
    "/",
    openTokenService({
      db,
      createCheck: (turns) => authenticator.createCheck(turns),
      publicUrl: () => ownUrl,
      lifetimes: config.tokens,
      samlIssuers: config.samlIssuers,
      onSamlAttack: (incident) => noteIncident(incident),
      longest: (caller) => toTokenLife(policy.current().tokenLives, caller),
      toSender,
      failures,
      logins: config.issuers.flatMap(({ issuer, login }) => (login === null ? [] : [{ ...login, issuer }])),
      onReuse: (used, sender) =>
        noteIncident({ kind: "refresh_token_reused", issuer: used.issuer, address: sender.address() }, used),
      log,
    }),
  );
  // The rest of the port is the pipeline's, on Node's own request and response: see docs/decisions/0002-raw-streams.md.
  const pass: RequestListener = (incoming, outgoing) => {
    if (isDraining) outgoing.setHeader("connection", "close");
    void pipeline.handle(incoming, outgoing);
  };

  const distribution = chosen.run === null ? null : opened(await chosen.run(fleet), (one) => one.close());
  events.watchPolicy({
    hasProblem: () =>
      policy.hasProblem() || (distribution?.bundles().some((one) => one.state().problem !== null) ?? false),
    bundles: distribution === null ? null : () => distribution.bundles(),
  });

  const listener = opened(await listen({ app, pass }, config, asksForSocket, log), (one) => one.close());
  const { server } = listener;
  server.on("upgrade", (incoming, raw, head) => void upgrades.handle(incoming, raw, head));
  stack.adopt(server, (one) => {
    one.closeAllConnections();
    one.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : config.listen.port;
  const admin =
    options.hasAdmin && config.adminListen !== null
      ? opened(
          await createAdminListener(
            config.adminListen,
            () => events.registry.metrics(),
            openConsole({
              db,
              config,
              env: options.env,
              secrets,
              failures,
              clientAddress,
              noteIncident,
              log,
            }),
            openReplay({ db, databaseUrl: options.databaseUrl, config, failures, clientAddress, log }),
          ),
          (one) => one.close(),
        )
      : null;

  const dataUrl = `${config.tls === null ? "http" : "https"}://${config.listen.host.includes(":") ? `[${config.listen.host}]` : config.listen.host}:${port}`;
  if (config.publicUrl === null) ownUrl = dataUrl;
  const resources = stack.move();
  return {
    dataUrl,
    adminUrl: admin?.url ?? null,
    registry: events.registry,
    fleet,
    async drain(graceMs) {
      isDraining = true;
      pipeline.drain();
      upgrades.drain();
      // What waits for people finds its approvals at another gateway, or at the next one here.
      approvals.end(new GatewayError("shutting_down", "The gateway stops; try again."));
      const isBusy = (): boolean => pipeline.open + upgrades.open + listener.answering() > 0;
      server.close();
      server.closeIdleConnections();
      const deadline = Date.now() + graceMs;
      while (isBusy() && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        server.closeIdleConnections();
      }
      // Whoever is left is told so, and the record too.
      const error = new GatewayError("shutting_down", "The gateway stops; try again.");
      pipeline.end(error);
      upgrades.end(error);
      const told = Date.now() + 2_000;
      while (isBusy() && Date.now() < told) await new Promise((resolve) => setTimeout(resolve, 20));
      await resources.disposeAsync();
    },
    close: () => resources.disposeAsync(),
  };
}

/** Gives what knows how fresh each bundle is whose source must confirm it. */
function openFreshness(
  bundles: Config["policy"]["bundles"],
  begun: readonly Handed[],
): ReadonlyMap<string, Freshness> {
  return new Map(
    bundles.flatMap(({ name, maxAgeMs }) => {
      const ageMs = begun.find((one) => one.name === name)?.ageMs ?? 0;
      return maxAgeMs === null ? [] : [[name, createFreshness(maxAgeMs, ageMs)] as const];
    }),
  );
}

/** Keeps what was compiled from a policy's patterns as long as that policy is in force, and asks it only while it is fresh. */
function createInForce(
  current: () => PolicySnapshot,
  compile: (patterns: JsonObject) => Detector,
  freshness: readonly Freshness[],
): () => PolicyInForce {
  const signals = createSignalScanner(SIGNALS);
  let kept: { readonly snapshot: PolicySnapshot; readonly inForce: PolicyInForce } | null = null;
  return () => {
    const snapshot = current();
    if (kept === null || kept.snapshot !== snapshot) {
      const scanner = compile(snapshot.patterns);
      kept = {
        snapshot,
        inForce: {
          policy: freshness.length === 0 ? snapshot : whileFresh(snapshot, freshness),
          scanner,
          names: createNameScanner(scanner),
          readCall: createCallReader({ scanner }),
          signals,
        },
      };
    }
    return kept.inForce;
  };
}

/** What has begun is decided to its end. */
function whileFresh(snapshot: PolicySnapshot, freshness: readonly Freshness[]): PolicySnapshot {
  return {
    ...snapshot,
    evaluate(facts) {
      if (facts.phase === "request") for (const one of freshness) one.check();
      return snapshot.evaluate(facts);
    },
  };
}
