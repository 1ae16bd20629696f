// What a command for programs has to show for a token: its options, and the way from them to tokens.
import { resolve } from "node:path";
import type { Command } from "commander";
import { isLoopback, toHost } from "../config/loopback.ts";
import { freshLogin, readLogin, toLoginPath } from "../oauth-client/login-file.ts";
import { NoTokenError } from "../oauth-client/no-token-error.ts";
import { obtainToken, readGitHubToken } from "../oauth-client/obtain-token.ts";
import type { Asked, Obtained, Proof } from "../oauth-client/obtain-token.ts";
import { collectTool } from "./account-profile.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { readStdin } from "./read-stdin.ts";
import { readText } from "./read-text.ts";
import { collectGroup } from "./service-accounts.ts";

export type TokenOptions = {
  readonly gateway?: string;
  readonly loginFile?: string;
  readonly tokenFile?: string;
  readonly githubActions?: string;
  readonly account?: string;
  readonly privateKey?: string;
  readonly clientSecret?: string;
  readonly scope?: string;
  readonly agent?: string;
  readonly purpose?: string;
  readonly tool?: readonly string[];
  readonly group?: readonly string[];
};

/** Adds the options. */
export function addTokenOptions(command: Command): Command {
  return command
    .option(
      "--gateway <url>",
      "the gateway's URL without /v1 (default: TOLLGATE_URL, else that of the sign-in)",
    )
    .option(
      "--login-file <file>",
      "where `login` keeps the sign-in, which serves where nothing else is shown",
    )
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
    .option("--scope <scope>", "narrow the token, for instance 'model:gpt-4.1 operation:responses.*'")
    .option("--agent <name>", "be an agent of whoever that is, with no more rights; wants --purpose")
    .option("--purpose <text>", "what the agent is for")
    .option(
      "--tool <name>",
      "a tool that the agent may use, as of `service-accounts create`; without it none; may be given several times",
      collectTool,
    )
    .option(
      "-g, --group <group>",
      "a group that the agent is in, of its owner's; without it all; may be given several times",
      collectGroup,
    );
}

/** A gateway, and the way to its tokens. */
export type TokenWay = {
  readonly url: string;
  /** Asks for a token, another than one that the gateway has refused. Throws `NoTokenError`. */
  readonly obtain: (refused: string | null) => Promise<Obtained>;
};

/** Reads the options. Throws a `CommandError` where they don't say what to show. */
export function toTokenWay(options: TokenOptions, context: CommandContext): TokenWay {
  const { tokenFile, githubActions, account, privateKey, clientSecret } = options;
  const asked = toAsked(options);
  const shown = [tokenFile, githubActions, account, privateKey, clientSecret];
  if (shown.every((way) => way === undefined)) return toLoginWay(options, context, asked);
  const url = readGatewayUrl(options, context);
  const readProof = toProof(options, context);
  return { url, obtain: async () => obtainToken(url, await readProof(), asked) };
}

/** Gives what the token is asked for. Throws a `CommandError` where an agent is asked for by halves. */
function toAsked({ scope, agent, purpose, tool, group }: TokenOptions): Asked {
  const narrowed = scope === undefined ? {} : { scope };
  if (agent === undefined || purpose === undefined) {
    if ([agent, purpose, tool, group].some((given) => given !== undefined))
      throw new CommandError(
        "An agent has an --agent name and a --purpose; --tool and --group are an agent's.",
        2,
      );
    return narrowed;
  }
  return {
    ...narrowed,
    agent,
    agent_purpose: purpose,
    ...(tool !== undefined && { agent_tools: tool.join(" ") }),
    ...(group !== undefined && { agent_groups: group.join(" ") }),
  };
}

function toLoginWay(options: TokenOptions, context: CommandContext, asked: Asked): TokenWay {
  const path = toLoginFile(options, context);
  const { gateway } = explained(() => readLogin(path));
  if (
    (options.gateway ?? context.env["TOLLGATE_URL"] ?? "") !== "" &&
    readGatewayUrl(options, context) !== gateway
  )
    throw new CommandError(`Who is signed in is so at ${gateway}, not at the gateway that is named.`, 2);
  return {
    url: gateway,
    async obtain(refused) {
      const {
        access_token: token,
        expires_at: end,
        scope: held,
        gateway: now,
      } = await freshLogin(path, refused);
      // Nobody's token goes to another gateway than its own, though somebody signed in there meanwhile.
      if (now !== gateway) throw new NoTokenError(`The sign-in at ${gateway} has ended.`);
      if (Object.keys(asked).length > 0) return obtainToken(gateway, { token }, asked);
      return {
        token,
        expiresIn: Math.max(0, Math.floor((end - Date.now()) / 1000)),
        scope: held,
        refresh: null,
      };
    },
  };
}

/** Gives the file of the sign-in: the one that is named, or the usual one. */
export function toLoginFile(
  { loginFile }: Pick<TokenOptions, "loginFile">,
  { env, cwd }: CommandContext,
): string {
  return loginFile === undefined ? toLoginPath(env) : resolve(cwd, loginFile);
}

function explained<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof NoTokenError
      ? new CommandError(
          `${error.message} Or say what to show: --token-file, --github-actions, or --account with --private-key or --client-secret.`,
          2,
        )
      : error;
  }
}

/** Words what a source of tokens throws for the terminal. */
export function toCommandError(error: unknown): unknown {
  return error instanceof NoTokenError ? new CommandError(error.message) : error;
}

/** Gives the gateway's URL without `/v1`. Throws a `CommandError` where none is named, or it is unprotected. */
export function readGatewayUrl({ gateway }: Pick<TokenOptions, "gateway">, { env }: CommandContext): string {
  const text = (gateway ?? env["TOLLGATE_URL"])?.replace(/\/+(?:v1\/*)?$/, "") ?? "";
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
