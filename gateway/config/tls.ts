// Reads the listener's certificate and key, and says whether they are a pair that can be served.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readAuthorities, readPem } from "./authorities.ts";

/** Where the certificate chain and its key stand, as absolute paths. */
export type TlsConfig = {
  readonly certificate: string;
  readonly key: string;
  /** Where the authorities of clients' certificates stand; null: clients are asked for none. */
  readonly client_ca: string | null;
  /** Whether a client without a certificate is let in. */
  readonly client_certificates: "require" | "request";
};

/** What a listener is given. */
export type TlsFiles = { readonly cert: Buffer; readonly key: Buffer; readonly ca: string | null };

/** Reads both files. Gives what is wrong with them, and with which, instead; nothing of them stands in the text. */
export function readTlsFiles(
  config: TlsConfig,
): TlsFiles | { readonly wrong: "certificate" | "key" | "client_ca"; readonly expected: string } {
  const cert = readPem(config.certificate);
  if (typeof cert === "string") return { wrong: "certificate", expected: cert };
  const key = readPem(config.key);
  if (typeof key === "string") return { wrong: "key", expected: key };
  const leaf = attempt(() => new X509Certificate(cert));
  if (leaf === null) return { wrong: "certificate", expected: "expected a certificate chain in PEM" };
  const own = attempt(() => createPrivateKey(key));
  if (own === null) return { wrong: "key", expected: "expected a private key in PEM, without a passphrase" };
  if (!leaf.checkPrivateKey(own)) return { wrong: "key", expected: "expected the key of the certificate" };
  const authorities = config.client_ca === null ? null : readAuthorities(config.client_ca);
  if (authorities !== null && "expected" in authorities)
    return { wrong: "client_ca", expected: authorities.expected };
  return { cert, key, ca: authorities?.pem ?? null };
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
