// `tollgate config check`: reads the configuration and the policy as a start would, and says what it means or what is wrong.
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/config.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import { inspectKeys } from "../saml/inspect-keys.ts";
import { openSamlIssuers } from "../saml/issuers.ts";
import { checkPolicy } from "./check-policy.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { printFields, printJson } from "./print.ts";
import { getConfigFile } from "./config-file.ts";

/** Adds the command. */
export function addConfigCheck(program: Command, context: CommandContext): void {
  const group = program.command("config").description("the configuration");
  group
    .command("check")
    .description(
      "read the configuration, the policy and the operator's file as a start would; ends with 2 where something is wrong",
    )
    .option("--json", "print the whole configuration as JSON, without secrets")
    .action(async (options: { json?: true }) => {
      const loaded = loadConfig({
        file: getConfigFile(program),
        env: context.env,
        cwd: context.cwd,
      });
      const { config, warnings } = loaded;
      const revision = await checkPolicy(loaded, context.env).catch((error: unknown) => {
        throw error instanceof PolicyLoadError ? new CommandError(error.message, 2) : error;
      });
      for (const warning of [...warnings, ...(await checkSamlKeys(config))])
        context.stderr.write(`warning: ${warning}\n`);
      if (options.json === true) {
        return printJson(context.stdout, withoutMaps(config));
      }
      context.stdout.write("The configuration is right.\n");
      printFields(context.stdout, [
        ["file", config.file ?? "none"],
        ["listen", `${config.listen.host}:${config.listen.port}`],
        [
          "admin",
          config.adminListen === null ? "off" : `${config.adminListen.host}:${config.adminListen.port}`,
        ],
        ["database", config.database.embedded ? `embedded, in ${config.stateDir}` : "your own"],
        [
          "connections",
          config.connections
            .map(({ name, simulated }) => (simulated ? `${name} (simulated)` : name))
            .join(", "),
        ],
        ["issuers", config.issuers.map(({ issuer }) => issuer).join(", ")],
        ["SAML issuers", config.samlIssuers.map(({ issuer }) => issuer).join(", ")],
        [
          "bundle",
          `${config.policy.bundles.map(({ bundle }) => bundle).join(" and ")}, revision ${revision}`,
        ],
        ["operator's data", config.policy.operator],
        ["workers", String(config.workers)],
      ]);
    });
}

/** Looks at the keys of SAML issuers that lie on this machine; `doctor` fetches the others. Gives what to warn of. */
async function checkSamlKeys({ samlIssuers }: Config): Promise<string[]> {
  const here = samlIssuers.filter(({ keys }) => keys.from !== "url");
  const found = await Promise.all(
    openSamlIssuers(here, Date.now).map(async (one) => ({
      of: `saml_issuers: ${one.config.issuer}`,
      ...(await inspectKeys(one, Date.now())),
    })),
  );
  const failed = found.filter(({ status }) => status === "fail");
  if (failed.length > 0)
    throw new CommandError(failed.map(({ of, detail }) => `${of}: ${detail}`).join("\n"), 2);
  return found.flatMap(({ of, status, detail }) => (status === "warn" ? [`${of}: ${detail}`] : []));
}

/** JSON has no maps. */
function withoutMaps(value: unknown): unknown {
  if (value instanceof Map) return withoutMaps(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(withoutMaps);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutMaps(one)]));
}
