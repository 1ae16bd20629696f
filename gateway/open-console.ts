// Puts the console together: its issuers, the words of the record, and the address that it is opened by.
import { useAssertion } from "../db/queries/client-keys.ts";
import type { ClientAddress } from "./client-address.ts";
import { parseMoment } from "./cli/duration.ts";
import { readRuleTexts } from "./cli/rule-texts.ts";
import { printExchange } from "./cli/show-exchange.ts";
import { readOwnVersion } from "./cli/version.ts";
import type { Config, LoadedSecrets } from "./config/config.ts";
import { toConsoleOrigin } from "./config/console-origin.ts";
import type { Environment } from "./config/secrets.ts";
import { createConsole } from "./console/console.ts";
import type { Console, ConsoleDeps, ConsoleIssuer } from "./console/console.ts";
import type { Failures } from "./identity/failures.ts";
import { readIncoming } from "./identity/incoming.ts";
import { openIssuers } from "./identity/open-issuers.ts";
import { verifyLogoutToken } from "./identity/logout-token.ts";
import { createOidcSignIn } from "./identity/oidc-sign-in.ts";
import type { TrustedIssuer } from "./identity/verify-token.ts";
import type { Log } from "./log.ts";
import type { SamlIncident } from "./saml/assertion-check.ts";
import { createAttackReporter } from "./saml/assertion-check.ts";
import { openSamlIssuers } from "./saml/issuers.ts";
import type { SamlIssuer } from "./saml/issuers.ts";
import { createSamlSignIn, toAcsUrl } from "./saml/saml-sign-in.ts";
import type { SamlSignInDeps } from "./saml/saml-sign-in.ts";

/** What the console is made of. */
export type ConsoleParts = {
  readonly db: ConsoleDeps["db"];
  readonly config: Config;
  readonly env: Environment;
  readonly secrets: Pick<LoadedSecrets, "issuerSecrets" | "consoleSecrets">;
  readonly failures: Failures;
  readonly clientAddress: ClientAddress;
  readonly noteIncident: (incident: SamlIncident) => void;
  readonly log: Log;
};

/** Gives what makes the console once its listener's own URL is known; null where people can't open it by any. */
export function openConsole(parts: ConsoleParts): (url: string) => Console | null {
  const { db, config, env, secrets, failures, clientAddress, log } = parts;
  const trusted = openIssuers(
    config.issuers.filter((one) => one.console !== null),
    secrets.issuerSecrets,
  );
  const asserting = openSamlIssuers(
    config.samlIssuers.filter((one) => one.console !== null),
    Date.now,
  );
  const checks = {
    useAssertion: (hash: Buffer, expiresAt: Date) => useAssertion(db, hash, expiresAt),
    onAttack: createAttackReporter(parts.noteIncident, Date.now),
    now: Date.now,
  };
  return (url) => {
    const origin = toConsoleOrigin(config, url);
    if (origin === null) return null;
    return createConsole({
      db,
      config,
      origin,
      issuers: [
        ...trusted.flatMap((one) => toOidcIssuer(one, origin, secrets.consoleSecrets)),
        ...asserting.flatMap((one) => toSamlIssuer(one, origin, checks)),
      ],
      version: readOwnVersion(),
      failures,
      toAddress: (c) => clientAddress(readIncoming(c.env)),
      log,
      async describe(details) {
        let text = "";
        const texts = await readRuleTexts({ db, config, env }, details.exchange.revision);
        printExchange({ write: (part) => (text += part) }, details, texts);
        return text;
      },
      parseMoment(text) {
        try {
          return parseMoment(text);
        } catch {
          return null;
        }
      },
    });
  };
}

function toOidcIssuer(
  trusted: TrustedIssuer,
  origin: string,
  secrets: ReadonlyMap<string, string>,
): ConsoleIssuer[] {
  const { console: client, issuer, subject_claim: subjectClaim } = trusted.config;
  const secret = secrets.get(issuer);
  if (client === null || secret === undefined) return [];
  const { name } = client;
  const redirectUri = `${origin}/console/oidc/${name}/callback`;
  return [
    {
      protocol: "oidc",
      name,
      issuer,
      namesCallers: subjectClaim === "sub",
      signIn: createOidcSignIn(trusted, { ...client, secret }, redirectUri),
      verifyLogout: (token) => verifyLogoutToken(token, trusted, client.client_id, Date.now()),
    },
  ];
}

function toSamlIssuer(
  issuer: SamlIssuer,
  origin: string,
  checks: Omit<SamlSignInDeps, "issuer" | "acsUrl">,
): ConsoleIssuer[] {
  const { console: place } = issuer.config;
  if (place === null) return [];
  const { name } = place;
  const signIn = createSamlSignIn({ ...checks, issuer, acsUrl: toAcsUrl(origin, name) });
  return [{ protocol: "saml", name, signIn, metadata: () => signIn.metadata() }];
}
