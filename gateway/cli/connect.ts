// `tollgate connect`: runs beside programs and calls the gateway for them, so that they need no token.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { isLoopback } from "../config/loopback.ts";
import { readIfExists, writeSecretFile } from "../database/state-folder.ts";
import type { SidecarPlace } from "../connect/sidecar.ts";
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { openSidecar } from "./sidecar-options.ts";
import type { TokenOptions } from "./token-options.ts";
import { addTokenOptions } from "./token-options.ts";

type Options = TokenOptions & {
  readonly listen: { readonly host: string; readonly port: number };
  readonly unix?: string;
  readonly keyFile?: string;
};

const LISTEN = "127.0.0.1:8090";
/** How long answers may go on after a signal to stop. */
const GRACE_MS = 10_000;
/** A key that anybody could guess is none. */
const SHORTEST_KEY = 16;

/** Adds the command. */
export function addConnect(program: Command, context: CommandContext): void {
  addTokenOptions(
    program
      .command("connect")
      .description(
        "run beside programs: listen on this machine, and pass their calls on to a gateway with a fresh token",
      ),
  )
    .addOption(
      new Option("--listen <host:port>", "where, on this machine; port 0: any")
        .argParser(parseLoopback)
        .default(parseLoopback(LISTEN), LISTEN),
    )
    .option(
      "--unix <path>",
      "listen on a socket instead, which only its owner can open and which needs no key",
    )
    .option(
      "--key-file <file>",
      "the key that programs show as OPENAI_API_KEY; made and written there where there is no such file",
    )
    .addHelpText(
      "after",
      "\nExample:\n  tollgate connect --token-file /var/run/secrets/tollgate/token --key-file /run/tollgate/key",
    )
    .action(async (options: Options) => {
      const { unix, keyFile, listen } = options;
      if (unix !== undefined && keyFile !== undefined)
        throw new CommandError("A socket needs no key: give --unix or --key-file.", 2);
      const key = unix === undefined ? readKey(context, keyFile) : null;
      const place: SidecarPlace = unix === undefined ? listen : { path: resolve(context.cwd, unix) };
      const sidecar = await openSidecar(options, context, place, key);
      context.stdout.write(toWords(sidecar.baseUrl, place, key, keyFile));
      if (!context.signal.aborted) await once(context.signal, "abort");
      await sidecar.close(GRACE_MS);
    });
}

function readKey(context: CommandContext, file: string | undefined): string {
  const fresh = createRunKey();
  if (file === undefined) {
    if (context.stdout.isTTY === true) return fresh;
    throw new CommandError("Name a --key-file: what is printed here, a log may keep.", 2);
  }
  const path = resolve(context.cwd, file);
  try {
    const held = readIfExists(path)?.trim();
    if (held === undefined) writeSecretFile(path, `${fresh}\n`);
    else if (held.length < SHORTEST_KEY || /\s/.test(held))
      throw new CommandError(
        `The file ${path} holds no key: one word of at least ${SHORTEST_KEY} characters.`,
        2,
      );
    return held ?? fresh;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new CommandError(`The file ${path} can't be read or written (${code}).`, 2);
  }
}

/** Makes the key of one run; no gateway takes it. */
export function createRunKey(): string {
  return `tg_run_${randomBytes(32).toString("base64url")}`;
}

function toWords(
  baseUrl: string,
  place: SidecarPlace,
  key: string | null,
  keyFile: string | undefined,
): string {
  if ("path" in place) return `Programs reach the gateway by the socket ${place.path}, as ${baseUrl}.\n`;
  const shown = keyFile === undefined ? key : `$(cat ${keyFile})`;
  return [
    "Paste into the shell of your program:",
    "",
    `  export OPENAI_BASE_URL=${baseUrl}`,
    `  export OPENAI_API_KEY=${shown}`,
    "  # Without this line the Agents SDKs send traces, prompts included, to OpenAI and past the gateway.",
    "  export OPENAI_AGENTS_DISABLE_TRACING=1",
    "",
  ].join("\n");
}

function parseLoopback(text: string): Options["listen"] {
  const [, host = "", port = ""] = /^(?:(\[::1\]|[\w.-]+):)?(\d{1,5})$/.exec(text) ?? [];
  const bare = host.replace(/^\[|\]$/g, "") || "127.0.0.1";
  if (port === "" || Number(port) > 65_535 || !isLoopback(bare))
    throw new InvalidArgumentError("Expected an address of this machine such as 127.0.0.1:8090.");
  return { host: bare, port: Number(port) };
}
