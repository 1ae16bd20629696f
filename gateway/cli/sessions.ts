// `tollgate sessions`: the exchanges of one agent run, together.
import type { Command } from "commander";
import { findSession, listSessions } from "../../db/queries/sessions.ts";
import type { TraceSummary } from "../../db/queries/sessions.ts";
import { openBox } from "../record/keys.ts";
import { openName } from "../record/trace-rows.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseCount, parseMoment } from "./duration.ts";
import { getRowHeadings, toRow } from "./exchanges.ts";
import { printFields, printJson, printTable, toMoment } from "./print.ts";
import { addSessionReplay } from "./session-replay.ts";
import { getConfigFile } from "./config-file.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

/** So much of a hash tells one group from another. */
const SHOWN_HASH = 16;

/** Opens the names of runs; without their key they stay as they lie in the record. */
function openTraces(
  traces: readonly TraceSummary[],
  tenant: string,
  key: Buffer | null,
): readonly TraceSummary[] {
  if (key === null) return traces;
  const box = openBox(key);
  return traces.map((trace) => ({
    ...trace,
    workflow: trace.workflow === null ? null : (openName(box, tenant, trace.workflow) ?? trace.workflow),
  }));
}

/** Adds the commands. */
export function addSessions(program: Command, context: CommandContext): void {
  const group = program.command("sessions").description("exchanges of one agent run, together");

  group
    .command("list")
    .description("list sessions, the latest first")
    .option(
      "--since <when>",
      "with an exchange from this moment on: 2h, 7d, or 2026-01-31T12:00:00Z",
      parseMoment,
    )
    .option("--until <when>", "with an exchange before this moment", parseMoment)
    .option("--subject <name>", "of this caller")
    .option("--limit <count>", "at most so many", parseCount(1, 10_000), 50)
    .option("--before <cursor>", "the next page")
    .option("--json", "print an array of JSON")
    .action(
      async (options: {
        since?: Date;
        until?: Date;
        subject?: string;
        limit: number;
        before?: string;
        json?: true;
      }) => {
        const { since, until, subject, limit } = options;
        const page = await withDatabase(
          context,
          { create: false, configFile: getConfigFile(program) },
          (db) => listSessions(db, { since, until, subject }, { limit, cursor: options.before ?? null }),
        );
        if (options.json === true) return printJson(context.stdout, page.rows.map(toJsonRow));
        if (page.rows.length === 0) context.stdout.write("No session fits.\n");
        else {
          printTable(
            context.stdout,
            ["LATEST (UTC)", "ID", "SUBJECT", "EXCHANGES", "REFUSED", "FOUND BY", "NAME"],
            page.rows.map((row) => [
              toMoment(row.lastAt),
              row.id,
              row.subject,
              String(row.exchanges),
              String(row.refused),
              row.origin,
              row.name ?? "",
            ]),
          );
        }
        if (page.cursor !== null) context.stdout.write(`There are more: --before ${page.cursor}\n`);
      },
    );

  addSessionReplay(group, program, context);

  group
    .command("show")
    .description("show one session with its exchanges and tool calls")
    .argument("<id>", "its id")
    .option("--json", "print JSON")
    .action(async (id: string, options: { json?: true }) => {
      const details = await withDatabase(
        context,
        { create: false, configFile: getConfigFile(program) },
        async (db, _, key) => {
          const found = await findSession(db, id);
          return found === null
            ? null
            : { ...found, traces: openTraces(found.traces, found.session.tenant, key) };
        },
      );
      if (details === null) throw new CommandError("No session has this id.");
      if (options.json === true) {
        return printJson(context.stdout, toJsonRow({ ...details, exchanges: details.exchanges.rows }));
      }
      const { session, labels, exchanges, calls, traces, usage } = details;
      context.stdout.write(`Session ${session.id}\n`);
      printFields(context.stdout, [
        ["who", `${session.subject} of ${session.issuer}, tenant ${session.tenant}`],
        ["name", session.name],
        ["found by", session.origin],
        ["began", `${toMoment(session.startedAt)} UTC`],
        ["connection", session.connection],
        ["labels", labels.join(", ")],
        ["usage", `${usage.inputTokens} tokens in, ${usage.outputTokens} out`],
      ]);
      context.stdout.write("\nExchanges, newest first\n");
      printTable(context.stdout, getRowHeadings(), exchanges.rows.map(toRow));
      if (exchanges.cursor !== null) {
        context.stdout.write(
          `There are more: tollgate exchanges list --session ${session.id} --before ${exchanges.cursor}\n`,
        );
      }
      if (traces.length > 0) {
        context.stdout.write("\nTraces\n");
        printTable(
          context.stdout,
          ["RECEIVED (UTC)", "TRACE", "WORKFLOW", "GROUP", "SPANS", "FAILED", "JOINED BY"],
          traces.map((trace) => [
            toMoment(trace.at),
            trace.id,
            trace.workflow?.startsWith("sealed:") === true ? "(sealed)" : (trace.workflow ?? "-"),
            trace.groupId?.slice(0, SHOWN_HASH) ?? "-",
            String(trace.spans),
            String(trace.failed),
            trace.byGroup ? "group" : "response",
          ]),
        );
      }
      if (calls.length === 0) return;
      context.stdout.write("\nTool calls\n");
      printTable(
        context.stdout,
        ["TOOL", "CALL", "OUTCOME", "CODES", "CALLED IN", "OUTPUT IN"],
        calls.map((call) => [
          call.name ?? call.type,
          call.callId,
          call.outcome,
          call.codes.join(","),
          call.exchangeId,
          call.outputExchangeId ?? "-",
        ]),
      );
    });
}
