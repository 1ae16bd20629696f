// The way out: how connections to other hosts are opened, through a proxy where there is one, and whom TLS trusts there.
import { createSecureContext, getCACertificates } from "node:tls";
import type { SecureContext } from "node:tls";
import { Agent, buildConnector, getGlobalDispatcher, setGlobalDispatcher } from "undici";
import { openTunnel } from "./tunnel.ts";
import type { Proxy } from "./tunnel.ts";

/** Opens one connection, as undici asks for it. */
type Connector = buildConnector.connector;
/** Every connection to a target, an issuer or a recogniser is opened by it. */
export type Outbound = {
  /** Gives how connections are opened; null: as they are anyway, without a proxy and trusting whom Node trusts. */
  connector(timeoutMs: number): Connector | null;
  /**
   * The same way, on which these authorities alone are trusted (null: those of always), and this certificate is shown
   * where one is asked for.
   */
  trusting(authorities: string | null, client?: ClientCertificate | null): Outbound;
  /** Has every `fetch` of this process go this way, until that is disposed of. */
  install(): Disposable;
};

/** A certificate chain and its private key, in PEM. */
export type ClientCertificate = { readonly cert: string; readonly key: string };

/** How the way out is configured. */
export type OutboundSettings = {
  readonly proxy: Proxy | null;
  /** Says which hosts are called directly. */
  readonly isDirect: (host: string, port: number) => boolean;
  /** Authorities in PEM that are trusted besides those of always. */
  readonly ca: string | null;
};

const FETCH_CONNECT_MS = 10_000;

/** Opens the way out. */
export function createOutbound({ proxy, isDirect, ca }: OutboundSettings): Outbound {
  const context = ca === null ? null : createSecureContext({ ca: [...getCACertificates(), ca] });
  return openWay(context);

  function openWay(trusted: SecureContext | null): Outbound {
    const connector = (timeoutMs: number): Connector | null => {
      if (proxy === null && trusted === null) return null;
      const open = buildConnector({
        timeout: timeoutMs,
        ...(trusted !== null && { secureContext: trusted }),
      });
      return proxy === null ? open : throughProxy(proxy, open, timeoutMs);
    };
    return {
      connector,
      trusting(authorities, client = null) {
        if (authorities === null && client === null) return openWay(context);
        const usual = ca === null ? undefined : [...getCACertificates(), ca];
        return openWay(createSecureContext({ ca: authorities ?? usual, ...client }));
      },
      install() {
        const connect = connector(FETCH_CONNECT_MS);
        const before = getGlobalDispatcher();
        const agent = new Agent(connect === null ? {} : { connect });
        setGlobalDispatcher(agent);
        return {
          [Symbol.dispose]() {
            setGlobalDispatcher(before);
            void agent.close();
          },
        };
      },
    };
  }

  function throughProxy(by: Proxy, open: Connector, timeoutMs: number): Connector {
    return (options, callback) => {
      const { hostname, protocol } = options;
      const port = Number(options.port) || (protocol === "https:" ? 443 : 80);
      if (isDirect(hostname, port)) return open(options, callback);
      openTunnel(by, { host: hostname, port }, { timeoutMs, secureContext: context }, (error, socket) => {
        if (error !== null) callback(error, null);
        else if (protocol === "https:") open({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      });
    };
  }
}
