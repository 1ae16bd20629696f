// Checks a message with an assertion, from its text to the caller that it stands for: nothing else in the gateway reads SAML.
import { hash as digest } from "node:crypto";
import type { SamlIssuerConfig } from "../config/saml-issuers.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { readClaims } from "../identity/claims.ts";
import type { Note } from "../identity/note.ts";
import { checkConditions } from "./check-conditions.ts";
import type { Inspected } from "./inspect-message.ts";
import { inspectMessage } from "./inspect-message.ts";
import type { SamlIssuer } from "./issuers.ts";
import { toPlainXml } from "./read-elements.ts";
import type { SignedAssertion } from "./read-signed.ts";
import { readSigned } from "./read-signed.ts";
import { SamlRefusal } from "./refusal.ts";

export type MessageDeps = {
  readonly issuers: readonly SamlIssuer[];
  /** Uses an assertion up; false where it was used before. */
  readonly useAssertion: (hash: Buffer, expiresAt: Date) => Promise<boolean>;
  /** Is told of what no honest program sends. */
  readonly onAttack: (refusal: SamlRefusal, address: string | null) => void;
  readonly now: () => number;
};

/** What a message must be: an assertion alone, or a response in answer to a request. */
export type Expected = {
  readonly root: "Assertion" | "Response";
  readonly recipient: string;
  readonly inResponseTo: string | null;
};

/** Where a message came from, and who is told each step of its check. */
export type From = { readonly address?: string; readonly note?: Note };

/** A caller by an assertion, and the session at the issuer that it came of. */
export type AssertedCaller = {
  readonly caller: Caller & { readonly expiresAt: number };
  readonly sessionIndex: string | null;
  /** When the issuer's session ends, in milliseconds since the epoch; null where it doesn't say. */
  readonly sessionEndsAt: number | null;
};

const LONGEST_BASE64 = 256 * 1024;
/** Kept for so long after its end, for clocks that differ. */
const REMEMBER_MS = 300_000;
/** Where Entra ID says that the groups did not fit. */
const OVERAGE = "http://schemas.microsoft.com/claims/groups.link";
const TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/**
 * Checks a message in base64 or base64url and uses its assertion up. Throws a `SamlRefusal`, or a `GatewayError` of
 * `token_invalid` or `identity_unavailable`.
 */
export async function checkMessage(
  deps: MessageDeps,
  encoded: string,
  expected: Expected,
  from: From = {},
): Promise<AssertedCaller> {
  try {
    return await check(deps, decodeMessage(encoded), expected, from.note);
  } catch (error) {
    if (error instanceof SamlRefusal && error.isAttack) deps.onAttack(error, from.address ?? null);
    throw error;
  }
}

/** Gives the XML of a message. */
function decodeMessage(encoded: string): string {
  if (encoded.length > LONGEST_BASE64) throw new SamlRefusal("size");
  if (!/^[A-Za-z0-9+/_\s-]+={0,2}\s*$/.test(encoded)) throw new SamlRefusal("form", "not base64");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(encoded, "base64"));
  } catch (cause) {
    throw new SamlRefusal("form", "not UTF-8", { cause });
  }
}

async function check(
  deps: MessageDeps,
  text: string,
  expected: Expected,
  note?: Note,
): Promise<AssertedCaller> {
  const xml = toPlainXml(text);
  const inspected = inspectMessage(xml, expected.root);
  note?.("form", `one signed assertion that names the issuer ${inspected.issuer}`);
  const issuer = deps.issuers.find(({ config }) => config.issuer === inspected.issuer);
  if (issuer === undefined) throw new SamlRefusal("issuer", inspected.issuer);
  const { config } = issuer;
  requireAnswer(inspected, expected);
  const { certificates } = await issuer.keys();
  const assertion = await readSigned(xml, {
    isBare: expected.root === "Assertion",
    isResponseSigned: inspected.isResponseSigned,
    certificates,
  });
  note?.("signature", "right, by a certificate of the issuer's");
  const skewMs = config.clock_skew_s * 1000;
  note?.("accepted", `audience ${config.audience.join(", ")}; recipient ${expected.recipient}`);
  const expiresAt = checkConditions(assertion, { ...expected, ...config, skewMs, now: deps.now() });
  note?.("audience, recipient and times", `right; it counts until ${new Date(expiresAt).toISOString()}`);
  const claims = readClaims(toClaims(assertion, config), config, note);
  const name = digest("sha256", `saml\0${config.issuer}\0${assertion.$.ID}`, "buffer");
  await useUp(deps, name, new Date(expiresAt + skewMs + REMEMBER_MS));
  const [session] = assertion.AuthnStatement;
  const ends = assertion.AuthnStatement.flatMap(({ $ }) =>
    $.SessionNotOnOrAfter === undefined ? [] : [Date.parse($.SessionNotOnOrAfter)],
  );
  return {
    caller: {
      ...claims,
      issuedAt: Date.parse(assertion.$.IssueInstant) - skewMs,
      credentialId: `saml_${name.toString("base64url").slice(0, 32)}`,
      expiresAt,
    },
    sessionIndex: session?.$.SessionIndex ?? null,
    sessionEndsAt: ends.length === 0 ? null : Math.min(...ends),
  };
}

/** What stands on the response around an assertion may be unsigned, so that it can only ever add a reason to refuse. */
function requireAnswer({ root }: Inspected, { recipient, inResponseTo }: Expected): void {
  const destination = root.attributes.get("Destination");
  if (root.name === "Response" && destination !== undefined && destination !== recipient)
    throw new SamlRefusal("recipient", destination);
  const answers = root.attributes.get("InResponseTo");
  if (inResponseTo !== null && answers !== undefined && answers !== inResponseTo)
    throw new SamlRefusal("request");
}

async function useUp(deps: MessageDeps, name: Buffer, until: Date): Promise<void> {
  const isNew = await deps.useAssertion(name, until).catch((cause: unknown) => {
    throw new GatewayError(
      "identity_unavailable",
      "The assertion can't be checked: the database is out of reach.",
      { cause },
    );
  });
  if (!isNew) throw new SamlRefusal("replayed");
}

/** Gives the attributes by their names: one value as a text, several as a list, and the name id as `NameID`. */
function toClaims(assertion: SignedAssertion, config: SamlIssuerConfig): Record<string, string | string[]> {
  const values = new Map<string, string[]>();
  for (const { Attribute: attributes } of assertion.AttributeStatement) {
    for (const { $, AttributeValue: given } of attributes) {
      const held = values.get($.Name) ?? [];
      values.set($.Name, [...held, ...given.flatMap((one) => (one === null ? [] : [one.text]))]);
    }
  }
  if (values.has(OVERAGE)) throw new SamlRefusal("overage");
  const [
    {
      NameID: [nameId],
    },
  ] = assertion.Subject;
  if (config.subject_claim === "NameID" && nameId.attributes["Format"] === TRANSIENT)
    throw new SamlRefusal("transient");
  values.set("NameID", [nameId.text]);
  const lists = new Set(config.claims.flatMap(({ claim, type }) => (type === "strings" ? [claim] : [])));
  return Object.fromEntries(
    [...values].map(([name, held]) => {
      const [first] = held;
      return [name, held.length === 1 && first !== undefined && !lists.has(name) ? first : held];
    }),
  );
}
