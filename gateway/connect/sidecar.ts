// The sidecar: listens on this machine for the programs of one run, and calls the gateway for them with fresh tokens.
import { once } from "node:events";
import { rmSync } from "node:fs";
import { Agent, createServer } from "node:http";
import type { Server } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { createConnection } from "node:net";
import type { TokenSource } from "../oauth-client/token-source.ts";
import { createDoor } from "./door.ts";
import { createRelay } from "./relay.ts";

/** Where a sidecar listens: on a port of the loopback address, or a socket that only its owner can open. */
export type SidecarPlace = { readonly host: string; readonly port: number } | { readonly path: string };

export type SidecarOptions = {
  /** The gateway's URL, without `/v1`. */
  readonly gateway: URL;
  readonly tokens: TokenSource;
  readonly place: SidecarPlace;
  /** What programs show; null only for a socket. */
  readonly key: string | null;
  /** Where a proxy to the gateway is named (`HTTPS_PROXY`, `NO_PROXY`). */
  readonly env: NodeJS.ProcessEnv;
};

export type Sidecar = {
  /** The base URL for programs; of a socket what stands behind its path. */
  readonly baseUrl: string;
  /** Takes no new calls, and lets those that run end for so long. */
  close(graceMs: number): Promise<void>;
};

/** Starts a sidecar. Rejects where it can't listen there. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { gateway, tokens, place, key, env } = options;
  const isSecure = gateway.protocol === "https:";
  // A gateway over plain HTTP is on this machine, where no proxy leads.
  const agent = isSecure
    ? new SecureAgent({ keepAlive: true, proxyEnv: env })
    : new Agent({ keepAlive: true });
  const server = createServer({
    requestTimeout: 0,
    headersTimeout: 30_000,
    keepAliveTimeout: 75_000,
    noDelay: true,
  });
  const sockets = new Set<{ destroy(): unknown }>();
  if ("path" in place) await listenOnSocket(server, place.path);
  else {
    server.listen(place.port, place.host);
    await once(server, "listening");
  }
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : null;
  const relay = createRelay({ gateway, tokens, agent }, createDoor(key, port));
  server.on("request", (incoming, response) => void relay.answer(incoming, response));
  server.on("upgrade", (incoming, raw, head) => {
    sockets.add(raw);
    raw.once("close", () => sockets.delete(raw));
    void relay.upgrade(incoming, raw, head);
  });
  const host = "host" in place && place.host.includes(":") ? `[${place.host}]` : "127.0.0.1";
  return {
    baseUrl: port === null ? "http://localhost/v1" : `http://${host}:${port}/v1`,
    async close(graceMs) {
      const closed = once(server, "close");
      server.close();
      const timer = setTimeout(() => {
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
      agent.destroy();
    },
  };
}

/** Listens on a path; a socket that a killed process has left there is taken away. */
async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (await isLeftOver(path)) rmSync(path, { force: true });
  // The file is made within the call, and nobody else may open it at any time.
  const mask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(mask);
  }
  await once(server, "listening");
}

function isLeftOver(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(path);
    probe.once("connect", () => resolve(false));
    probe.once("error", (error) => resolve("code" in error && error.code === "ECONNREFUSED"));
    probe.once("close", () => probe.destroy());
  });
}
