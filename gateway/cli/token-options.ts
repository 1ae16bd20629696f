// What a command for programs has to show for a token: its options, and the way from them to tokens.
import type { Command } from "commander";
import { isLoopback, toHost } from "../config/loopback.ts";
import { NoTokenError } from "../oauth-client/no-token-error.ts";
import { obtainToken, readGitHubToken } from "../oauth-client/obtain-token.ts";
import type { Obtained, Proof } from "../oauth-client/obtain-token.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { readStdin } from "./read-stdin.ts";
import { readText } from "./read-text.ts";

export type TokenOptions = {
  readonly gateway?: string;
  readonly tokenFile?: string;
  readonly githubActions?: string;
  readonly account?: string;
  readonly privateKey?: string;
  readonly clientSecret?: string;
  readonly scope?: string;
};

/** Adds the options. */
export function addTokenOptions(command: Command): Command {
  return command
    .option("--gateway <url>", "the gateway's URL without /v1 (default: TOLLGATE_URL)")
    .option(
      "--token-file <file>",
      "show an issuer's token, such as a projected one of Kubernetes, read anew each time; `-`: standard input",
    )
    .option(
      "--github-actions <audience>",
      "show the ID token of this job of GitHub Actions, for that audience",
    )
    .option("--account <name>", "be this service account, with --private-key or --client-secret")
    .option("--private-key <file>", "the account's private key, which signs: PEM (PKCS #8) or a JWK")
    .option("--client-secret <file>", "a key of the account (tg_…), in a file")
    .option("--scope <scope>", "narrow the token, for instance 'model:gpt-4.1 operation:responses.*'");
}

/** A gateway, and the way to its tokens. */
export type TokenWay = {
  readonly url: string;
  /** Asks for a token, another than one that the gateway has refused. Throws `NoTokenError`. */
  readonly obtain: (refused: string | null) => Promise<Obtained>;
};

/** Reads the options. Throws a `CommandError` where they don't say what to show. */
export function toTokenWay(options: TokenOptions, context: CommandContext): TokenWay {
  const url = readUrl(options.gateway ?? context.env["TOLLGATE_URL"]);
  const readProof = toProof(options, context);
  return { url, obtain: async () => obtainToken(url, await readProof(), options.scope ?? null) };
}

/** Words what a source of tokens throws for the terminal. */
export function toCommandError(error: unknown): unknown {
  return error instanceof NoTokenError ? new CommandError(error.message) : error;
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

function toProof(options: TokenOptions, context: CommandContext): () => Promise<Proof> {
  const { tokenFile, githubActions, account, privateKey, clientSecret } = options;
  const ways = [tokenFile, githubActions, account].filter((way) => way !== undefined);
  const keys = [privateKey, clientSecret].filter((key) => key !== undefined);
  if (ways.length !== 1 || keys.length !== (account === undefined ? 0 : 1))
    throw new CommandError(
      "Say what to show: --token-file, --github-actions, or --account with --private-key or --client-secret.",
      2,
    );
  return async () => {
    if (githubActions !== undefined) return { token: await readGitHubToken(context.env, githubActions) };
    if (tokenFile === "-") return { token: await readStdin(context.stdin, "token") };
    if (tokenFile !== undefined) return { token: readText(context, tokenFile) };
    if (clientSecret !== undefined)
      return { account: account ?? "", secret: readText(context, clientSecret) };
    return { account: account ?? "", privateKey: readText(context, privateKey ?? "") };
  };
}
