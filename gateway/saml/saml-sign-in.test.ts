import { inflateRawSync } from "node:zlib";
import { ServiceProvider } from "samlify";
import { describe, expect, test } from "vitest";
import { createSamlProvider, toSamlConfig } from "../../test/fixtures/saml-provider.ts";
import { openSamlIssuers } from "./issuers.ts";
import { createSamlSignIn } from "./saml-sign-in.ts";
import type { SamlSignIn } from "./saml-sign-in.ts";
import { toAttempt } from "../identity/sign-in.ts";
import type { SignedIn } from "../identity/sign-in.ts";

const ACS = "https://tollgate.example.com/console/saml/acs";
const provider = createSamlProvider(ACS);
const ATTEMPT = toAttempt("one", "/console/saml/sso");
const OTHER = toAttempt("other", "/console/saml/sso");

function open(entry: Partial<ReturnType<typeof toSamlConfig>> = {}): SamlSignIn {
  const [issuer] = openSamlIssuers([{ ...toSamlConfig(provider), ...entry }], Date.now);
  if (issuer === undefined) throw new Error("There is one issuer.");
  const used = new Set<string>();
  return createSamlSignIn({
    issuer,
    acsUrl: ACS,
    useAssertion: async (hash) => used.size < used.add(hash.toString("hex")).size,
    onAttack: () => undefined,
    now: Date.now,
  });
}

/** The request that a URL carries, as an issuer reads it. */
function readRequest(url: URL): string {
  const packed = Buffer.from(url.searchParams.get("SAMLRequest") ?? "", "base64");
  return inflateRawSync(packed).toString("utf8");
}

const toId = (request: string): string => / ID="([^"]+)"/.exec(request)?.[1] ?? "";

async function answer(signIn: SamlSignIn, attempt = ATTEMPT): Promise<string> {
  const inResponseTo = toId(readRequest(await signIn.begin(attempt)));
  return provider.respond({ inResponseTo });
}

function finish(signIn: SamlSignIn, xml: string, attempt = ATTEMPT): Promise<SignedIn> {
  const message = Buffer.from(xml).toString("base64");
  return signIn.finish(new Map([["SAMLResponse", message]]), attempt, "192.0.2.1");
}

describe("a sign-in by SAML", () => {
  test("sends the browser to the issuer with a request that names the gateway and where to answer", async () => {
    const url = await open({ sign_in_url: `${provider.signInUrl}?idpid=C01` }).begin(ATTEMPT);
    expect(url.href.startsWith(`${provider.signInUrl}?idpid=C01&`)).toBe(true);
    expect(url.searchParams.get("RelayState")).toBe(ATTEMPT.state);
    const request = readRequest(url);
    expect(request).toContain(`AssertionConsumerServiceURL="${ACS}"`);
    expect(request).toContain(">https://tollgate.example.com/saml</saml:Issuer>");
    expect(request).not.toContain("RequestedAuthnContext");
  });

  test("gives the caller of the answer, and when the issuer's session ends, once", async () => {
    const signIn = open();
    const xml = await answer(signIn);
    const { caller, issuerSession, endsAt } = await finish(signIn, xml);
    expect(caller).toMatchObject({ subject: "ada", groups: ["developers"], kind: "human" });
    expect(issuerSession).toMatch(/^_/);
    expect(endsAt).toBeGreaterThan(Date.now());
    await expect(finish(signIn, xml)).rejects.toMatchObject({ reason: "replayed" });
  });

  test("refuses the answer to another browser's request, and one that nobody asked for", async () => {
    const signIn = open();
    const foreign = await answer(signIn);
    await expect(finish(signIn, foreign, OTHER)).rejects.toMatchObject({ reason: "request" });
    const unasked = await provider.respond();
    await expect(finish(signIn, unasked)).rejects.toMatchObject({ reason: "request" });
  });

  test("refuses an assertion without the response around it, and a form without either", async () => {
    await expect(finish(open(), await provider.assert())).rejects.toMatchObject({ reason: "absent" });
    await expect(open().finish(new Map(), ATTEMPT, "")).rejects.toMatchObject({ reason: "absent" });
  });

  test("says what is missing where no sign-in URL is known", async () => {
    await expect(open({ sign_in_url: null }).begin(ATTEMPT)).rejects.toMatchObject({
      code: "identity_unavailable",
      message: expect.stringContaining("sign_in_url"),
    });
  });

  test("describes the gateway in metadata that a provider reads", async () => {
    const read = ServiceProvider({ metadata: await open().metadata() }).entityMeta;
    expect(read.getEntityID()).toBe("https://tollgate.example.com/saml");
    expect(read.getAssertionConsumerService("post")).toBe(ACS);
    expect(read.isWantAssertionsSigned()).toBe(true);
  });
});
