// The way out as it is configured, for the gateway and for commands.
import { createDirect } from "./config/no-proxy.ts";
import type { OutboundConfig } from "./config/outbound.ts";
import { readUsualProxy } from "./config/outbound.ts";
import type { Environment, LoadedSecrets } from "./config/secrets.ts";
import { createOutbound } from "./forward/outbound.ts";
import type { Outbound } from "./forward/outbound.ts";

/** Opens the way out that a configuration describes. */
export function openOutbound(
  { outbound: { proxy, noProxy, ca } }: { readonly outbound: OutboundConfig },
  { proxyCredential }: Pick<LoadedSecrets, "proxyCredential">,
): Outbound {
  return createOutbound({
    proxy: proxy === null ? null : { url: proxy, credential: proxyCredential },
    isDirect: createDirect(noProxy),
    ca,
  });
}

/** Opens the way out of a command that runs beside programs: by `HTTPS_PROXY`, as they go. */
export function openUsualOutbound(env: Environment): Outbound {
  const { proxy, credential, noProxy } = readUsualProxy(env);
  return openOutbound({ outbound: { proxy, noProxy, ca: null } }, { proxyCredential: credential });
}
