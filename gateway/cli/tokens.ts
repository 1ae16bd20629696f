// `tollgate tokens`: the short-lived tokens that count, and their end.
import type { Command } from "commander";
import { endConsoleSessions } from "../../db/queries/console-sessions.ts";
import { listTokens, revokeTokensAs } from "../../db/queries/tokens.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { toOperator } from "./operator.ts";
import { printJson, printTable, toMoment } from "./print.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

type Owner = { readonly subject?: string; readonly issuer?: string };

/** Adds the commands. */
export function addTokens(program: Command, context: CommandContext): void {
  const group = program.command("tokens").description("short-lived tokens of the gateway's own");
  const open = { create: false, configFile: null };
  const use = () => ({ ...open, configFile: getConfigFile(program) });

  group
    .command("list")
    .description("list the tokens that count, newest first")
    .option("--subject <subject>", "whose")
    .option("--issuer <issuer>", "of which issuer")
    .option("--json", "print JSON")
    .action(async ({ json, ...owner }: Owner & { json?: true }) => {
      const rows = await withDatabase(context, use(), (db) => listTokens(db, owner));
      if (json === true) return printJson(context.stdout, toJsonRow(rows));
      if (rows.length === 0) return void context.stdout.write("There are no tokens.\n");
      printTable(
        context.stdout,
        ["ID", "USE", "SUBJECT", "FOR", "ISSUER", "ISSUED (UTC)", "EXPIRES (UTC)"],
        rows.map((row) => [
          row.id,
          row.use,
          row.subject,
          row.actsFor ?? "",
          row.issuer,
          toMoment(row.issuedAt).slice(0, 19),
          toMoment(row.expiresAt).slice(0, 19),
        ]),
      );
    });

  group
    .command("revoke")
    .description("end one token, or everything of one subject; every process refuses it within a second")
    .argument("[id]", "the token's id")
    .option("--subject <subject>", "whose tokens, refresh tokens too")
    .option("--issuer <issuer>", "of which issuer; absent: of any")
    .option("--json", "print JSON")
    .action(async (id: string | undefined, options: Owner & { json?: true }) => {
      const { subject, issuer, json } = options;
      if ((id === undefined) === (subject === undefined))
        throw new CommandError("Name either a token's id or a --subject.", 2);
      if (id !== undefined && !/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(id))
        throw new CommandError("That is no token's id; `tokens list` shows them.", 2);
      const which = subject === undefined ? { id: id ?? "" } : { subject, issuer: issuer ?? null };
      const [count, sessions] = await withDatabase(context, use(), async (db) => {
        const by = toOperator();
        const ended = "subject" in which ? await endConsoleSessions(db, which, by) : 0;
        return [await revokeTokensAs(db, which, by), ended];
      });
      if (json === true)
        return printJson(context.stdout, {
          revoked: count,
          ...(sessions > 0 && { ended_sessions: sessions }),
        });
      if (count + sessions === 0) throw new CommandError("No token that counts is meant by that.");
      const more = sessions === 0 ? "" : ` Ended ${sessions} in the console.`;
      context.stdout.write(`Revoked ${count} ${count === 1 ? "token" : "tokens"}.${more}\n`);
    });
}
