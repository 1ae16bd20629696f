// `tollgate console`: a way into the console without an issuer, and who is signed in.
import { Option } from "commander";
import type { Command } from "commander";
import { addConsoleLink } from "../../db/queries/console-links.ts";
import { endConsoleSessions, listConsoleSessions } from "../../db/queries/console-sessions.ts";
import { isUuid } from "../../db/queries/exchange-filter.ts";
import { toConsoleOrigin } from "../config/console-origin.ts";
import { createLinkText, hashKey } from "../identity/key-format.ts";
import { getConfigFile } from "./config-file.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { toOperator } from "./operator.ts";
import { toAdminUrl } from "./own-url.ts";
import { printJson, printTable, toMoment } from "./print.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

const LIFE_S = 600;
/** The roles that a link may give: to set the gateway up, and to look at what it does. */
const LINKED = ["admin", "reviewer"] as const;

/** Adds the commands. */
export function addConsole(program: Command, context: CommandContext): void {
  const group = program.command("console").description("the pages for people on the admin listener");
  const use = () => ({ create: false, configFile: getConfigFile(program) });

  group
    .command("link")
    .description("print a link that signs in once, within ten minutes; only while no issuer has a console")
    .addOption(new Option("--role <role>", "what it may do").choices(LINKED).default("admin"))
    .action(async ({ role }: { role: (typeof LINKED)[number] }) => {
      const secret = createLinkText();
      const origin = await withDatabase(context, use(), async (db, config) => {
        if ([...config.issuers, ...config.samlIssuers].some((one) => one.console !== null))
          throw new CommandError("An issuer is configured for the console: people sign in there.");
        const at = toConsoleOrigin(config, toAdminUrl(config) ?? "");
        if (at === null)
          throw new CommandError(
            config.adminListen === null
              ? "There is no console: admin_listen is off."
              : "The console has no address that people could open: set admin_url.",
          );
        const link = { hash: hashKey(secret), role, createdBy: toOperator(), lifeSeconds: LIFE_S };
        await addConsoleLink(db, link);
        return at;
      });
      context.stdout.write(`${origin}/console/link/${secret}\n`);
      context.stderr.write(`It works once, within ten minutes, as ${role}.\n`);
    });

  const sessions = group.command("sessions").description("who is signed in");
  sessions
    .command("list")
    .description("list the sessions that count, the latest first")
    .option("--json", "print JSON")
    .action(async ({ json }: { json?: true }) => {
      const rows = await withDatabase(context, use(), (db) => listConsoleSessions(db));
      if (json === true) return printJson(context.stdout, toJsonRow(rows));
      if (rows.length === 0) return void context.stdout.write("Nobody is signed in.\n");
      printTable(
        context.stdout,
        ["ID", "SUBJECT", "ISSUER", "GROUPS OR ROLE", "SIGNED IN (UTC)", "LAST USE (UTC)"],
        rows.map((row) => [
          row.id,
          row.subject,
          row.issuer,
          row.role ?? row.groups.join(","),
          toMoment(row.startedAt).slice(0, 19),
          toMoment(row.seenAt).slice(0, 19),
        ]),
      );
    });

  sessions
    .command("end")
    .description("end one session, or all of one subject, at once and everywhere")
    .argument("[id]", "the session's id")
    .option("--subject <subject>", "whose")
    .option("--issuer <issuer>", "of which issuer; absent: of any")
    .action(async (id: string | undefined, options: { subject?: string; issuer?: string }) => {
      const { subject, issuer } = options;
      if ((id === undefined) === (subject === undefined))
        throw new CommandError("Name either a session's id or a --subject.", 2);
      if (id !== undefined && !isUuid(id))
        throw new CommandError("That is no session's id; `console sessions list` shows them.", 2);
      const which = subject === undefined ? { id: id ?? "" } : { subject, issuer: issuer ?? null };
      const count = await withDatabase(context, use(), (db) => endConsoleSessions(db, which, toOperator()));
      if (count === 0) throw new CommandError("No session that counts is meant by that.");
      context.stdout.write(`Ended ${count} ${count === 1 ? "session" : "sessions"}.\n`);
    });
}
