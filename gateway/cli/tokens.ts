// `tollgate tokens`: the short-lived tokens that count, and their end.
import type { Command } from "commander";
import { endConsoleSessions } from "../../db/queries/console-sessions.ts";
import { endSubjectAs, listTokens, revokeTokenAs } from "../../db/queries/tokens.ts";
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
    .description(
      "end one token, or everything that one subject has now; every process refuses it within a second",
    )
    .argument("[id]", "the token's id")
    .option(
      "--subject <subject>",
      "whose tokens, those that issuers gave it until now, the agents that it owns and its sessions in the console",
    )
    .option("--issuer <issuer>", "of which issuer; absent: of any")
    .option("--json", "print JSON")
    .action(async (id: string | undefined, options: Owner & { json?: true }) => {
      const { subject, issuer, json } = options;
      if ((id === undefined) === (subject === undefined))
        throw new CommandError("Name either a token's id or a --subject.", 2);
      if (id !== undefined && !/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(id))
        throw new CommandError("That is no token's id; `tokens list` shows them.", 2);
      if (id !== undefined) {
        const isEnded = await withDatabase(context, use(), (db) => revokeTokenAs(db, id, toOperator()));
        if (json === true) return printJson(context.stdout, { revoked: isEnded ? 1 : 0 });
        if (!isEnded) throw new CommandError("No token that counts has this id.");
        return void context.stdout.write("Revoked 1 token.\n");
      }
      const owner = { subject: subject ?? "", issuer: issuer ?? null };
      const { tokens, agents, sessions } = await withDatabase(context, use(), async (db) => ({
        sessions: await endConsoleSessions(db, owner, toOperator()),
        ...(await endSubjectAs(db, owner, toOperator())),
      }));
      if (json === true)
        return printJson(context.stdout, {
          revoked: tokens,
          ...(sessions > 0 && { ended_sessions: sessions }),
          ...(agents.length > 0 && { ended_agents: agents }),
        });
      const lines = [
        `Revoked ${toCount(tokens, "token")}. What ${issuer ?? "an issuer"} gave ${owner.subject} until now counts no more.`,
        ...(agents.length === 0 ? [] : [`Ended ${toCount(agents.length, "agent")}: ${agents.join(", ")}.`]),
        ...(sessions === 0 ? [] : [`Ended ${toCount(sessions, "session")} in the console.`]),
      ];
      context.stdout.write(`${lines.join("\n")}\n`);
    });
}

function toCount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
