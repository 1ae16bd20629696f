// The door of node-saml: verifies a message's signatures and reads the assertion from the bytes that were signed, as they were
// canonicalised; nothing of the message itself is read after that.
import { z } from "zod";
import { SamlRefusal } from "./refusal.ts";

const attributes = z.record(z.string(), z.string());
/** A text without elements in it, which would be joined into it. */
const text = z
  .strictObject({ _: z.string(), $: attributes.optional() })
  .transform(({ _, $ }) => ({ text: _.trim(), attributes: $ ?? {} }));
const confirmation = z.object({
  $: z.object({ Method: z.string() }),
  SubjectConfirmationData: z
    .tuple([
      z.object({
        $: z.object({
          Recipient: z.string().optional(),
          NotBefore: z.string().optional(),
          NotOnOrAfter: z.string().optional(),
          InResponseTo: z.string().optional(),
        }),
      }),
    ])
    .optional(),
});
const attribute = z.object({
  $: z.object({ Name: z.string().min(1).max(256) }),
  // What isn't a text, such as an empty value or one with elements in it, says nothing here.
  AttributeValue: z.array(z.union([text, z.unknown().transform(() => null)])).default([]),
});

/** A condition that isn't understood leaves the validity open (SAML 2.0 Core, section 2.5.1.1), so that there is none. */
const conditions = z.strictObject({
  $: z.object({ NotBefore: z.string().optional(), NotOnOrAfter: z.string().optional() }).default({}),
  AudienceRestriction: z.array(z.object({ Audience: z.array(text).min(1) })).min(1),
  OneTimeUse: z.unknown().optional(),
  ProxyRestriction: z.unknown().optional(),
});

const assertion = z.object({
  $: z.object({ ID: z.string().min(1), Version: z.literal("2.0"), IssueInstant: z.string() }),
  Issuer: z.tuple([text]),
  Subject: z.tuple([
    z.object({ NameID: z.tuple([text]), SubjectConfirmation: z.array(confirmation).min(1) }),
  ]),
  Conditions: z.tuple([conditions]),
  AuthnStatement: z
    .array(
      z.object({
        $: z.object({ SessionIndex: z.string().optional(), SessionNotOnOrAfter: z.string().optional() }),
      }),
    )
    .default([]),
  AttributeStatement: z.array(z.object({ Attribute: z.array(attribute).default([]) })).default([]),
});

/** An assertion that its issuer has signed. */
export type SignedAssertion = z.output<typeof assertion>;

/** The message around a bare assertion, which node-saml wants. */
const ENVELOPE = ['<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol">', "</p:Response>"] as const;

/**
 * Verifies an inspected message by the issuer's certificates, whatever keys it brings along, and gives what was signed.
 * Conditions are not looked at. Throws a `SamlRefusal`.
 */
export async function readSigned(
  xml: string,
  options: {
    readonly isBare: boolean;
    readonly isResponseSigned: boolean;
    readonly certificates: readonly string[];
  },
): Promise<SignedAssertion> {
  // Loaded by the first assertion: most gateways never see one.
  const { SAML } = await import("@node-saml/node-saml");
  const verifier = new SAML({
    idpCert: [...options.certificates],
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: options.isResponseSigned,
    // What is required and left open here is checked in check-conditions.ts.
    callbackUrl: "unused",
    issuer: "unused",
    audience: false,
    acceptedClockSkewMs: -1,
  });
  const message = options.isBare ? ENVELOPE.join(xml) : xml;
  const told = await verifier
    .validatePostResponseAsync({ SAMLResponse: Buffer.from(message).toString("base64") })
    .catch((cause: unknown) => {
      // After the signature it reads times, and wants each confirmation to have an end.
      const isTime = cause instanceof Error && cause.message.startsWith("Error parsing");
      throw new SamlRefusal(isTime ? "shape" : "signature", null, { cause });
    });
  const parsed = z.object({ Assertion: assertion }).safeParse(told.profile?.getAssertion?.());
  if (parsed.success) return parsed.data.Assertion;
  throw new SamlRefusal("shape", parsed.error.issues.map(({ path }) => path.join(".")).join(", "));
}
