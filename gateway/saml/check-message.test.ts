import { createHmac } from "node:crypto";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeCertificate } from "../../test/fixtures/certificate.ts";
import { createSamlProvider, toSamlConfig } from "../../test/fixtures/saml-provider.ts";
import type { Said, SamlProvider } from "../../test/fixtures/saml-provider.ts";
import type { AssertedCaller } from "./check-message.ts";
import { checkMessage } from "./check-message.ts";
import { openSamlIssuers } from "./issuers.ts";
import type { Reason } from "./refusal.ts";

const HERE = "https://tollgate.example.com/oauth/token";
const REQUEST = "_request";

let provider: SamlProvider;
let stranger: { cert: string; key: string };
beforeAll(() => {
  provider = createSamlProvider(HERE);
  stranger = makeCertificate("Identity Provider", "rsa");
});

const used = new Set<string>();
let attacks: Reason[] = [];
beforeEach(() => {
  used.clear();
  attacks = [];
});

type Options = { readonly entry?: object; readonly now?: number; readonly steps?: string[] };

function check(xml: string | Buffer, options: Options = {}): Promise<AssertedCaller> {
  const now = (): number => options.now ?? Date.now();
  const text = xml.toString("utf8").trimStart();
  const root = /^(?:<\?xml[^>]*>)?\s*<(?:\w+:)?Response/.test(text) ? "Response" : "Assertion";
  const deps = {
    issuers: openSamlIssuers([toSamlConfig(provider, options.entry)], now),
    useAssertion: async (hash: Buffer) => {
      const name = hash.toString("hex");
      const isNew = !used.has(name);
      used.add(name);
      return isNew;
    },
    onAttack: ({ reason }: { reason: Reason }) => attacks.push(reason),
    now,
  };
  const expected = { root, recipient: HERE, inResponseTo: root === "Response" ? REQUEST : null } as const;
  const encoded = Buffer.from(xml).toString("base64url");
  return checkMessage(deps, encoded, expected, {
    note: (step, said) => options.steps?.push(`${step}: ${said}`),
  });
}

const respond = (said: Said = {}): Promise<string> => provider.respond({ inResponseTo: REQUEST, ...said });

/** The parts of a signed response. */
function cut(xml: string): { assertion: string; signature: string; bare: string; id: string } {
  const assertion = /<saml:Assertion[\s\S]*<\/saml:Assertion>/.exec(xml)?.[0] ?? "";
  const signature = /<ds:Signature[\s\S]*<\/ds:Signature>/.exec(assertion)?.[0] ?? "";
  const id = / ID="([^"]+)"/.exec(assertion)?.[1] ?? "";
  return { assertion, signature, bare: assertion.replace(signature, ""), id };
}

/** An assertion of the attacker's: nobody has signed it. */
const forge = (bare: string): string => bare.replace(">ada<", ">eve<").replace(/ ID="[^"]+"/, ' ID="_evil"');

