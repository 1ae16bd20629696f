// The gateway's log: one JSON line or one readable line per event, and never a key, a token or a text that a person wrote.
import { pino } from "pino";
import type { DestinationStream, Logger } from "pino";
import { GatewayError } from "./errors.ts";

/** Writes log lines. Fields come first, then a sentence that holds no value. */
export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
};

export type LogOptions = {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  readonly format: "auto" | "pretty" | "json";
};

/** Where lines go: standard error by default, since standard output belongs to the commands' answers. */
export type LogOutput = { write(line: string): unknown; readonly isTTY?: boolean };

const SECRET_FIELDS = [
  "authorization",
  "apiKey",
  "api_key",
  "key",
  "token",
  "password",
  "secret",
  "credential",
  "credentials",
  "cookie",
  "databaseUrl",
  "encryptionKey",
  "originalsKeys",
  "credentialKeys",
  "body",
  "text",
];

// A second line of defence under the field names: whatever looks like a token or a provider's key is cut.
const SECRETS =
  /\b(?:tg_|sk-|eyJ)[A-Za-z0-9_.-]{12,}|\bBearer\s+[^\s"]+|(?<=\/\/[^\s/@:"]{0,64}:)[^\s/@"]+(?=@)/g;

/** Creates the log. Lines are written at once, so that the last one before a crash is there. */
export function createLog(options: LogOptions, output: LogOutput = process.stderr): Log {
  const isPretty = options.format === "pretty" || (options.format === "auto" && output.isTTY === true);
  const destination: DestinationStream = {
    write(line) {
      const safe = line.replaceAll(SECRETS, "[redacted]");
      output.write(isPretty ? toPretty(safe) : safe);
    },
  };
  const paths = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]);
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: "[redacted]" },
      serializers: { err: toSafeError, error: toSafeError },
    },
    destination,
  );
  return wrap(logger);
}

/** Creates a log that writes nothing. */
export function createSilentLog(): Log {
  const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  return log;
}

function wrap(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => wrap(logger.child({ ...fields })),
  };
}

/**
 * Describes an error without its message, unless the message is ours: drivers and parsers quote what they were given,
 * which may be a prompt.
 */
function toSafeError(thrown: unknown, depth = 0): object {
  if (!(thrown instanceof Error)) return { name: typeof thrown };
  const code = "code" in thrown && typeof thrown.code === "string" ? { code: thrown.code } : {};
  const message = thrown instanceof GatewayError ? { message: thrown.message } : {};
  const cause =
    thrown.cause === undefined || depth > 3 ? {} : { cause: toSafeError(thrown.cause, depth + 1) };
  const frames = (thrown.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return {
    name: thrown.name,
    ...code,
    ...message,
    at: frames.slice(0, 8).map((line) => line.trim()),
    ...cause,
  };
}

function toPretty(line: string): string {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== "object" || parsed === null) return line;
  const { level, time, msg, ...fields } = Object.fromEntries(Object.entries(parsed));
  const rest = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)} ${String(msg)}${rest.join("")}\n`;
}
