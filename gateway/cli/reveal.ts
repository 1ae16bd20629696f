// `tollgate exchanges reveal`: shows what was masked in an exchange to whoever may, by asking the gateway as any program does.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { loadConfig } from "../config/config.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { toOwnUrl } from "./own-url.ts";
import { printJson, printTable, toPlain } from "./print.ts";
import { getConfigFile } from "./config-file.ts";

const HEADINGS = ["WAY", "CLASS", "COUNT", "WHERE", "VALUE"];
const SHORTEST_REASON = 10;
const LONGEST_REASON = 500;
const LIMIT_MS = 30_000;

const answer = z.object({
  exchange: z.string(),
  originals: z.array(
    z.object({
      seq: z.number(),
      direction: z.string(),
      class: z.string(),
      kind: z.string().nullable(),
      place: z.string().nullable(),
      count: z.number(),
      original: z.string(),
    }),
  ),
});
const refusal = z.object({ error: z.object({ message: z.string(), code: z.string() }) });

type Options = { reason: string; url?: string; tokenFile?: string; json?: true };

/** Adds the command. */
export function addReveal(group: Command, program: Command, context: CommandContext): void {
  group
    .command("reveal")
    .description("show what was masked in an exchange, where you may; who asked and why is recorded")
    .argument("<id>", "its id, as the header x-tollgate-exchange-id names it")
    .requiredOption("--reason <text>", `why, in ${SHORTEST_REASON} to ${LONGEST_REASON} characters`)
    .option("--url <url>", "the gateway's (default: the configured one on this machine)")
    .option("--token-file <file>", "a file with your token (default: the variable TOLLGATE_TOKEN)")
    .option("--json", "print JSON")
    .action(async (id: string, options: Options) => {
      const reason = options.reason.trim();
      if (reason.length < SHORTEST_REASON || reason.length > LONGEST_REASON)
        throw new CommandError(`A reason has ${SHORTEST_REASON} to ${LONGEST_REASON} characters.`, 2);
      const token = await readToken(context, options.tokenFile);
      const base = options.url ?? toOwnUrl(readConfig(program, context));
      const body = await ask(toUrl(base, id), token, reason);
      if (options.json === true) return printJson(context.stdout, body);
      printTable(
        context.stdout,
        HEADINGS,
        body.originals.map(({ direction, class: ofClass, count, kind, place, original }) => [
          direction,
          ofClass,
          String(count),
          [kind, place].filter((part) => part !== null).join(" ") || "-",
          original,
        ]),
      );
    });
}

function readConfig(program: Command, context: CommandContext): ReturnType<typeof loadConfig>["config"] {
  const { env, cwd } = context;
  return loadConfig({ file: getConfigFile(program), env, cwd, scope: "database" }).config;
}

/** A token never stands on the command line, where every process of the machine can read it. */
async function readToken({ env, cwd }: CommandContext, file: string | undefined): Promise<string> {
  const read = async (name: string): Promise<string> =>
    readFile(resolve(cwd, name), "utf8").catch(() => {
      throw new CommandError("The file with the token can't be read.", 2);
    });
  const token = (file === undefined ? (env["TOLLGATE_TOKEN"] ?? "") : await read(file)).trim();
  if (token === "")
    throw new CommandError("Give your token in the variable TOLLGATE_TOKEN, or name a file with it.", 2);
  if (!/^[\x21-\x7e]+$/.test(token)) throw new CommandError("The token holds what no token holds.", 2);
  return token;
}

function toUrl(base: string, id: string): string {
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol))
    throw new CommandError("The gateway's URL must begin with http:// or https://.", 2);
  const { origin } = new URL(base);
  return `${origin}/v1/tollgate/exchanges/${encodeURIComponent(id)}/reveal`;
}

async function ask(url: string, token: string, reason: string): Promise<z.output<typeof answer>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ reason }),
      redirect: "error",
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    text = await response.text();
  } catch {
    throw new CommandError(`No gateway answers at ${toPlain(new URL(url).origin)}.`);
  }
  const told = parse(text);
  const shown = answer.safeParse(told);
  if (response.ok && shown.success) return shown.data;
  const refused = refusal.safeParse(told);
  throw new CommandError(
    refused.success
      ? `${toPlain(refused.data.error.message)} (${toPlain(refused.data.error.code)})`
      : `What answers with status ${response.status} is no gateway of this version.`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