describe("an assertion of a trusted issuer", () => {
  test("becomes a caller: subject, groups through the mapping alone, and the claims that are asked for", async () => {
    const xml = await provider.assert({
      nameId: "ada@example.com",
      attributes: { groups: ["staff", "Rock & Roll", "admins"], department: ["R&D"], teams: ["one"] },
    });
    const entry = {
      claims: ["department", { claim: "teams", type: "strings" }, "absent"],
      group_rules: [{ when: { department: "R*" }, groups: "research" }],
    };
    const { caller } = await check(xml, { entry });
    expect(caller).toMatchObject({
      tenant: "default",
      issuer: provider.entityId,
      subject: "ada@example.com",
      kind: "human",
      groups: ["admins", "developers", "research"],
      claims: { department: "R&D", teams: ["one"] },
      actsFor: null,
    });
    expect(caller.credentialId).toMatch(/^saml_[\w-]{32}$/);
    expect(attacks).toEqual([]);
  });

  test.each<[string, Said, (xml: string) => string]>([
    ["alone", {}, (xml) => cut(xml).assertion],
    ["in a response", {}, (xml) => xml],
    ["in a response that is signed too", { signed: "both" }, (xml) => xml],
    ["behind a declaration", {}, (xml) => `<?xml version="1.0" encoding="UTF-8"?>\r\n${xml}\n`],
    ["by RSA with SHA-512", { algorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" }, (xml) => xml],
  ])("is accepted %s", async (_name, said, form) => {
    const { caller, sessionIndex } = await check(form(await respond(said)));
    expect(caller.subject).toBe("ada");
    expect(sessionIndex).toMatch(/^_/);
  });

  test("names the caller by an attribute where the configuration says so", async () => {
    const xml = await provider.assert({ attributes: { uid: ["u-17"] }, nameId: "anything" });
    const { caller } = await check(xml, { entry: { subject_attribute: "uid" } });
    expect(caller.subject).toBe("u-17");
  });

  test("counts within the tolerated skew and not beyond it", async () => {
    const xml = await provider.assert({ until: 60, issued: 20, from: 20 });
    await expect(check(xml)).resolves.toBeDefined();
    used.clear();
    await expect(check(xml, { now: Date.now() + 80_000 })).resolves.toBeDefined();
    used.clear();
    await expect(check(xml, { now: Date.now() + 100_000 })).rejects.toMatchObject({ reason: "expired" });
    await expect(check(xml, { now: Date.now() - 60_000 })).rejects.toMatchObject({ reason: "early" });
  });

  test("counts once, whatever is written around it", async () => {
    const xml = await respond();
    await check(xml);
    await expect(check(cut(xml).assertion)).rejects.toMatchObject({
      code: "token_invalid",
      reason: "replayed",
    });
    expect(attacks).toEqual(["replayed"]);
  });

  test("is explained step by step", async () => {
    const steps: string[] = [];
    await check(await provider.assert(), { steps });
    expect(steps.join("\n")).toMatch(/form: .*\nsignature: right.*\naccepted: .*\naudience.*\nsubject: ada/);
  });
});

describe("a wrapped signature is refused:", () => {
  /** Where the attacker's own assertion stands, and where the signed one is kept so that its signature still fits. */
  const wraps: Record<string, (xml: string) => string> = {
    "1: a response with the signed one within its signature": (xml) => {
      const signature = /<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(xml)?.[0] ?? "";
      const signed = xml.replace(signature, "");
      const evil = signed.replace(/ ID="[^"]+"/, ' ID="_evil"').replace(">ada<", ">eve<");
      return evil.replace(
        "<samlp:Status>",
        `${signature.replace("</ds:Signature>", `${signed}</ds:Signature>`)}<samlp:Status>`,
      );
    },
    "2: a response with the signed one beside its signature": (xml) => {
      const signature = /<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(xml)?.[0] ?? "";
      const signed = xml.replace(signature, "");
      const evil = signed.replace(/ ID="[^"]+"/, ' ID="_evil"').replace(">ada<", ">eve<");
      return evil.replace("<samlp:Status>", `${signed}${signature}<samlp:Status>`);
    },
    "3: a forged assertion before the signed one": (xml) =>
      xml.replace("<saml:Assertion", `${forge(cut(xml).bare)}<saml:Assertion`),
    "4: the signed one within a forged one": (xml) => {
      const { assertion, bare } = cut(xml);
      return xml.replace(
        assertion,
        forge(bare).replace("</saml:Assertion>", `${assertion}</saml:Assertion>`),
      );
    },
    "5: a forged one with the signature, the signed one behind it": (xml) => {
      const { assertion, bare, signature } = cut(xml);
      const evil = forge(bare).replace("</saml:Issuer>", `</saml:Issuer>${signature}`);
      return xml.replace(assertion, `${evil}${bare}`);
    },
    "6: the signed one within the signature of a forged one": (xml) => {
      const { assertion, bare, signature } = cut(xml);
      const wrapped = signature.replace("</ds:Signature>", `${bare}</ds:Signature>`);
      return xml.replace(assertion, forge(bare).replace("</saml:Issuer>", `</saml:Issuer>${wrapped}`));
    },
    "7: a forged one among the extensions": (xml) =>
      xml.replace(
        "<saml:Assertion",
        `<samlp:Extensions>${forge(cut(xml).bare)}</samlp:Extensions><saml:Assertion`,
      ),
    "8: the signed one as an object of a forged one's signature": (xml) => {
      const { assertion, bare, signature } = cut(xml);
      const wrapped = signature.replace("</ds:Signature>", `<ds:Object>${bare}</ds:Object></ds:Signature>`);
      return xml.replace(assertion, forge(bare).replace("</saml:Issuer>", `</saml:Issuer>${wrapped}`));
    },
  };

  test.each(Object.keys(wraps))("%s", async (name) => {
    const signed = name.startsWith("1") || name.startsWith("2") ? "response" : "assertion";
    const xml = wraps[name]?.(await respond({ signed })) ?? "";
    expect(xml).toContain(">eve<");
    await expect(check(xml)).rejects.toMatchObject({ code: "token_invalid", reason: "wrapped" });
    expect(attacks).toEqual(["wrapped"]);
  });
});

describe("what was altered or forged is refused:", () => {
  /** Altered after the issuer has signed it. */
  const altered: readonly [string, Reason, Said, (xml: string) => string | Buffer][] = [
    ["another subject", "signature", {}, (xml) => xml.replace(">ada<", ">eve<")],
    ["another group", "signature", {}, (xml) => xml.replace(">staff<", ">admin<")],
    ["a longer life", "signature", {}, (xml) => xml.replaceAll(/NotOnOrAfter="2/g, 'NotOnOrAfter="3')],
    ["no signature", "unsigned", {}, (xml) => xml.replace(cut(xml).signature, "")],
    ["a response's signature alone", "unsigned", { signed: "response" }, (xml) => xml],
    [
      "a response whose own signature is wrong",
      "signature",
      { signed: "both" },
      (xml) => xml.replace("<samlp:Status>", '<samlp:Status x="1">'),
    ],
    ["an empty signature", "signature", {}, (xml) => xml.replace(/(<ds:SignatureValue>)[^<]*/, "$1")],
    ["an empty digest", "signature", {}, (xml) => xml.replace(/(<ds:DigestValue>)[^<]*/, "$1")],
    ["two assertions", "wrapped", {}, (xml) => xml.replace(cut(xml).assertion, cut(xml).assertion.repeat(2))],
    ["a comment in the name", "form", {}, (xml) => xml.replace(">ada<", ">ad<!-- -->a<")],
    ["a comment in the digest", "form", {}, (xml) => xml.replace("<ds:DigestValue>", "$&<!--x-->")],
    ["a processing instruction", "form", {}, (xml) => xml.replace(">ada<", ">ada<?x y?><")],
    ["CDATA", "form", {}, (xml) => xml.replace(">ada<", "><![CDATA[ada]]><")],
    ["a document type", "form", {}, (xml) => `<!DOCTYPE Response>${xml}`],
    [
      "entities that grow",
      "form",
      {},
      (xml) =>
        `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${xml.replace(">ada<", ">&b;<")}`,
    ],
    [
      "an entity of a file",
      "form",
      {},
      (xml) => `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>${xml.replace(">ada<", ">&f;<")}`,
    ],
    ["an entity that nobody declared", "form", {}, (xml) => xml.replace(">ada<", ">&f;<")],
    ["a null character", "form", {}, (xml) => xml.replace(">ada<", ">ada\u0000<")],
    ["a null character by number", "form", {}, (xml) => xml.replace(">ada<", ">ada&#0;<")],
    ["bytes that are no UTF-8", "form", {}, (xml) => Buffer.from(xml.replace("ada", "\u00e9"), "latin1")],
    ["UTF-16", "form", {}, (xml) => Buffer.from(`\ufeff${cut(xml).assertion}`, "utf16le")],
    ["an attribute twice", "form", {}, (xml) => xml.replace(" Version=", ' Version="1.1" Version=')],
    [
      "an attribute in another namespace too",
      "form",
      {},
      (xml) => xml.replace(" Version=", ' xmlns:y="urn:y" y:ID="_x" Version='),
    ],
    [
      "an id twice",
      "wrapped",
      {},
      (xml) => xml.replace("<saml:Subject>", `<saml:Subject Id="${cut(xml).id}">`),
    ],
    ["an id with quotes", "wrapped", {}, (xml) => xml.replace("<saml:Subject>", `<saml:Subject id="a'b">`)],
    ["a reference to everything", "wrapped", {}, (xml) => xml.replace(/ URI="[^"]*"/, ' URI=""')],
    [
      "a second reference",
      "wrapped",
      {},
      (xml) => xml.replace(/<ds:Reference[\s\S]*<\/ds:Reference>/, "$&$&"),
    ],
    ["a third transform", "wrapped", {}, (xml) => xml.replace(/<ds:Transform [^>]*>/, "$&$&")],
    [
      "a transform that leaves something out",
      "algorithm",
      {},
      (xml) =>
        xml.replace(
          "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
          "http://www.w3.org/TR/1999/REC-xpath-19991116",
        ),
    ],
    [
      "canonicalisation with comments",
      "algorithm",
      {},
      (xml) => xml.replaceAll("xml-exc-c14n#", "xml-exc-c14n#WithComments"),
    ],
    [
      "inclusive canonicalisation",
      "algorithm",
      {},
      (xml) =>
        xml.replace(
          "http://www.w3.org/2001/10/xml-exc-c14n#",
          "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        ),
    ],
    ["no algorithm at all", "algorithm", {}, (xml) => xml.replace(/(<ds:SignatureMethod) [^>]*>/, "$1/>")],
    [
      "an HMAC keyed by the public certificate",
      "algorithm",
      {},
      (xml) => {
        const hmac = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
        const value = createHmac("sha1", provider.certificate).update("any").digest("base64");
        return xml
          .replace("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", hmac)
          .replace(/(<ds:SignatureValue>)[^<]*/, `$1${value}`);
      },
    ],
    [
      "encryption",
      "encrypted",
      {},
      (xml) => xml.replace(cut(xml).assertion, "<saml:EncryptedAssertion>x</saml:EncryptedAssertion>"),
    ],
    ["no assertion", "absent", {}, (xml) => xml.replace(cut(xml).assertion, "")],
    ["a text that isn't XML", "form", {}, () => "not xml"],
    ["an end that is missing", "form", {}, (xml) => xml.slice(0, -10)],
    ["two roots", "form", {}, (xml) => xml + xml],
    ["nesting without end", "size", {}, (xml) => xml.replace("<samlp:Status>", `${"<a>".repeat(100)}$&`)],
    ["length without end", "size", {}, (xml) => xml.replace(">ada<", `>${"a".repeat(140_000)}<`)],
    ["elements without end", "size", {}, (xml) => xml.replace("<samlp:Status>", `${"<a/>".repeat(5000)}$&`)],
    [
      "attributes without end",
      "size",
      {},
      (xml) =>
        xml.replace(
          "<saml:Subject>",
          `<saml:Subject ${[...Array(100).keys()].map((n) => `a${n}=""`).join(" ")}>`,
        ),
    ],
  ];

  test.each(altered)("%s", async (_name, reason, said, alter) => {
    const xml = await respond(said);
    const changed = alter(xml);
    if (said.signed !== "response") expect(changed).not.toBe(xml);
    await expect(check(changed)).rejects.toMatchObject({ reason });
    expect(used.size).toBe(0);
    const isAttack = ["form", "wrapped", "unsigned", "signature"].includes(reason);
    expect(attacks).toEqual(isAttack ? [reason] : []);
  });

  test("nothing that is cut out, doubled or changed anywhere in it makes a caller of anybody else", async () => {
    const { assertion } = cut(await respond());
    const place = fc.nat({ max: assertion.length - 1 });
    const piece = fc.constantFrom(
      "",
      "<",
      ">",
      "&",
      '"',
      "eve",
      "<!---->",
      "<a/>",
      " ",
      "_",
      'ID="_x"',
      "&#97;",
    );
    await fc.assert(
      fc.asyncProperty(place, fc.nat({ max: 40 }), piece, async (at, length, inserted) => {
        used.clear();
        const text = assertion.slice(0, at) + inserted + assertion.slice(at + length);
        const { caller } = await check(text).catch((error: unknown) => {
          expect(error).toMatchObject({ code: expect.stringMatching(/^token_/) });
          return { caller: null };
        });
        if (caller !== null) expect(caller).toMatchObject({ subject: "ada", groups: ["developers"] });
      }),
      { numRuns: 300 },
    );
  });
});

describe("what an issuer has signed is refused where it says", () => {
  /** Said by the issuer itself. */
  const signed: readonly [string, Reason, Said][] = [
    ["another audience", "audience", { audience: "https://other.example.com" }],
    [
      "a further audience that must fit too",
      "audience",
      {
        edit: (xml) =>
          xml.replace(
            "</saml:Conditions>",
            "<saml:AudienceRestriction><saml:Audience>urn:other</saml:Audience></saml:AudienceRestriction></saml:Conditions>",
          ),
      },
    ],
    [
      "no audience",
      "shape",
      { edit: (xml) => xml.replace(/<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>/, "") },
    ],
    ["no conditions", "shape", { edit: (xml) => xml.replace(/<saml:Conditions .*<\/saml:Conditions>/, "") }],
    [
      "a condition that isn't known",
      "shape",
      { edit: (xml) => xml.replace("</saml:Conditions>", "<saml:Condition/></saml:Conditions>") },
    ],
    ["another recipient", "recipient", { recipient: "https://other.example.com/acs", destination: HERE }],
    ["another destination", "recipient", { destination: "https://other.example.com/acs" }],
    [
      "an answer to another request",
      "request",
      { edit: (xml) => xml.replace(/(<saml:SubjectConfirmationData.* InResponseTo=")/, "$1_other") },
    ],
    [
      "another request only around it",
      "request",
      { edit: (xml) => xml.replace(/( InResponseTo=")/, "$1_other") },
    ],
    [
      "no request that it answers",
      "request",
      { edit: (xml) => xml.replace(/(<saml:SubjectConfirmationData.*) InResponseTo="[^"]*"/, "$1") },
    ],
    ["an end that is past", "expired", { until: -60, from: -120, issued: -120 }],
    ["a beginning to come", "early", { from: 120 }],
    ["that it was made in the future", "early", { issued: 120 }],
    ["a life of a day", "long", { until: 86_400 }],
    ["a session that has ended", "expired", { sessionUntil: -60 }],
    ["no end", "shape", { edit: (xml) => xml.replaceAll(/ NotOnOrAfter="[^"]*"/g, "") }],
    ["a time without a zone", "shape", { edit: (xml) => xml.replaceAll('Z" Recipient', '" Recipient') }],
    ["another version", "shape", { edit: (xml) => xml.replaceAll('Version="2.0"', 'Version="1.1"') }],
    [
      "that a key must be shown with it",
      "shape",
      { edit: (xml) => xml.replace("cm:bearer", "cm:holder-of-key") },
    ],
    ["no subject", "shape", { edit: (xml) => xml.replace(/<saml:NameID.*<\/saml:NameID>/, "") }],
    ["a subject with an element in it", "shape", { edit: (xml) => xml.replace(">ada<", ">ada<x>m</x><") }],
    [
      "a name that tells nobody",
      "transient",
      { format: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient" },
    ],
    [
      "that its groups did not fit",
      "overage",
      { attributes: { "http://schemas.microsoft.com/claims/groups.link": ["https://graph.example.com"] } },
    ],
    ["a failure", "status", { status: "urn:oasis:names:tc:SAML:2.0:status:Responder" }],
    ["a name that isn't accepted", "issuer", { issuer: "https://unknown.example.com" }],
    ["SHA-1", "algorithm", { algorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1" }],
  ];

  test.each(signed)("%s", async (_name, reason, said) => {
    await expect(check(await respond(said))).rejects.toMatchObject({
      code: reason === "expired" ? "token_expired" : "token_invalid",
      reason,
    });
    expect(used.size).toBe(0);
    // Somebody else's answer is brought by a thief alone.
    expect(attacks).toEqual(reason === "request" ? ["request"] : []);
  });

  test("or where somebody else has signed it, and brings the key along", async () => {
    const xml = await respond({ by: stranger });
    expect(xml).toContain("<ds:X509Certificate>");
    await expect(check(xml)).rejects.toMatchObject({ reason: "signature" });
    expect(attacks).toEqual(["signature"]);
  });
});

test("no refusal repeats anything of the message", async () => {
  const xml = await respond({ nameId: "somebody-secret", audience: "urn:secret-audience" });
  const error = await check(xml).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ reason: "audience" });
  expect(String(error)).not.toMatch(/secret/);
});
