// `tollgate exchanges`: what was asked, what was decided, and why.
import type { Command } from "commander";
import { findExchange, listExchanges } from "../../db/queries/exchanges.ts";
import type { ExchangeSummary } from "../../db/queries/exchanges.ts";
import { tailExchanges } from "../../db/queries/tail-exchanges.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { addFind } from "./find-value.ts";
import { parseCount } from "./duration.ts";
import type { FilterOptions } from "./exchange-options.ts";
import { addFilters } from "./exchange-options.ts";
import { printJson, printTable, toMoment, toPlain } from "./print.ts";
import { addReveal } from "./reveal.ts";
import { readRuleTexts } from "./rule-texts.ts";
import { getConfigFile } from "./config-file.ts";
import { printExchange } from "./show-exchange.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

const HEADINGS = ["TIME (UTC)", "ID", "SUBJECT", "OPERATION", "MODEL", "EFFECT", "STATUS", "CODES"];

/** Adds the commands. */
export function addExchanges(program: Command, context: CommandContext): void {
  const group = program.command("exchanges").description("recorded requests and their answers");
  const use = { create: false } as const;

  addFilters(group.command("list").description("list exchanges, newest first"))
    .option("--limit <count>", "at most so many", parseCount(1, 10_000), 50)
    .option("--before <id>", "older than this exchange: the next page")
    .option("--json", "print an array of JSON")
    .action(async (options: FilterOptions & { limit: number; before?: string; json?: true }) => {
      const page = await withDatabase(context, { ...use, configFile: getConfigFile(program) }, (db) =>
        listExchanges(db, options, { limit: options.limit, cursor: options.before ?? null }),
      );
      if (options.json === true) return printJson(context.stdout, page.rows.map(toJsonRow));
      if (page.rows.length === 0) context.stdout.write("No exchange fits.\n");
      else printTable(context.stdout, HEADINGS, page.rows.map(toRow));
      if (page.cursor !== null) context.stdout.write(`There are more: --before ${page.cursor}\n`);
    });

  group
    .command("show")
    .description("show one exchange: who, what, which rule, which bundle, and the chain of its tool calls")
    .argument("<id>", "its id, as the header x-tollgate-exchange-id names it")
    .option("--json", "print JSON")
    .action(async (id: string, options: { json?: true }) => {
      const [details, texts] = await withDatabase(
        context,
        { ...use, configFile: getConfigFile(program) },
        async (db, config) => {
          const found = await findExchange(db, id);
          const place = { db, config, env: context.env };
          return [found, await readRuleTexts(place, found?.exchange.revision ?? null)] as const;
        },
      );
      if (details === null) throw new CommandError("No exchange has this id.");
      if (options.json === true) {
        const denials = details.denials.map((denial) => ({ ...denial, rule: texts.find(denial.code) }));
        return printJson(context.stdout, toJsonRow({ ...details, denials }));
      }
      printExchange(context.stdout, details, texts);
    });

  addFind(group, program, context);
  addReveal(group, program, context);

  addFilters(group.command("tail").description("print exchanges as they are recorded, until Ctrl-C"))
    .option("--json", "print one JSON object a line")
    .action(async (options: FilterOptions & { json?: true }) => {
      await withDatabase(context, { ...use, configFile: getConfigFile(program) }, async (db) => {
        const from = options.since === undefined ? {} : { from: options.since };
        for await (const row of tailExchanges(db, options, { signal: context.signal, ...from })) {
          const line =
            options.json === true ? JSON.stringify(toJsonRow(row)) : toRow(row).map(toPlain).join("  ");
          context.stdout.write(`${line}\n`);
        }
      });
    });
}

/** Gives an exchange's line in a list. */
export function toRow(row: ExchangeSummary): string[] {
  return [
    toMoment(row.at),
    row.id,
    row.subject ?? "-",
    row.operation,
    row.model ?? "-",
    row.effect,
    row.httpStatus === null ? row.outcome : String(row.httpStatus),
    [...new Set([...row.codes, ...(row.errorCode === null ? [] : [row.errorCode])])].join(","),
  ];
}

/** The headings over `toRow`. */
export function getRowHeadings(): readonly string[] {
  return HEADINGS;
}
