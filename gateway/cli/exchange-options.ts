// The options that narrow a list of exchanges.
import type { Command } from "commander";
import { Option } from "commander";
import type { ExchangeFilter } from "../../db/queries/exchange-filter.ts";
import { parseMoment } from "./duration.ts";

/** What the options say: a filter, beside whatever other options the command has. */
export type FilterOptions = Omit<ExchangeFilter, "tenant" | "issuer">;

/** Adds the options to a command. */
export function addFilters(command: Command): Command {
  return command
    .option("--since <when>", "from this moment on: 2h, 7d, or 2026-01-31T12:00:00Z", parseMoment)
    .option("--until <when>", "before this moment", parseMoment)
    .option("--subject <name>", "of this caller")
    .option("--session <id>", "of this session")
    .option("--model <name>", "for this model")
    .option("--operation <name>", "of this operation, for instance responses.create")
    .option("--connection <name>", "to this connection")
    .option("--tool <name>", "in which the model called this tool")
    .option(
      "--rule <code>",
      "that this rule denied, observed, recorded or labelled, or that ended with this error",
    )
    .addOption(new Option("--effect <effect>", "with this effect").choices(["allow", "deny", "error"]))
    .option("--class <name>", "with a finding of this class")
    .option("--revision <revision>", "decided by this revision of the policy");
}
