// The options of `tollgate connections add`, read as the configuration's own connections are.
import type { Command } from "commander";
import { Option } from "commander";
import type { NewConnection } from "../../db/queries/change-connections.ts";
import { isOurselves, isPlainAndRemote, toOurselves } from "../config/connections.ts";
import type { Config } from "../config/config.ts";
import { connection } from "../config/schema.ts";
import { newId } from "../new-id.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { parseDuration } from "./duration.ts";

export type NewOptions = {
  readonly baseUrl?: string;
  readonly label?: readonly string[];
  readonly unknownIds?: string;
  readonly organization?: string;
  readonly project?: string;
  readonly connectTimeout?: number;
  readonly firstByteTimeout?: number;
  readonly idleTimeout?: number;
  readonly default?: true;
  readonly keyFile?: string;
  readonly credential?: string;
  readonly adminKeyFile?: string;
  readonly adminCredential?: string;
  readonly skipTest?: true;
};

/** Adds the options. */
export function addOptions(command: Command): Command {
  const timeout = (name: string, what: string): Option =>
    new Option(`--${name} <duration>`, what).argParser(parseDuration);
  return command
    .option("--base-url <url>", "origin and path prefix of the target (default: https://api.openai.com/v1)")
    .option("--label <label>", "a label that rules refer to; may be given several times", collect)
    .option("--unknown-ids <refuse|allow>", "what becomes of an id that nobody owns (default: refuse)")
    .option("--organization <id>", "sent as OpenAI-Organization")
    .option("--project <id>", "sent as OpenAI-Project")
    .addOption(timeout("connect-timeout", "time to connect (default: 10s)"))
    .addOption(timeout("first-byte-timeout", "time until the answer begins (default: 10m)"))
    .addOption(timeout("idle-timeout", "longest silence between two bytes of an answer (default: 5m)"))
    .option("--default", "lead /v1 to it, at all gateways at once")
    .option("--key-file <path>", "read the key from this file now, in place of standard input")
    .option("--credential <reference>", "env:NAME or file:/PATH, which each gateway follows by itself")
    .option("--admin-key-file <path>", "the key for the target's administration, read from this file now")
    .option("--admin-credential <reference>", "a reference to it, which each gateway follows by itself")
    .option("--skip-test", "take the key without trying it");
}

/** Reads a connection from the options. Throws a `CommandError` that lists what is wrong; no value is repeated. */
export function readNewConnection(
  name: string,
  options: NewOptions,
  config: Config,
  context: CommandContext,
): NewConnection {
  const parsed = connection.safeParse({
    name,
    ...(options.baseUrl !== undefined && { base_url: options.baseUrl }),
    labels: options.label ?? [],
    ...(options.unknownIds !== undefined && { unknown_ids: options.unknownIds }),
    openai: { organization: options.organization, project: options.project },
    timeouts: {
      connect_ms: options.connectTimeout,
      first_byte_ms: options.firstByteTimeout,
      idle_ms: options.idleTimeout,
    },
  });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new CommandError(problems.join("\n"), 2);
  }
  const { base_url, labels, unknown_ids, openai, timeouts, kind } = parsed.data;
  const baseUrl = base_url.replace(/\/+$/, "");
  if (isOurselves(baseUrl, toOurselves(config)))
    throw new CommandError("base_url: expected the URL of a target; this is the gateway's own", 2);
  if (isPlainAndRemote(baseUrl))
    context.stderr.write(`warning: The connection ${name} sends its credential over plain HTTP.\n`);
  return {
    id: newId(),
    name: parsed.data.name,
    kind,
    baseUrl,
    labels,
    unknownIds: unknown_ids,
    organization: openai.organization ?? null,
    project: openai.project ?? null,
    connectMs: timeouts.connect_ms,
    firstByteMs: timeouts.first_byte_ms,
    idleMs: timeouts.idle_ms,
  };
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...new Set([...(before ?? []), text])];
}
