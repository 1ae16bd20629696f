// `tollgate token`: a fresh short-lived token for a program, from what its surroundings prove.
import type { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { printJson } from "./print.ts";
import { addTokenOptions, toCommandError, toTokenWay } from "./token-options.ts";
import type { TokenOptions } from "./token-options.ts";

/** Adds the command. */
export function addToken(program: Command, context: CommandContext): void {
  addTokenOptions(
    program
      .command("token")
      .description("print a fresh short-lived token of a gateway, for programs that take one from a command"),
  )
    .option("--json", "print the token with its life in seconds")
    .addHelpText(
      "after",
      "\nExamples:\n  tollgate token --token-file /var/run/secrets/tollgate/token\n  tollgate token --account nightly --private-key nightly.pem\n  tollgate token --agent report-writer --purpose 'writes the weekly report' --tool look_up",
    )
    .action(async (options: TokenOptions & { readonly json?: true }) => {
      try {
        const { token, expiresIn, scope } = await toTokenWay(options, context).obtain(null);
        if (options.json === true)
          printJson(context.stdout, { access_token: token, expires_in: expiresIn, scope });
        else context.stdout.write(`${token}\n`);
      } catch (error) {
        throw toCommandError(error);
      }
    });
}
