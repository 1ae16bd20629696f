// Opens the data port: plain or with TLS, with the limits of a server that anybody may reach.
import { Server } from "node:http";
import type { IncomingMessage } from "node:http";
import { createServer as createSecureServer, Server as SecureServer } from "node:https";
import { serve } from "@hono/node-server";
import type { HttpBindings } from "@hono/node-server";
import type { Hono } from "hono";
import type { Config } from "./config/config.ts";
import { readTlsFiles } from "./config/tls.ts";
import type { TlsConfig, TlsFiles } from "./config/tls.ts";
import type { Log } from "./log.ts";

/** A server that listens, and how it stops to watch its certificate. */
export type Listener = { readonly server: Server | SecureServer; close(): void };

/** Certificates are looked at this often: a mounted secret changes by a link, which no watcher of a file sees. */
const LOOK_MS = 5_000;

/** Opens the port. Rejects where it cannot be had, or the certificate cannot be used. */
export async function listen(
  app: Hono<{ Bindings: HttpBindings }>,
  config: Config,
  shouldUpgradeCallback: (request: IncomingMessage) => boolean,
  log: Log,
): Promise<Listener> {
  const files = config.tls === null ? null : readTlsFiles(config.tls);
  if (files !== null && "wrong" in files) throw new TypeError(`tls.${files.wrong}: ${files.expected}`);
  const server = await open(app, config, shouldUpgradeCallback, files);
  if (config.tls === null || files === null || !(server instanceof SecureServer))
    return { server, close: () => undefined };
  const timer = watchCertificate(config.tls, files, server, log);
  return { server, close: () => clearInterval(timer) };
}

function open(
  app: Hono<{ Bindings: HttpBindings }>,
  config: Config,
  shouldUpgradeCallback: (request: IncomingMessage) => boolean,
  files: TlsFiles | null,
): Promise<Server | SecureServer> {
  const serverOptions = {
    maxHeaderSize: config.limits.header_bytes,
    // Bodies have their own limit of time; a keep-alive outlasts the clients' pools.
    requestTimeout: 0,
    headersTimeout: 30_000,
    keepAliveTimeout: 75_000,
    noDelay: true,
    shouldUpgradeCallback,
  };
  const { host: hostname, port } = config.listen;
  const common = { fetch: app.fetch, hostname, port, overrideGlobalObjects: false };
  return new Promise((resolve, reject) => {
    const server =
      files === null
        ? serve({ ...common, serverOptions })
        : serve({
            ...common,
            createServer: createSecureServer,
            serverOptions: { ...serverOptions, ...toTlsOptions(files), handshakeTimeout: 10_000 },
          });
    if (!(server instanceof Server) && !(server instanceof SecureServer)) {
      reject(new TypeError("Expected a server of HTTP/1.1."));
      return;
    }
    server.maxConnections = config.limits.connections;
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve(server);
    });
  });
}

function toTlsOptions({ cert, key }: TlsFiles) {
  return { cert, key, minVersion: "TLSv1.2" } as const;
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
    if (found.cert.equals(current.cert) && found.key.equals(current.key)) return;
    server.setSecureContext(toTlsOptions(found));
    current = found;
    log.info({}, "A changed certificate is in use.");
  }, LOOK_MS);
  return timer.unref();
}
