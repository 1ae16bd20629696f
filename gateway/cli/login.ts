// `tollgate login` and `logout`: a person's sign-in, from which the other commands take their tokens.
import type { Command } from "commander";
import { endLogin, keepLogin } from "../oauth-client/login-file.ts";
import { findLogin } from "../oauth-client/logins.ts";
import { obtainToken } from "../oauth-client/obtain-token.ts";
import { signIn } from "../oauth-client/sign-in.ts";
import type { Screen } from "../oauth-client/sign-in.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { findBrowser, openBrowser } from "./open-browser.ts";
import { toPlain } from "./print.ts";
import { readGatewayUrl, toCommandError, toLoginFile } from "./token-options.ts";

type Options = {
  readonly gateway?: string;
  readonly issuer?: string;
  readonly device?: true;
  readonly browser: boolean;
  readonly scope?: string;
  readonly loginFile?: string;
};

/** A person has so long to sign in. */
const PATIENCE_MS = 600_000;

/** Adds `login`. */
export function addLogin(program: Command, context: CommandContext): void {
  program
    .command("login")
    .description(
      "sign in at a gateway's issuer, in a browser or by a code, for the commands that need a token",
    )
    .option("--gateway <url>", "the gateway's URL without /v1 (default: TOLLGATE_URL)")
    .option("--issuer <issuer>", "where to sign in, by URL or host; needed where there are several issuers")
    .option("--device", "sign in by a code on any other device, as without a browser where the issuer can")
    .option("--no-browser", "open no browser: print the page's URL, for a browser on this machine")
    .option("--scope <scope>", "narrow the tokens, for instance 'model:gpt-4.1 operation:responses.*'")
    .option(
      "--login-file <file>",
      "where to keep the sign-in (default: tollgate/login.json in XDG_CONFIG_HOME or ~/.config)",
    )
    .addHelpText("after", "\nExample:\n  tollgate login --gateway https://tollgate.example.com")
    .action(async (options: Options) => {
      const gateway = readGatewayUrl(options, context);
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(PATIENCE_MS)]);
      try {
        const login = await findLogin(gateway, options.issuer ?? null);
        const token = await signIn(login, toScreen(options, context), signal);
        const scope = ["offline_access", options.scope ?? ""].join(" ").trim();
        const obtained = await obtainToken(gateway, { token }, { scope });
        await keepLogin(toLoginFile(options, context), { gateway, issuer: login.issuer }, obtained);
        context.stdout.write(`Signed in at ${gateway}. \`tollgate logout\` ends it.\n`);
      } catch (error) {
        throw signal.aborted ? new CommandError("Nobody has signed in.") : toCommandError(error);
      }
    });
}

/** Adds `logout`. */
export function addLogout(program: Command, context: CommandContext): void {
  program
    .command("logout")
    .description("end the sign-in with all its tokens, and remove it from this machine")
    .option("--login-file <file>", "where the sign-in is kept")
    .action(async (options: Pick<Options, "loginFile">) => {
      try {
        const { gateway } = await endLogin(toLoginFile(options, context));
        context.stdout.write(`Signed out at ${gateway}.\n`);
      } catch (error) {
        throw toCommandError(error);
      }
    });
}

function toScreen(options: Options, { env, stderr }: CommandContext): Screen {
  const browser = findBrowser(env);
  return {
    byCode: options.device === true ? "yes" : options.browser && browser === null ? "if offered" : "no",
    showPage(url) {
      stderr.write(`Sign in at:\n\n  ${toPlain(url)}\n\n`);
      if (options.browser && browser !== null) openBrowser(browser, url, env);
    },
    showCode: (url, code) =>
      void stderr.write(`Sign in on any device at:\n\n  ${toPlain(url)}\n\nThe code is ${toPlain(code)}\n`),
  };
}
