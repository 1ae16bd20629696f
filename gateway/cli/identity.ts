// `tollgate identity explain`: what the gateway makes of a token, step by step.
import type { Command } from "commander";
import type { Database } from "../../db/client.ts";
import { findKeyOwner } from "../../db/queries/service-accounts.ts";
import { isRevoked } from "../../db/queries/revocations.ts";
import type { Config, LoadedSecrets } from "../config/config.ts";
import { loadConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { findAccessToken } from "../identity/access-tokens.ts";
import { createTokenCheck } from "../identity/check-token.ts";
import { openIssuers } from "../identity/open-issuers.ts";
import { openOutbound } from "../open-outbound.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { printFields, printJson } from "./print.ts";
import { readStdin } from "./read-stdin.ts";
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
      "check a token as the gateway would, and show each step; ends with 1 where it is refused. The token is shown nowhere",
    )
    .argument(
      "[token]",
      "the token; `-` or absent: read from standard input, which no other process sees",
      "-",
    )
    .option("--offline", "leave the database alone: keys of service accounts and revocations aren't checked")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  tollgate identity explain < token.txt")
    .action(async (given: string, options: { offline?: true; json?: true }) => {
      const token = given === "-" ? await readStdin(context.stdin, "token") : given;
      const configFile = getConfigFile(program);
      const explanation =
        options.offline === true
          ? await explain(token, loadParts(context, configFile), null)
          : await withDatabase(context, { create: false, configFile }, (db) =>
              explain(token, loadParts(context, configFile), db),
            );
      print(context, explanation, options.json === true);
      if (explanation.refusal !== null) throw new CommandError("The token is refused.");
    });
}

type Parts = { readonly config: Config; readonly secrets: LoadedSecrets };

function loadParts(context: CommandContext, configFile: string | null): Parts {
  const { env, cwd } = context;
  const { config, secrets } = loadConfig({ file: configFile, env, cwd, scope: "database" });
  return { config, secrets };
}

async function explain(token: string, { config, secrets }: Parts, db: Database | null): Promise<Explanation> {
  using _way = openOutbound(config, secrets).install();
  const steps: { step: string; said: string }[] = [];
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
  try {
    const { caller } = await check(token, { note: (step, said) => void steps.push({ step, said }) });
    return { steps, caller, refusal: null };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    if (error.cause instanceof CommandError) throw error.cause;
    return { steps, caller: null, refusal: { code: error.code, message: withCause(error) } };
  }
}

/** An operator is told what the gateway keeps from callers: why an issuer can't be reached. */
function withCause(error: GatewayError): string {
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
