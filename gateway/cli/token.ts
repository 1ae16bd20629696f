// `tollgate token`: a fresh short-lived token for a program, from what its surroundings prove.
import type { Command } from "commander";
import { NoTokenError, obtainToken, readGitHubToken } from "../oauth-client/obtain-token.ts";
import type { Proof } from "../oauth-client/obtain-token.ts";
import { isLoopback, toHost } from "../config/loopback.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { printJson } from "./print.ts";
import { readStdin } from "./read-stdin.ts";
import { readText } from "./read-text.ts";

type Options = {
  readonly gateway?: string;
  readonly tokenFile?: string;
  readonly githubActions?: string;
  readonly account?: string;
  readonly privateKey?: string;
  readonly scope?: string;
  readonly json?: true;
};

/** Adds the command. */
export function addToken(program: Command, context: CommandContext): void {
  program
    .command("token")
    .description("print a fresh short-lived token of a gateway, for programs that take one from a command")
    .option("--gateway <url>", "the gateway's URL without /v1 (default: TOLLGATE_URL)")
    .option(
      "--token-file <file>",
      "show an issuer's token, such as a projected one of Kubernetes; `-`: standard input",
    )
    .option(
      "--github-actions <audience>",
      "show the ID token of this job of GitHub Actions, for that audience",
    )
    .option("--account <name>", "sign as this service account, with --private-key")
    .option("--private-key <file>", "the account's private key: PEM (PKCS #8) or a JWK")
    .option("--scope <scope>", "narrow the token, for instance 'model:gpt-4.1 operation:responses.*'")
    .option("--json", "print the token with its life in seconds")
    .addHelpText(
      "after",
      "\nExamples:\n  tollgate token --token-file /var/run/secrets/tollgate/token\n  tollgate token --account nightly --private-key nightly.pem",
    )
    .action(async (options: Options) => {
      const url = readUrl(options.gateway ?? context.env["TOLLGATE_URL"]);
      try {
        const { token, expiresIn, scope } = await obtainToken(
          url,
          await readProof(options, context),
          options.scope ?? null,
        );
        if (options.json === true)
          printJson(context.stdout, { access_token: token, expires_in: expiresIn, scope });
        else context.stdout.write(`${token}\n`);
      } catch (error) {
        throw error instanceof NoTokenError ? new CommandError(error.message) : error;
      }
    });
}

function readUrl(given: string | undefined): string {
  const text = given?.replace(/\/+(?:v1\/*)?$/, "") ?? "";
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(toHost(url)))))
    throw new CommandError(
      "Name the gateway by --gateway or TOLLGATE_URL: an https URL, or http on this machine.",
      2,
    );
  return text;
}

async function readProof(options: Options, context: CommandContext): Promise<Proof> {
  const { tokenFile, githubActions, account, privateKey } = options;
  const ways = [tokenFile, githubActions, account].filter((way) => way !== undefined);
  if (ways.length !== 1 || (account === undefined) !== (privateKey === undefined))
    throw new CommandError(
      "Say what to show: --token-file, --github-actions, or --account with --private-key.",
      2,
    );
  if (githubActions !== undefined) return { token: await readGitHubToken(context.env, githubActions) };
  if (tokenFile === "-") return { token: await readStdin(context.stdin, "token") };
  if (tokenFile !== undefined) return { token: readText(context, tokenFile) };
  return { account: account ?? "", privateKey: readText(context, privateKey ?? "") };
}
