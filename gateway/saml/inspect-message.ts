// Looks whether a message has the one form that is accepted: one assertion, signed itself, each signature over the element that
// it stands in. No wrapped, doubled or hidden element gets past here to a parser.
import type { Element } from "./read-elements.ts";
import { readElements, toPath } from "./read-elements.ts";
import { SamlRefusal } from "./refusal.ts";

/** What is known of a message before its signature was checked: nothing here may be believed. */
export type Inspected = {
  readonly root: Element;
  /** Who claims to have made the assertion. */
  readonly issuer: string;
  readonly isResponseSigned: boolean;
};

const LIMITS = { chars: 128 * 1024, elements: 4096 };

/** Elements that stand nowhere but in these, each once in its place; a transform twice. */
const PARENTS: ReadonlyMap<string, readonly string[]> = new Map([
  ["Response", [""]],
  ["Assertion", ["", "Response"]],
  ["Signature", ["Response", "Assertion"]],
  ["SignedInfo", ["Signature"]],
  ["SignatureValue", ["Signature"]],
  ["KeyInfo", ["Signature"]],
  ["CanonicalizationMethod", ["SignedInfo"]],
  ["SignatureMethod", ["SignedInfo"]],
  ["Reference", ["SignedInfo"]],
  ["Transforms", ["Reference"]],
  ["Transform", ["Transforms"]],
  ["DigestMethod", ["Reference"]],
  ["DigestValue", ["Reference"]],
  ["Subject", ["Assertion"]],
  ["Conditions", ["Assertion"]],
]);
/** Parts of signatures that no issuer needs: what is signed stands around the signature, never in it. */
const NOWHERE = new Set(["Object", "Manifest", "SignatureProperties"]);

const EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ALGORITHMS: ReadonlyMap<string, readonly string[]> = new Map([
  ["CanonicalizationMethod", [EXCLUSIVE]],
  ["Transform", ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", EXCLUSIVE]],
  [
    "SignatureMethod",
    [
      "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
      "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
      "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    ],
  ],
  ["DigestMethod", ["http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"]],
]);

/** Inspects a message whose root must be the one that is named. Throws a `SamlRefusal`. */
export function inspectMessage(xml: string, rootName: "Assertion" | "Response"): Inspected {
  const elements = readElements(xml, LIMITS);
  const [root] = elements;
  if (root?.name !== rootName) throw new SamlRefusal("absent", `the root isn't ${rootName}`);
  if (elements.some(({ name }) => name.startsWith("Encrypted"))) throw new SamlRefusal("encrypted");
  if (rootName === "Response") requireSuccess(elements);
  requirePlaces(elements);
  requireIds(elements);
  for (const element of elements) requireAlgorithm(element);
  const assertion = elements.find(({ name }) => name === "Assertion");
  if (assertion === undefined) throw new SamlRefusal("absent");
  const isSigned = (one: Element): boolean =>
    elements.some(({ name, parent }) => name === "Signature" && parent === one);
  if (!isSigned(assertion)) throw new SamlRefusal("unsigned");
  const issuer = elements.find(({ name, parent }) => name === "Issuer" && parent === assertion);
  return {
    root,
    issuer: issuer?.text.trim() ?? "",
    isResponseSigned: root !== assertion && isSigned(root),
  };
}

function requireSuccess(elements: readonly Element[]): void {
  const status = elements.find((element) => toPath(element) === "Response/Status/StatusCode");
  const value = status?.attributes.get("Value") ?? "none";
  if (value !== "urn:oasis:names:tc:SAML:2.0:status:Success") throw new SamlRefusal("status", value);
}

function requirePlaces(elements: readonly Element[]): void {
  const seen = new Map<string, number>();
  for (const element of elements) {
    const { name, parent } = element;
    const parents = PARENTS.get(name);
    if (NOWHERE.has(name)) throw new SamlRefusal("wrapped", name);
    if (parents === undefined) continue;
    if (!parents.includes(parent?.name ?? "")) throw new SamlRefusal("wrapped", toPath(element));
    const path = toPath(element);
    const count = (seen.get(path) ?? 0) + 1;
    seen.set(path, count);
    if (count > (name === "Transform" ? 2 : 1)) throw new SamlRefusal("wrapped", `${path} several times`);
    if (name === "Reference") requireOwnReference(element);
  }
}

/** A signature is over the element that it stands in, by that element's id. */
function requireOwnReference(reference: Element): void {
  const signed = reference.parent?.parent?.parent;
  const id = signed?.attributes.get("ID");
  if (id === undefined || reference.attributes.get("URI") !== `#${id}`)
    throw new SamlRefusal("wrapped", "a signature over another element");
}

/** Ids are told by any of their spellings, and no two are alike. */
function requireIds(elements: readonly Element[]): void {
  const ids = new Set<string>();
  for (const { attributes } of elements) {
    for (const [name, value] of attributes) {
      if (name.toLowerCase() !== "id") continue;
      if (ids.has(value) || !/^[A-Za-z_][\w.-]{0,255}$/.test(value))
        throw new SamlRefusal("wrapped", "an id twice, or of another form");
      ids.add(value);
    }
  }
}

function requireAlgorithm({ name, attributes }: Element): void {
  const accepted = ALGORITHMS.get(name);
  const algorithm = attributes.get("Algorithm") ?? "none";
  if (accepted !== undefined && !accepted.includes(algorithm)) throw new SamlRefusal("algorithm", algorithm);
}
