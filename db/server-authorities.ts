// Whom a database's URL trusts to vouch for its server (`sslrootcert`, `sslmode`, as libpq names them).
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** What TLS is told of each connection; the authorities' file is read anew for each. */
export type ServerTls = Pick<ConnectionOptions, "ca" | "host" | "rejectUnauthorized" | "checkServerIdentity">;

/**
 * Takes these parameters out of a URL; null where it names no file of authorities. With `verify-ca` any name of the server
 * will do, else it must be the URL's. Where the file can't be used, what it last held counts; at first nobody is trusted.
 */
export function takeServerTls(url: URL): ServerTls | null {
  const path = url.searchParams.get("sslrootcert");
  // Those of the system, which the driver knows itself.
  if (path === null || path === "system") return null;
  const mode = url.searchParams.get("sslmode");
  url.searchParams.delete("sslrootcert");
  url.searchParams.delete("sslmode");
  let held: string[] = [];
  return {
    get ca() {
      held = readAuthorities(path) ?? held;
      return held;
    },
    // An address has no name by which it could be verified else.
    host: url.hostname.replace(/^\[|\]$/g, ""),
    rejectUnauthorized: true,
    ...(mode === "verify-ca" && { checkServerIdentity: () => undefined }),
  };
}

function readAuthorities(path: string): string[] | null {
  try {
    const blocks = readFileSync(path, "latin1").match(BLOCK) ?? [];
    const certificates = blocks.map((block) => new X509Certificate(block).toString());
    return certificates.length === 0 ? null : certificates;
  } catch {
    return null;
  }
}
