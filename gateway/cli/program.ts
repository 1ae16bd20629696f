// The `tollgate` command: its parts, and how errors end it.
import { Command, CommanderError } from "commander";
import { DatabaseError, DatabaseStateError } from "../../db/errors.ts";
import { readUsualProxy } from "../config/outbound.ts";
import { ConfigError } from "../config/problems.ts";
import { StartError } from "../database/start-error.ts";
import { GatewayError } from "../errors.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import { ReplayError } from "../replay/replay-error.ts";
import type { CommandContext } from "./context.ts";
import { ChildEnd, CommandError } from "./context.ts";
import { toPlain } from "./print.ts";
import { readOwnVersion } from "./version.ts";

type AddCommand = (program: Command, context: CommandContext) => void;

/** The commands in the order of the help. One that runs loads itself alone: all of them take a second. */
const COMMANDS: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ["start", async () => (await import("./start-command.ts")).addStart],
  ["config", async () => (await import("./config-check.ts")).addConfigCheck],
  ["identity", async () => (await import("./identity.ts")).addIdentity],
  ["service-accounts", async () => (await import("./service-accounts.ts")).addServiceAccounts],
  ["login", async () => (await import("./login.ts")).addLogin],
  ["logout", async () => (await import("./login.ts")).addLogout],
  ["token", async () => (await import("./token.ts")).addToken],
  ["connect", async () => (await import("./connect.ts")).addConnect],
  ["exec", async () => (await import("./exec.ts")).addExec],
  ["tokens", async () => (await import("./tokens.ts")).addTokens],
  ["connections", async () => (await import("./connections.ts")).addConnections],
  ["console", async () => (await import("./console.ts")).addConsole],
  ["approvals", async () => (await import("./approvals.ts")).addApprovals],
  ["exchanges", async () => (await import("./exchanges.ts")).addExchanges],
  ["sessions", async () => (await import("./sessions.ts")).addSessions],
  ["objects", async () => (await import("./objects.ts")).addObjects],
  ["incidents", async () => (await import("./incidents.ts")).addIncidents],
  ["policy", async () => (await import("./policy.ts")).addPolicy],
  ["quotas", async () => (await import("./quotas.ts")).addQuotas],
  ["actions", async () => (await import("./actions.ts")).addActions],
  ["decision-log", async () => (await import("./decision-log.ts")).addDecisionLog],
  ["doctor", async () => (await import("./doctor.ts")).addDoctor],
]);

/** Gives the commands that a command line may mean: the one that it begins with, else all of them. */
function chooseCommands([first = ""]: readonly string[]): readonly string[] {
  if (first === "--version" || first === "-V") return [];
  return COMMANDS.has(first) ? [first] : [...COMMANDS.keys()];
}

/** Puts the command together, with all that the arguments may mean. */
export async function createProgram(context: CommandContext, args: readonly string[] = []): Promise<Command> {
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
  for (const name of chooseCommands(args)) {
    const add = await COMMANDS.get(name)?.();
    add?.(program, context);
  }
  return program;
}

/** Runs one command line (without the program's own name) and gives the exit code. */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<number> {
  using _way = await installUsualOutbound(context.env);
  try {
    const program = await createProgram(context, args);
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof ChildEnd) return error.exitCode;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const [message, code] = explain(error);
    // What is named in it, a file of a bundle for instance, may have been named by others.
    context.stderr.write(`tollgate: ${message.split("\n").map(toPlain).join("\n")}\n`);
    return code;
  }
}

/** Has every `fetch` go through the proxy that the environment names; null: it names none. */
async function installUsualOutbound(env: CommandContext["env"]): Promise<Disposable | null> {
  if (readUsualProxy(env).proxy === null) return null;
  const { openUsualOutbound } = await import("../open-outbound.ts");
  return openUsualOutbound(env).install();
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
