// Reads the listener's certificate and key, and says whether they are a pair that can be served.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/** Where the certificate chain and its key stand, as absolute paths. */
export type TlsConfig = { readonly certificate: string; readonly key: string };

/** What a listener is given. */
export type TlsFiles = { readonly cert: Buffer; readonly key: Buffer };

/** Reads both files. Gives what is wrong with them, and with which, instead; nothing of them stands in the text. */
export function readTlsFiles(
  config: TlsConfig,
): TlsFiles | { readonly wrong: keyof TlsConfig; readonly expected: string } {
  const cert = readPem(config.certificate);
  if (typeof cert === "string") return { wrong: "certificate", expected: cert };
  const key = readPem(config.key);
  if (typeof key === "string") return { wrong: "key", expected: key };
  const leaf = attempt(() => new X509Certificate(cert));
  if (leaf === null) return { wrong: "certificate", expected: "expected a certificate chain in PEM" };
  const own = attempt(() => createPrivateKey(key));
  if (own === null) return { wrong: "key", expected: "expected a private key in PEM, without a passphrase" };
  if (!leaf.checkPrivateKey(own)) return { wrong: "key", expected: "expected the key of the certificate" };
  return { cert, key };
}

/** Reads a file; gives what was expected where it can't be read. */
export function readPem(path: string): Buffer | string {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return `expected a readable file at ${path} (${code})`;
  }
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
