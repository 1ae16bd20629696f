// Signs people in by SAML 2.0 (Web Browser SSO): where a browser is sent, and what comes back with it.
import { hash as digest } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { SignIn } from "../identity/sign-in.ts";
import type { MessageDeps } from "./check-message.ts";
import { checkMessage } from "./check-message.ts";
import type { SamlIssuer } from "./issuers.ts";
import { SamlRefusal } from "./refusal.ts";

/** The sign-in at one issuer. */
export type SamlSignIn = SignIn & {
  /** Gives the gateway's own metadata, for the issuer. */
  metadata(): Promise<string>;
};

export type SamlSignInDeps = Omit<MessageDeps, "issuers"> & {
  readonly issuer: SamlIssuer;
  /** The address that answers are posted to. */
  readonly acsUrl: string;
};

/** Makes the sign-in at an issuer. */
export function createSamlSignIn(deps: SamlSignInDeps): SamlSignIn {
  const { issuer, acsUrl } = deps;
  const [entityId = ""] = issuer.config.audience;
  return {
    async begin({ state }) {
      const { signInUrl, certificates } = await issuer.keys();
      if (signInUrl === null)
        throw new GatewayError(
          "identity_unavailable",
          "The issuer's sign-in URL isn't known: set sign_in_url.",
        );
      const { SAML } = await import("@node-saml/node-saml");
      const client = new SAML({
        entryPoint: signInUrl,
        issuer: entityId,
        callbackUrl: acsUrl,
        idpCert: [...certificates],
        identifierFormat: null,
        disableRequestedAuthnContext: true,
        // So that the answer can be told to be its own without a store.
        generateUniqueId: () => toRequestId(state),
      });
      return new URL(await client.getAuthorizeUrlAsync(state, undefined, {}));
    },
    async finish(fields, { state }, address) {
      const message = fields.get("SAMLResponse");
      if (message === undefined) throw new SamlRefusal("absent");
      const expected = { root: "Response", recipient: acsUrl, inResponseTo: toRequestId(state) } as const;
      const from = { ...deps, issuers: [issuer] };
      const { caller, sessionIndex, sessionEndsAt } = await checkMessage(from, message, expected, {
        address,
      });
      return {
        caller,
        issuerSubject: caller.subject,
        issuerSession: sessionIndex,
        endsAt: sessionEndsAt,
      };
    },
    async metadata() {
      const { generateServiceProviderMetadata } = await import("@node-saml/node-saml");
      return generateServiceProviderMetadata({
        issuer: entityId,
        callbackUrl: acsUrl,
        identifierFormat: null,
        wantAssertionsSigned: true,
      });
    },
  };
}

function toRequestId(state: string): string {
  return `_${digest("sha256", `saml request\0${state}`, "hex")}`;
}
