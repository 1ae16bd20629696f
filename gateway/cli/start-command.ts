// `tollgate start`, as the command line offers it. The gateway itself is loaded only when it is asked for.
import type { Command } from "commander";
import type { Flags } from "../config/config.ts";
import type { CommandContext } from "./context.ts";
import { parseCount } from "./duration.ts";
import { getConfigFile } from "./config-file.ts";

/** Adds the command. */
export function addStart(program: Command, context: CommandContext): void {
  program
    .command("start")
    .description(
      "start the gateway, with an embedded PostgreSQL and a simulated target where nothing else is configured",
    )
    .option("--workers <count>", "processes that serve", parseCount(1, 256))
    .option("--listen <host:port>", "where programs connect")
    .option(
      "--policy <dir>",
      "for development: build the policies of this folder, now and at every change, and serve by them in place of policy.bundle",
    )
    .option("--simulate", "answer from the built-in simulated target")
    .action(async (flags: Flags) => {
      const { runStart } = await import("./start.ts");
      await runStart(getConfigFile(program), flags, context);
    });
}
