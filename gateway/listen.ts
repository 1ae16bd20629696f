// Opens the data port: plain or with TLS, with the limits of a server that anybody may reach.
import { constants } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Server as SecureServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { Config } from "./config/config.ts";
import { refuseUnverified, toClientOptions } from "./client-certificate.ts";
import { readTlsFiles } from "./config/tls.ts";
import type { TlsConfig, TlsFiles } from "./config/tls.ts";
import type { Log } from "./log.ts";

/** A server that listens, and how it stops to watch its certificate. */
export type Listener = {
  readonly server: Server | SecureServer;
  /** Answers under way on the port's own paths. */
  readonly answering: () => number;
  close(): void;
};

/** Who answers: `app` the port's own few paths, `pass` everything else. */
export type Answerers = { readonly app: Hono; readonly pass: RequestListener };

/** The port's own paths: those that are read, and the token service's. */
const OWN_READ = /^\/(?:healthz|readyz|approvals\/[^/?]+|\.well-known\/oauth-authorization-server)(?:\?|$)/;
const OWN = /^\/oauth\/(?:token|revoke)(?:\?|$)/;

/** Certificates are looked at this often: a mounted secret changes by a link, which no watcher of a file sees. */
const LOOK_MS = 5_000;

/** Opens the port. Rejects where it cannot be had, or the certificate cannot be used. */
export async function listen(
  answerers: Answerers,
  config: Config,
  shouldUpgradeCallback: (request: IncomingMessage) => boolean,
  log: Log,
): Promise<Listener> {
  const files = config.tls === null ? null : readTlsFiles(config.tls);
  if (files !== null && "wrong" in files) throw new TypeError(`tls.${files.wrong}: ${files.expected}`);
  const own = toListener(answerers, config.listen.host);
  const options = {
    maxHeaderSize: config.limits.header_bytes,
    // Bodies have their own limit of time; a keep-alive outlasts the clients' pools.
    requestTimeout: 0,
    headersTimeout: 30_000,
    keepAliveTimeout: 75_000,
    noDelay: true,
    shouldUpgradeCallback,
  };
  if (config.tls === null || files === null) {
    const server = createServer(options, own.listener);
    await open(server, config);
    return { server, answering: own.answering, close: () => undefined };
  }
  const server = createSecureServer(
    { ...options, ...toTlsOptions(files), ...toClientOptions(config.tls), handshakeTimeout: 10_000 },
    own.listener,
  );
  if (config.tls.client_ca !== null) refuseUnverified(server, log);
  await open(server, config);
  const timer = watchCertificate(config.tls, files, server, log);
  return { server, answering: own.answering, close: () => clearInterval(timer) };
}

type Own = { readonly listener: RequestListener; readonly answering: () => number };

/** Keeps everything but the port's own paths from Hono: what it makes for each request costs more than it saves there. */
function toListener({ app, pass }: Answerers, hostname: string): Own {
  const answer = getRequestListener(app.fetch, { hostname, overrideGlobalObjects: false });
  let answering = 0;
  return {
    answering: () => answering,
    listener(incoming, outgoing) {
      const isRead = incoming.method === "GET" || incoming.method === "HEAD";
      const url = incoming.url ?? "";
      if (!(isRead && OWN_READ.test(url)) && !OWN.test(url)) return pass(incoming, outgoing);
      answering += 1;
      outgoing.once("close", () => (answering -= 1));
      void answer(incoming, outgoing);
    },
  };
}

async function open(server: Server | SecureServer, { listen, limits }: Config): Promise<void> {
  server.maxConnections = limits.connections;
  server.listen(listen.port, listen.host);
  await once(server, "listening");
}

function toTlsOptions({ cert, key, ca }: TlsFiles) {
  const own = { cert, key, minVersion: "TLSv1.2" } as const;
  // A resumed session would be let in by what was verified when it began, whoever is trusted since.
  return ca === null ? own : { ...own, ca, secureOptions: constants.SSL_OP_NO_TICKET };
}

/** Takes a new pair into use once it is whole: connections that stand keep theirs, a bad pair changes nothing. */
function watchCertificate(
  config: TlsConfig,
  first: TlsFiles,
  server: SecureServer,
  log: Log,
): NodeJS.Timeout {
  let current = first;
  let told = "";
  const timer = setInterval(() => {
    const found = readTlsFiles(config);
    if ("wrong" in found) {
      // Certificate and key may change one after the other.
      const problem = `${found.wrong}: ${found.expected}`;
      if (problem !== told)
        log.warn({ problem }, "The certificate's files cannot be used; the old one stays.");
      told = problem;
      return;
    }
    told = "";
    if (found.cert.equals(current.cert) && found.key.equals(current.key) && found.ca === current.ca) return;
    server.setSecureContext(toTlsOptions(found));
    current = found;
    log.info({}, "A changed certificate is in use.");
  }, LOOK_MS);
  return timer.unref();
}
