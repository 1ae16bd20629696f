// Reads the metadata of an identity provider: the certificates that it signs by, and where its sign-in is.
import { X509Certificate } from "node:crypto";
import type { Element } from "./read-elements.ts";
import { readElements, toPath, toPlainXml } from "./read-elements.ts";

/** What an issuer signs by, in PEM, and where people sign in at it. */
export type ProviderKeys = {
  readonly certificates: readonly string[];
  readonly signInUrl: string | null;
};

const LIMITS = { chars: 1024 * 1024, elements: 20_000 };
const REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const LEAST_RSA_BITS = 2048;

/** Reads what the metadata says of one entity. Throws an error that an operator is shown. */
export function readMetadata(text: string, entityId: string, now: number): ProviderKeys {
  const elements = readElements(toPlainXml(withoutComments(text)), LIMITS);
  const entity = elements.find(
    ({ name, attributes }) => name === "EntityDescriptor" && attributes.get("entityID") === entityId,
  );
  if (entity === undefined) throw new Error(`The metadata has no entity ${entityId}.`);
  const own = elements.filter((element) => isWithin(element, entity));
  for (const { attributes } of [entity, ...own]) {
    const until = attributes.get("validUntil");
    if (until !== undefined && !(Date.parse(until) > now)) throw new Error("The metadata has expired.");
  }
  const certificates = own.flatMap((element) => (isSigning(element) ? readCertificate(element.text) : []));
  if (certificates.length === 0)
    throw new Error(
      `The metadata has no signing certificate of an RSA key of at least ${LEAST_RSA_BITS} bits.`,
    );
  const signIn = own.find(
    ({ name, attributes }) => name === "SingleSignOnService" && attributes.get("Binding") === REDIRECT,
  );
  return { certificates: [...new Set(certificates)], signInUrl: signIn?.attributes.get("Location") ?? null };
}

function isWithin(element: Element, outer: Element): boolean {
  for (let at = element.parent; at !== null; at = at.parent) if (at === outer) return true;
  return false;
}

function isSigning(element: Element): boolean {
  const path = "IDPSSODescriptor/KeyDescriptor/KeyInfo/X509Data/X509Certificate";
  const descriptor = element.parent?.parent?.parent;
  return (
    toPath(element).endsWith(`EntityDescriptor/${path}`) && descriptor?.attributes.get("use") !== "encryption"
  );
}

function readCertificate(base64: string): string[] {
  const certificate = new X509Certificate(Buffer.from(base64, "base64"));
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  const isAccepted =
    asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_RSA_BITS;
  return isAccepted ? [certificate.toString()] : [];
}

function withoutComments(text: string): string {
  const [first = "", ...parts] = text.split("<!--");
  return first + parts.map((part) => part.slice(part.includes("-->") ? part.indexOf("-->") + 3 : 0)).join("");
}
