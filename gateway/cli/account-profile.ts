// What is registered of a service account besides its groups: that it is an agent, its attributes, and who begins what it does.
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { INITIATORS } from "../exchange.ts";
import type { Initiator } from "../exchange.ts";
import { CommandError } from "./context.ts";

const MOST_TOOLS = 64;
const MOST_ATTRIBUTES = 32;
/** As of an issuer's claims, which policy sees in the same place. */
const MOST_ATTRIBUTE_CHARS = 4096;

/** The options as they are given. */
export type ProfileOptions = {
  readonly kind?: "service" | "agent";
  readonly owner?: string;
  readonly purpose?: string;
  readonly tool?: readonly string[];
  readonly attribute?: ReadonlyMap<string, string>;
  readonly initiator?: Initiator;
};

/** What is kept of an account; what is absent was not said. */
export type Profile = {
  readonly agent?: { readonly owner: string; readonly purpose: string; readonly tools: readonly string[] };
  readonly attributes?: Readonly<Record<string, string>>;
  readonly initiator?: Initiator;
};

/** Adds the options to the command that makes accounts. */
export function addProfileOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--kind <kind>", "an agent needs --owner and --purpose, and is held to its tools")
        .choices(["service", "agent"])
        .default(undefined, "service"),
    )
    .option("--owner <subject>", "who answers for the agent", parseText)
    .option("--purpose <text>", "what the agent is for", parseText)
    .option(
      "--tool <name>",
      "a tool that the agent may use: a function's name, mcp:LABEL, or a hosted tool's type; a * at the end stands for anything; may be given several times",
      collectTool,
    )
    .option(
      "--attribute <key=value>",
      "what policy sees among its claims; may be given several times",
      collectAttribute,
    )
    .addOption(
      new Option(
        "--initiator <who>",
        "who or what begins what it does (default: a service, or of an agent itself)",
      ).choices(INITIATORS),
    );
}

/** Reads what the options say. Throws where they don't go together. */
export function readProfile({ kind, owner, purpose, tool, attribute, initiator }: ProfileOptions): Profile {
  const isAgent = kind === "agent";
  if (!isAgent && (owner !== undefined || purpose !== undefined || tool !== undefined))
    throw new CommandError("--owner, --purpose and --tool are an agent's: say --kind agent.", 2);
  if (isAgent && (owner === undefined || purpose === undefined))
    throw new CommandError("An agent has an --owner and a --purpose.", 2);
  return {
    ...(isAgent && { agent: { owner: owner ?? "", purpose: purpose ?? "", tools: tool ?? [] } }),
    ...(attribute !== undefined && { attributes: Object.fromEntries(attribute) }),
    ...(initiator !== undefined && { initiator }),
  };
}

function parseText(text: string): string {
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,256}$/u.test(text)) return text;
  throw new InvalidArgumentError("Expected one line of at most 256 characters.");
}

/** Reads one more tool of an option that may be given several times. */
export function collectTool(text: string, before: readonly string[] | undefined): readonly string[] {
  const tools = [...new Set([...(before ?? []), text])];
  if (!/^[\x21-\x7e]{1,128}$/.test(text) || tools.length > MOST_TOOLS)
    throw new InvalidArgumentError(
      `Expected a tool's name without spaces, of at most 128 characters; at most ${MOST_TOOLS} of them.`,
    );
  return tools;
}

function collectAttribute(
  text: string,
  before: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  const [, key, value] = /^([A-Za-z][A-Za-z0-9_.-]{0,63})=([^\p{C}]{1,256})$/u.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new InvalidArgumentError(
      "Expected KEY=VALUE: letters, digits and . _ -, then a value of at most 256 characters.",
    );
  const attributes = new Map(before).set(key, value);
  if (before?.has(key) === true) throw new InvalidArgumentError(`The attribute ${key} is given twice.`);
  const length = JSON.stringify(Object.fromEntries(attributes)).length;
  if (attributes.size > MOST_ATTRIBUTES || length > MOST_ATTRIBUTE_CHARS)
    throw new InvalidArgumentError(
      `Expected at most ${MOST_ATTRIBUTES} attributes of ${MOST_ATTRIBUTE_CHARS} characters together.`,
    );
  return attributes;
}
