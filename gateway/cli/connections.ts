// `tollgate connections`: the registered targets, without their credentials.
import type { Command } from "commander";
import { loadConfig } from "../config/config.ts";
import type { CommandContext } from "./context.ts";
import { printJson, printTable } from "./print.ts";
import { getConfigFile } from "./service-accounts.ts";

/** Adds the commands. */
export function addConnections(program: Command, context: CommandContext): void {
  const group = program.command("connections").description("the registered targets");
  group
    .command("list")
    .description("list the connections of the configuration")
    .option("--json", "print JSON")
    .action((options: { json?: true }) => {
      const { config, secrets } = loadConfig({
        file: getConfigFile(program),
        env: context.env,
        cwd: context.cwd,
        scope: "database",
      });
      const rows = config.connections.map((connection) => ({
        name: connection.name,
        kind: connection.kind,
        base_url: connection.simulated ? null : connection.baseUrl,
        path: connection.default ? "/v1" : `/c/${connection.name}/v1`,
        labels: connection.labels,
        default: connection.default,
        simulated: connection.simulated,
        has_credential: secrets.credentials.has(connection.name),
      }));
      if (options.json === true) return printJson(context.stdout, rows);
      printTable(
        context.stdout,
        ["NAME", "KIND", "PATH", "TARGET", "LABELS", "CREDENTIAL"],
        rows.map((row) => [
          row.default ? `${row.name} (default)` : row.name,
          row.kind,
          row.path,
          row.base_url ?? "simulated",
          row.labels.join(","),
          row.simulated ? "none needed" : row.has_credential ? "set" : "missing",
        ]),
      );
    });
}
