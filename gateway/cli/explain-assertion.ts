// Checks a SAML assertion for `tollgate identity explain`: as the token endpoint would, or the console where it is a whole response.
import type { Config } from "../config/config.ts";
import { toConsoleOrigin } from "../config/console-origin.ts";
import type { Caller } from "../exchange.ts";
import type { Note } from "../identity/note.ts";
import { toTokenEndpoint } from "../oauth/routes.ts";
import { checkMessage } from "../saml/check-message.ts";
import { inspectMessage } from "../saml/inspect-message.ts";
import { openSamlIssuers } from "../saml/issuers.ts";
import { toPlainXml } from "../saml/read-elements.ts";
import { toAcsUrl } from "../saml/saml-sign-in.ts";
import { CommandError } from "./context.ts";
import { toAdminUrl, toOwnUrl } from "./own-url.ts";

/** Gives the XML of what may be an assertion or a response, as such, in base64, or in base64url; null where it is neither. */
export function readMessage(given: string): string | null {
  if (given.startsWith("<")) return given;
  if (!/^[\w+/\s-]+={0,2}$/.test(given)) return null;
  const text = Buffer.from(given, "base64").toString("utf8").trimStart();
  return text.startsWith("<") ? text : null;
}

/** Explains it. It isn't used up, and whether it was used before, or answers a request, isn't asked. */
export async function explainMessage(
  xml: string,
  { config, note, now }: { readonly config: Config; readonly note: Note; readonly now: () => number },
): Promise<Caller> {
  const text = toPlainXml(xml);
  const issuers = openSamlIssuers(config.samlIssuers, Date.now);
  const deps = { issuers, useAssertion: async () => true, onAttack: () => undefined, now };
  const isResponse = /^<(?:[\w.-]+:)?Response[\s>]/.test(text);
  const expected = isResponse
    ? ({ root: "Response", recipient: findAcsUrl(text, config), inResponseTo: null } as const)
    : ({
        root: "Assertion",
        recipient: toTokenEndpoint(config.publicUrl ?? toOwnUrl(config)),
        inResponseTo: null,
      } as const);
  const { caller } = await checkMessage(deps, Buffer.from(text).toString("base64"), expected, { note });
  return caller;
}

/** Responses go to the console's address for their issuer. */
function findAcsUrl(text: string, config: Config): string {
  const { issuer } = inspectMessage(text, "Response");
  const place = config.samlIssuers.find((one) => one.issuer === issuer)?.console;
  if (place === null)
    throw new CommandError(
      "A response is for the console, and its issuer has no `console`. Explain the assertion in it.",
    );
  // Of an issuer that isn't known the check says so.
  const origin = toConsoleOrigin(config, toAdminUrl(config) ?? "");
  return toAcsUrl(origin ?? "", place?.name ?? "");
}
