import { inflateRawSync } from "node:zlib";
import { ServiceProvider } from "samlify";
import { describe, expect, test } from "vitest";
import { createSamlProvider, toSamlConfig } from "../../test/fixtures/saml-provider.ts";
import { openSamlIssuers } from "./issuers.ts";
import { createSamlSignIn } from "./sign-in.ts";
import type { SamlSignIn } from "./sign-in.ts";

const ACS = "https://tollgate.example.com/console/saml/acs";
const provider = createSamlProvider(ACS);

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

async function answer(signIn: SamlSignIn, state: string): Promise<string> {
  const inResponseTo = toId(readRequest(await signIn.loginUrl(state)));
  return Buffer.from(await provider.respond({ inResponseTo })).toString("base64");
}

describe("a sign-in by SAML", () => {
  test("sends the browser to the issuer with a request that names the gateway and where to answer", async () => {
    const url = await open({ sign_in_url: `${provider.signInUrl}?idpid=C01` }).loginUrl("state-1");
    expect(url.href.startsWith(`${provider.signInUrl}?idpid=C01&`)).toBe(true);
    expect(url.searchParams.get("RelayState")).toBe("state-1");
    const request = readRequest(url);
    expect(request).toContain(`AssertionConsumerServiceURL="${ACS}"`);
    expect(request).toContain(">https://tollgate.example.com/saml</saml:Issuer>");
    expect(request).not.toContain("RequestedAuthnContext");
  });

  test("gives the caller of the answer, once", async () => {
    const signIn = open();
    const form = { SAMLResponse: await answer(signIn, "state-1"), RelayState: "state-1" };
    const { caller, sessionIndex, sessionEndsAt } = await signIn.verifyResponse(form);
    expect(caller).toMatchObject({ subject: "ada", groups: ["developers"] });
    expect(sessionIndex).toMatch(/^_/);
    expect(sessionEndsAt).toBeGreaterThan(Date.now());
    await expect(signIn.verifyResponse(form)).rejects.toMatchObject({ reason: "replayed" });
  });

  test("refuses the answer to another browser's request, and one that nobody asked for", async () => {
    const signIn = open();
    const SAMLResponse = await answer(signIn, "state-1");
    await expect(signIn.verifyResponse({ SAMLResponse, RelayState: "state-2" })).rejects.toMatchObject({
      reason: "request",
    });
    const unasked = Buffer.from(await provider.respond()).toString("base64");
    await expect(signIn.verifyResponse({ SAMLResponse: unasked, RelayState: "" })).rejects.toMatchObject({
      reason: "request",
    });
  });

  test("refuses an assertion without the response around it", async () => {
    const SAMLResponse = Buffer.from(await provider.assert()).toString("base64");
    await expect(open().verifyResponse({ SAMLResponse, RelayState: "state-1" })).rejects.toMatchObject({
      reason: "absent",
    });
  });

  test("says what is missing where no sign-in URL is known", async () => {
    await expect(open({ sign_in_url: null }).loginUrl("state-1")).rejects.toMatchObject({
      code: "identity_unavailable",
      message: expect.stringContaining("sign_in_url"),
    });
  });

  test("describes the gateway in metadata that a provider reads", () => {
    const read = ServiceProvider({ metadata: open().metadata() }).entityMeta;
    expect(read.getEntityID()).toBe("https://tollgate.example.com/saml");
    expect(read.getAssertionConsumerService("post")).toBe(ACS);
    expect(read.isWantAssertionsSigned()).toBe(true);
  });
});
