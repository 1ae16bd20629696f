// `tollgate exec`: runs a program with a sidecar of its own, which ends with it.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { ChildEnd } from "./context.ts";
import { createRunKey } from "./connect.ts";
import { openSidecar } from "./sidecar-options.ts";
import { addTokenOptions } from "./token-options.ts";
import type { TokenOptions } from "./token-options.ts";

type Options = TokenOptions & { readonly traces?: true };

/** Those that ask a program for something; what a terminal sends, the program has from it as well. */
const SIGNALS = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
const OF_A_TERMINAL: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT"]);
/** What shells answer with where there is no such program, and where it can't be run. */
const [NOT_FOUND, NOT_RUN] = [127, 126];

/** Adds the command. */
export function addExec(program: Command, context: CommandContext): void {
  addTokenOptions(
    program
      .command("exec")
      .description(
        "run a program that needs no token: a sidecar of its own passes its calls on to a gateway, and ends with it",
      )
      .argument("<command...>", "the program and its arguments, behind --"),
  )
    .option(
      "--traces",
      "leave the traces of the Agents SDKs on, for a program that points them to $OPENAI_BASE_URL/traces/ingest; else they are switched off",
    )
    .addHelpText("after", "\nExample:\n  tollgate exec -- python agent.py")
    .action(async (command: readonly string[], options: Options) => {
      const key = createRunKey();
      const sidecar = await openSidecar(options, context, { host: "127.0.0.1", port: 0 }, key);
      try {
        const env = toChildEnv(context.env, sidecar.baseUrl, key, options.traces === true);
        throw new ChildEnd(await runChild(command, env, context));
      } finally {
        await sidecar.close(0);
      }
    });
}

/** Gives the child's variables: the sidecar in the gateway's place, and nothing that leads past it. */
function toChildEnv(
  env: CommandContext["env"],
  baseUrl: string,
  key: string,
  hasTraces: boolean,
): NodeJS.ProcessEnv {
  const { OPENAI_ADMIN_KEY: _admin, OPENAI_WEBSOCKET_BASE_URL: _socket, ...kept } = env;
  // A proxy of the surroundings can't reach the sidecar.
  const direct = [env["NO_PROXY"] ?? env["no_proxy"], "127.0.0.1"].filter(Boolean).join(",");
  return {
    ...kept,
    OPENAI_BASE_URL: baseUrl,
    OPENAI_API_KEY: key,
    OPENAI_AGENTS_DISABLE_TRACING: hasTraces ? "0" : "1",
    NO_PROXY: direct,
    no_proxy: direct,
  };
}

async function runChild(
  [file = "", ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  context: CommandContext,
): Promise<number> {
  if (context.signal.aborted) return 128 + constants.signals.SIGTERM;
  const child = spawn(file, args, { env, cwd: context.cwd, stdio: "inherit" });
  const stop = passSignals(child, context.stdin.isTTY === true);
  try {
    return await new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGTERM"]));
      child.once("error", (error) => {
        const isMissing = "code" in error && error.code === "ENOENT";
        context.stderr.write(
          `tollgate: The program ${file} ${isMissing ? "is not there" : "can't be run"}.\n`,
        );
        resolve(isMissing ? NOT_FOUND : NOT_RUN);
      });
    });
  } finally {
    stop();
  }
}

/** Passes signals on, so that the program decides when it ends; gives the way to stop that. */
function passSignals(child: ChildProcess, isTerminal: boolean): () => void {
  const passed = SIGNALS.map((signal) => {
    const pass = (): void => void (isTerminal && OF_A_TERMINAL.has(signal) ? undefined : child.kill(signal));
    process.on(signal, pass);
    return { signal, pass };
  });
  return () => {
    for (const { signal, pass } of passed) process.off(signal, pass);
  };
}
