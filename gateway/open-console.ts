// Puts the console together: its issuers, the words of the record, and the address that it is opened by.
import { useAssertion } from "../db/queries/client-keys.ts";
import { recordIncident } from "../db/queries/incidents.ts";
import { parseMoment } from "./cli/duration.ts";
import { readRuleTexts } from "./cli/rule-texts.ts";
import { printExchange } from "./cli/show-exchange.ts";
import { readOwnVersion } from "./cli/version.ts";
import { createClientAddress } from "./client-address.ts";
import type { Config, LoadedSecrets } from "./config/config.ts";
import { toConsoleOrigin } from "./config/console-origin.ts";
import { createConsole } from "./console/console.ts";
import type { Console, ConsoleDeps, ConsoleIssuer } from "./console/console.ts";
import { openIssuers } from "./identity/open-issuers.ts";
import { verifyLogoutToken } from "./identity/logout-token.ts";
import { createOidcSignIn } from "./identity/oidc-sign-in.ts";
import { toIncoming } from "./identity/sender.ts";
import type { TrustedIssuer } from "./identity/verify-token.ts";
import type { Log } from "./log.ts";
import { newId } from "./new-id.ts";
import { createAttackReporter } from "./saml/assertion-check.ts";
import { openSamlIssuers } from "./saml/issuers.ts";
import type { SamlIssuer } from "./saml/issuers.ts";
import { createSamlSignIn } from "./saml/saml-sign-in.ts";
import type { SamlSignInDeps } from "./saml/saml-sign-in.ts";

/** What the console is made of. */
export type ConsoleParts = {
  readonly db: ConsoleDeps["db"];
  readonly config: Config;
  readonly secrets: Pick<LoadedSecrets, "issuerSecrets" | "consoleSecrets">;
  readonly log: Log;
};

/** Gives what makes the console once its listener's own URL is known; null where people can't open it by any. */
export function openConsole({ db, config, secrets, log }: ConsoleParts): (url: string) => Console | null {
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
    onAttack: createAttackReporter(({ kind, ...detail }) => {
      const row = { id: newId(), at: new Date(), kind, tenant: config.policy.tenant, detail };
      recordIncident(db, row).catch((err: unknown) =>
        log.error({ err }, "An incident could not be recorded."),
      );
    }, Date.now),
    now: Date.now,
  };
  const toAddress = createClientAddress({ trusted: config.trustedProxies, header: config.forwardedHeader });
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
      toAddress: (c) => toAddress(toIncoming(c.env)),
      version: readOwnVersion(),
      log,
      async describe(details) {
        let text = "";
        printExchange({ write: (part) => (text += part) }, details, await readRuleTexts(config));
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
  const signIn = createSamlSignIn({ ...checks, issuer, acsUrl: `${origin}/console/saml/${name}/acs` });
  return [{ protocol: "saml", name, signIn, metadata: () => signIn.metadata() }];
}
