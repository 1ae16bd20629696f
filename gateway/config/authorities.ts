// Reads files of certificate authorities.
import { X509Certificate } from "node:crypto";
import { readPem } from "./tls.ts";

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
