// The `tollgate` command: its parts, and how errors end it.
import { Command, CommanderError } from "commander";
import { DatabaseError, DatabaseStateError } from "../../db/errors.ts";
import { ConfigError } from "../config/problems.ts";
import { StartError } from "../database/start-error.ts";
import { GatewayError } from "../errors.ts";
import { addActions } from "./actions.ts";
import { addConfigCheck } from "./config-check.ts";
import { addConnect } from "./connect.ts";
import { addConnections } from "./connections.ts";
import { openUsualOutbound } from "../open-outbound.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import { ReplayError } from "../replay/run-replay.ts";
import type { CommandContext } from "./context.ts";
import { ChildEnd, CommandError } from "./context.ts";
import { addConsole } from "./console.ts";
import { addDecisionLog } from "./decision-log.ts";
import { addDoctor } from "./doctor.ts";
import { addExec } from "./exec.ts";
import { addExchanges } from "./exchanges.ts";
import { addIdentity } from "./identity.ts";
import { addIncidents } from "./incidents.ts";
import { addLogin } from "./login.ts";
import { addObjects } from "./objects.ts";
import { addPolicy } from "./policy.ts";
import { addQuotas } from "./quotas.ts";
import { addServiceAccounts } from "./service-accounts.ts";
import { addSessions } from "./sessions.ts";
import { addStart } from "./start-command.ts";
import { addToken } from "./token.ts";
import { addTokens } from "./tokens.ts";
import { readOwnVersion } from "./version.ts";

/** Puts the command together. */
export function createProgram(context: CommandContext): Command {
  const program = new Command("tollgate")
    .description("A gateway between programs on the OpenAI SDKs and what they call, under Open Policy Agent")
    .version(readOwnVersion())
    .option(
      "-c, --config <file>",
      "the configuration file (default: TOLLGATE_CONFIG, else tollgate.yaml if it exists)",
    )
    .showHelpAfterError("(--help says more)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
    })
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 called or configured wrongly.");
  addStart(program, context);
  addConfigCheck(program, context);
  addIdentity(program, context);
  addServiceAccounts(program, context);
  addLogin(program, context);
  addToken(program, context);
  addConnect(program, context);
  addExec(program, context);
  addTokens(program, context);
  addConnections(program, context);
  addConsole(program, context);
  addExchanges(program, context);
  addSessions(program, context);
  addObjects(program, context);
  addIncidents(program, context);
  addPolicy(program, context);
  addQuotas(program, context);
  addActions(program, context);
  addDecisionLog(program, context);
  addDoctor(program, context);
  return program;
}

/** Runs one command line (without the program's own name) and gives the exit code. */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<number> {
  using _way = openUsualOutbound(context.env).install();
  try {
    await createProgram(context).parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof ChildEnd) return error.exitCode;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const [message, code] = explain(error);
    context.stderr.write(`tollgate: ${message}\n`);
    return code;
  }
}

/** Words an error for the person at the terminal. Only messages of ours are shown: others quote what they were given. */
function explain(error: unknown): readonly [string, number] {
  if (error instanceof CommandError) return [error.message, error.exitCode];
  if (error instanceof ConfigError) return [error.message, 2];
  if (error instanceof StartError || error instanceof DatabaseError || error instanceof GatewayError) {
    return [withCause(error), 1];
  }
  if (
    error instanceof PolicyLoadError ||
    error instanceof DatabaseStateError ||
    error instanceof ReplayError
  ) {
    return [error.message, 1];
  }
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    const address =
      "address" in error && "port" in error ? ` ${String(error.address)}:${String(error.port)}` : "";
    return [
      `The address${address} is in use; choose another with TOLLGATE_LISTEN or TOLLGATE_ADMIN_LISTEN.`,
      1,
    ];
  }
  if (error instanceof Error) {
    const code = "code" in error ? ` (${String(error.code)})` : "";
    const at =
      error.stack
        ?.split("\n")
        .find((line) => /^\s+at /.test(line))
        ?.trim() ?? "";
    return [`A fault: ${error.name}${code} ${at}`.trimEnd(), 1];
  }
  return ["A fault.", 1];
}

function withCause(error: Error): string {
  const { cause } = error;
  return cause instanceof Error && "code" in cause
    ? `${error.message} (${String(cause.code)})`
    : error.message;
}
