// Tells addresses that only this machine can use.
import { isIP } from "node:net";

/** Says whether a host's name or address, without brackets, is this machine's own. */
export function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "::1" ||
    (isIP(host) === 4 && host.startsWith("127."))
  );
}

/** Gives a URL's host without the brackets of IPv6. */
export function toHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
