// Signs people in by SAML 2.0 (Web Browser SSO): where a browser is sent, and what comes back with it.
import { hash as digest } from "node:crypto";
import { generateServiceProviderMetadata, SAML } from "@node-saml/node-saml";
import { GatewayError } from "../errors.ts";
import type { AssertedCaller, MessageDeps } from "./check-message.ts";
import { checkMessage } from "./check-message.ts";
import type { SamlIssuer } from "./issuers.ts";

/** Signs people in at one issuer. */
export type SamlSignIn = {
  /**
   * Gives where to send the browser. `relayState` is a fresh random text of at most 80 bytes that the browser keeps in a cookie
   * of its own; the request's id is made of it, so that nothing is stored here. Rejects with `identity_unavailable`.
   */
  loginUrl(relayState: string): Promise<URL>;
  /**
   * Checks what the browser posts, and uses it up. Only for a `RelayState` that is the one of the browser's cookie: that ties
   * the answer to who asked. Rejects with `token_invalid`, `token_expired` or `identity_unavailable`.
   */
  verifyResponse(form: {
    readonly SAMLResponse: string;
    readonly RelayState: string;
  }): Promise<AssertedCaller>;
  /** Gives the gateway's own metadata, for the issuer. */
  metadata(): string;
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
    async loginUrl(relayState) {
      const { signInUrl, certificates } = await issuer.keys();
      if (signInUrl === null)
        throw new GatewayError(
          "identity_unavailable",
          "The issuer's sign-in URL isn't known: set sign_in_url.",
        );
      const client = new SAML({
        entryPoint: signInUrl,
        issuer: entityId,
        callbackUrl: acsUrl,
        idpCert: [...certificates],
        identifierFormat: null,
        disableRequestedAuthnContext: true,
        generateUniqueId: () => toRequestId(relayState),
      });
      return new URL(await client.getAuthorizeUrlAsync(relayState, undefined, {}));
    },
    verifyResponse({ SAMLResponse, RelayState }) {
      return checkMessage({ ...deps, issuers: [issuer] }, SAMLResponse, {
        root: "Response",
        recipient: acsUrl,
        inResponseTo: toRequestId(RelayState),
      });
    },
    metadata: () =>
      generateServiceProviderMetadata({
        issuer: entityId,
        callbackUrl: acsUrl,
        identifierFormat: null,
        wantAssertionsSigned: true,
      }),
  };
}

function toRequestId(relayState: string): string {
  return `_${digest("sha256", `saml request\0${relayState}`, "hex")}`;
}
