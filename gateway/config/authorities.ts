// Reads files in PEM, and those of certificate authorities.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/** Gives the authorities of a file in PEM, or what was expected of it. */
export function readAuthorities(path: string): { readonly pem: string } | { readonly expected: string } {
  const read = readPem(path);
  if (typeof read === "string") return { expected: read };
  const pem = read.toString("latin1");
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const isRight = blocks.length > 0 && blocks.every(isCertificate);
  return isRight ? { pem } : { expected: `expected certificates in PEM at ${path}` };
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).ca;
  } catch {
    return false;
  }
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
