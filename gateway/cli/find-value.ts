// `tollgate exchanges find`: where a value ever passed. It is read from standard input, and nothing shows or keeps it.
import type { Command } from "commander";
import { countUnnamed, findValues, listMaskedTenants } from "../../db/queries/find-values.ts";
import { createDetectors } from "../detect/detector.ts";
import { derive } from "../record/keys.ts";
import { VALUE_FORMS } from "../value-form.ts";
import { createValueHashes } from "../value-hash.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseCount } from "./duration.ts";
import { printJson, printTable, toMoment } from "./print.ts";
import { getConfigFile } from "./config-file.ts";
import { readStdin } from "./read-stdin.ts";
import { toJsonRow } from "./to-json.ts";
import { withDatabase } from "./with-database.ts";

const HEADINGS = [
  "TIME (UTC)",
  "EXCHANGE",
  "SUBJECT",
  "OPERATION",
  "WAY",
  "CLASS",
  "BECAME",
  "WHERE",
  "COUNT",
];

/** Adds the command. */
export function addFind(group: Command, program: Command, context: CommandContext): void {
  group
    .command("find")
    .description(
      "tell where a value passed that was masked, or found where policy says `detect`, newest first",
    )
    .requiredOption("--value <->", "`-`: the value is read from standard input, never from the command line")
    .option("--limit <count>", "at most so many places", parseCount(1, 10_000), 100)
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  tollgate exchanges find --value - < leaked-value.txt")
    .action(async (options: { value: string; limit: number; json?: true }) => {
      if (options.value !== "-")
        throw new CommandError(
          "A value never stands on the command line, where every process of the machine can read it: use --value - and give it on standard input.",
          2,
        );
      const value = await readStdin(context.stdin, "value");
      const { passages, unnamed } = await withDatabase(
        context,
        { create: false, configFile: getConfigFile(program) },
        async (db, _config, key) => {
          if (key === null)
            throw new CommandError(
              "Values are found by a hash under the encryption key: name it as for the gateway (TOLLGATE_ENCRYPTION_KEY).",
            );
          const open = createValueHashes(derive(key, "values"));
          const values = listValues(value);
          const tenants = await listMaskedTenants(db);
          const hashes = tenants.flatMap((tenant) =>
            values.flatMap((one) =>
              VALUE_FORMS.map((form) => {
                const hash = open(tenant, form);
                hash.push(one);
                return hash.end();
              }),
            ),
          );
          return {
            passages: await findValues(db, hashes, options.limit),
            unnamed: await countUnnamed(db),
          };
        },
      );
      if (options.json === true) return printJson(context.stdout, toJsonRow({ passages, unnamed }));
      if (passages.length === 0) context.stdout.write("The value is not known to have passed.\n");
      else
        printTable(
          context.stdout,
          HEADINGS,
          passages.map((row) => [
            toMoment(row.at),
            row.exchangeId,
            row.subject ?? "-",
            row.operation ?? "-",
            row.direction,
            row.class,
            row.outcome,
            row.place ?? "-",
            String(row.count),
          ]),
        );
      if (unnamed > 0)
        context.stdout.write(
          `${unnamed} exchanges held more values than are named one by one, or values in files: those are not found.\n`,
        );
    });
}

/** Gives the value as it is, and what the gateway would have found in it: what is copied may have its name beside it. */
function listValues(text: string): string[] {
  const detector = createDetectors()({});
  const values = [text];
  for (const { start, end, isMore } of detector.scan(text, "message", "request")) {
    const last = values.length - 1;
    if (isMore && last > 0) values[last] += text.slice(start, end);
    else values.push(text.slice(start, end));
  }
  return [...new Set(values)].slice(0, 1_000);
}
