// `tollgate identity explain`: what the gateway makes of a token or an assertion, step by step.
import type { Command } from "commander";
import type { Database } from "../../db/client.ts";
import { findKeyOwner } from "../../db/queries/service-accounts.ts";
import { isRevoked } from "../../db/queries/revocations.ts";
import type { Config, LoadedSecrets } from "../config/config.ts";
import { loadConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import type { Note } from "../identity/note.ts";
import { findAccessToken } from "../identity/access-tokens.ts";
import { createTokenCheck } from "../identity/check-token.ts";
import { openIssuers } from "../identity/open-issuers.ts";
import { openOutbound } from "../open-outbound.ts";
import { SamlRefusal } from "../saml/refusal.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseMoment } from "./duration.ts";
import { explainMessage, readMessage } from "./explain-assertion.ts";
import { printFields, printJson } from "./print.ts";
import { readStdin } from "./read-stdin.ts";
import { readText } from "./read-text.ts";
import { getConfigFile } from "./config-file.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

type Explanation = {
  readonly steps: readonly { readonly step: string; readonly said: string }[];
  readonly caller: Caller | null;
  readonly refusal: { readonly code: string; readonly message: string } | null;
};

/** Adds the group of commands. */
export function addIdentity(program: Command, context: CommandContext): void {
  const group = program.command("identity").description("who callers are");
  group
    .command("explain")
    .description(
      "check a token or a SAML assertion as the gateway would, and show each step; ends with 1 where it is refused. It is shown nowhere, and not used up",
    )
    .argument(
      "[token]",
      "the token; `-` or absent: read from standard input, which no other process sees",
      "-",
    )
    .option("--file <file>", "read it from a file, such as an assertion or response as XML or in base64")
    .option(
      "--at <moment>",
      "check a SAML assertion as if it were then: a duration back from now such as 10m, or a moment",
      parseMoment,
    )
    .option("--offline", "leave the database alone: keys of service accounts and revocations aren't checked")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  tollgate identity explain < token.txt\n  tollgate identity explain --file response.txt --at 10m",
    )
    .action(async (given: string, options: Options) => {
      const { file } = options;
      if (file !== undefined && given !== "-")
        throw new CommandError("Give a token or a --file, not both.", 2);
      const token =
        file !== undefined
          ? readText(context, file)
          : given === "-"
            ? await readStdin(context.stdin, "token")
            : given;
      const configFile = getConfigFile(program);
      const message = readMessage(token);
      const at = options.at?.getTime() ?? null;
      if (at !== null && message === null)
        throw new CommandError("Only SAML assertions are checked as if it were another moment.", 2);
      const explanation =
        message !== null
          ? await explainAssertion(message, loadParts(context, configFile), at)
          : options.offline === true
            ? await explain(token, loadParts(context, configFile), null)
            : await withDatabase(context, { create: false, configFile }, (db) =>
                explain(token, loadParts(context, configFile), db),
              );
      print(context, explanation, options.json === true);
      if (explanation.refusal !== null) throw new CommandError("The token is refused.");
    });
}

type Options = {
  readonly file?: string;
  readonly at?: Date;
  readonly offline?: true;
  readonly json?: true;
};
type Parts = { readonly config: Config; readonly secrets: LoadedSecrets };

function loadParts(context: CommandContext, configFile: string | null): Parts {
  const { env, cwd } = context;
  const { config, secrets } = loadConfig({ file: configFile, env, cwd, scope: "database" });
  return { config, secrets };
}

async function explainAssertion(
  xml: string,
  { config, secrets }: Parts,
  at: number | null,
): Promise<Explanation> {
  using _way = openOutbound(config, secrets).install();
  const now = at === null ? Date.now : () => at;
  return collect((note) => explainMessage(xml, { config, note, now }));
}

/** Runs a check and keeps what it says of each step. */
async function collect(check: (note: Note) => Promise<Caller>): Promise<Explanation> {
  const steps: { step: string; said: string }[] = [];
  try {
    const caller = await check((step, said) => void steps.push({ step, said }));
    return { steps, caller, refusal: null };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    if (error.cause instanceof CommandError) throw error.cause;
    return { steps, caller: null, refusal: { code: error.code, message: withDetail(error) } };
  }
}

async function explain(token: string, { config, secrets }: Parts, db: Database | null): Promise<Explanation> {
  using _way = openOutbound(config, secrets).install();
  const check = createTokenCheck({
    async findKeyOwner(hash) {
      if (db === null) throw new CommandError("A key of a service account is checked in the database.");
      return findKeyOwner(db, hash);
    },
    findClientSecret() {
      throw new CommandError("A client secret can only be told by the gateway: its caller is sealed.");
    },
    async findAccessToken(hash) {
      if (db === null) throw new CommandError("A token of the gateway's own is checked in the database.");
      return findAccessToken(db, hash);
    },
    wasRevoked: async (ends) => (db === null ? false : isRevoked(db, ends)),
    // To look at a token changes nothing.
    onWithdrawn: async () => undefined,
    issuers: openIssuers(config.issuers, secrets.issuerSecrets),
    // A provider's key that somebody asks about here was not presented.
    secret: Buffer.alloc(32),
    onProviderKey: () => undefined,
    now: Date.now,
  });
  return collect(async (note) => (await check(token, { note })).caller);
}

/** An operator is told what the gateway keeps from callers: why an issuer can't be reached, and what an assertion says. */
function withDetail(error: GatewayError): string {
  if (error instanceof SamlRefusal && error.detail !== null)
    return `${error.message} It says: ${error.detail}`;
  return error.code === "identity_unavailable" && error.cause instanceof Error
    ? `${error.message} (${error.cause.message})`
    : error.message;
}

function print(context: CommandContext, explanation: Explanation, isJson: boolean): void {
  const { steps, caller, refusal } = explanation;
  if (isJson) return printJson(context.stdout, toJsonRow(explanation));
  const result: readonly [string, string] =
    caller === null
      ? ["REFUSED", `${refusal?.code ?? ""}: ${refusal?.message ?? ""}`]
      : [
          "ACCEPTED",
          `${caller.subject}, ${caller.kind} of ${caller.issuer}, tenant ${caller.tenant}; groups ${caller.groups.join(", ") || "none"}`,
        ];
  printFields(context.stdout, [...steps.map(({ step, said }) => [step, said] as const), result], 0);
}
