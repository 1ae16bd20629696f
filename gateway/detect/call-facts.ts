// Reads a tool call: the SQL and shell commands in its arguments, wherever they stand, and the patterns in its texts.
import type { CallFacts, ShellFacts, SqlFacts, ToolCall } from "../exchange.ts";
import { collectStrings, type ArgumentString } from "./argument-strings.ts";
import { readArgv, readProgramText, readShell, type ShellReading } from "./shell.ts";
import { beginsLikeSql, readSql } from "./sql.ts";
import type { Detector } from "./values/values.ts";

/** How often JSON in JSON is opened. */
const MAX_LEVEL = 4;
const MAX_NAME = 256;
/** How many characters of a call's texts are read as SQL and shell. */
const MAX_READ = 262_144;

const SQL_KEY = /sql|^(?:statements?|stmts?)$/;
const QUERY_KEY = /query|queries|^q$|statement|^(?:command|commands|cmd|script|code|input|text|body)$/;
const SHELL_KEY =
  /^(?:commands?|cmds?|commandline|shell|shellcommand|bash|bashcommand|sh|script|shellscript|exec|run|terminal|program)$/;
const ARGV_KEY = /^(?:args?|argv|arguments|parameters|params)$/;
const CODE_KEY = /^(?:code|source|python|pythoncode|program|snippet|javascript|js|input|cell)$/;
const SQL_TOOL = /sql|query|postgres|mysql|sqlite|database|(?:^|_)db(?:_|$)|bigquery|snowflake|clickhouse/;
const SHELL_TOOL = /shell|bash|terminal|command|(?:^|_)(?:exec|execute|run|cmd|sh)(?:_|$)|subprocess|ssh/;
/** A statement that destroys after the first one, in a text that need not begin like SQL. */
const LATER_STATEMENT = /;\s*(?:drop|delete|truncate|update|alter)\b/i;

/** What patterns are looked for with. */
type Scanner = Pick<Detector, "scan">;

type Draft = {
  kinds: Set<string>;
  tables: Set<string>;
  whereMissing: boolean;
  isSqlIncomplete: boolean;
  hasSql: boolean;
  programs: Set<string>;
  dangers: Set<string>;
  isShellIncomplete: boolean;
  hasShell: boolean;
  patterns: Record<string, number>;
  /** Characters that may still be read. */
  left: number;
};

/**
 * Creates the reader of tool calls. `loadSqlParser` must have been awaited, else SQL is incomplete.
 */
export function createCallReader(deps: { readonly scanner: Scanner }): (call: ToolCall) => CallFacts {
  return (call) => {
    const draft = createDraft();
    const name = (call.name ?? "").toLowerCase();
    const isShellItem = call.type === "shell_call" || call.type === "local_shell_call";
    const tool = { isSql: SQL_TOOL.test(name), isShell: isShellItem || SHELL_TOOL.test(name) };
    readArguments(call.arguments, tool, draft, deps.scanner, 0);
    return {
      id: call.id,
      type: call.type,
      name: call.name === null ? null : call.name.slice(0, MAX_NAME),
      bytes: Buffer.byteLength(call.arguments),
      sql: toSqlFacts(draft),
      shell: toShellFacts(draft),
      patterns: draft.patterns,
    };
  };
}

type Tool = { readonly isSql: boolean; readonly isShell: boolean };

function createDraft(): Draft {
  return {
    kinds: new Set(),
    tables: new Set(),
    whereMissing: false,
    isSqlIncomplete: false,
    hasSql: false,
    programs: new Set(),
    dangers: new Set(),
    isShellIncomplete: false,
    hasShell: false,
    patterns: {},
    left: MAX_READ,
  };
}

function readArguments(text: string, tool: Tool, draft: Draft, scanner: Scanner, level: number): void {
  const { strings, isCut } = collectStrings(text);
  if (isCut) giveUp(draft);
  const arrays = new Map<number, ArgumentString[]>();
  for (const one of strings) {
    for (const finding of scanner.scan(one.text, "tool_arguments", "answer", true)) {
      draft.patterns[finding.id] = (draft.patterns[finding.id] ?? 0) + 1;
    }
    if (one.array !== null) {
      const members = arrays.get(one.array) ?? [];
      members.push(one);
      arrays.set(one.array, members);
    }
    readString(one, tool, draft, scanner, level);
  }
  for (const members of arrays.values()) readArray(members, strings, tool, draft);
}

/** What was not read is not known to be harmless. */
function giveUp(draft: Draft): void {
  draft.hasSql = draft.isSqlIncomplete = true;
  draft.hasShell = draft.isShellIncomplete = true;
}

function readString(one: ArgumentString, tool: Tool, draft: Draft, scanner: Scanner, level: number): void {
  const { text } = one;
  draft.left -= text.length;
  if (draft.left < 0) return giveUp(draft);
  const key = toKey(one.key);
  const start = text.trimStart().charAt(0);
  if (level < MAX_LEVEL && text.length > 2 && (start === "{" || start === "[") && one.array === null) {
    const inner = collectStrings(text);
    if (inner.strings.length > 0) readArguments(text, tool, draft, scanner, level + 1);
  }
  if (SQL_KEY.test(key) || (tool.isSql && (one.key === null || QUERY_KEY.test(key))))
    readNamedSql(text, key, draft);
  else readAnySql(text, draft);

  const isShell = SHELL_KEY.test(key) || (tool.isShell && (one.key === null || CODE_KEY.test(key)));
  if (isShell && one.array === null) addShell(readShell(text), true, draft);
  else if (isShell && /\s/.test(text)) addShell(readShell(text), key.endsWith("s"), draft);
  else if (!/[\r\n]/.test(text.trim())) addShell(readShell(text), false, draft);
  if (CODE_KEY.test(key) || one.key === null) addShell(readProgramText(text), false, draft);
  if (CODE_KEY.test(key) && !isShell) addShell(readShell(text), false, draft);
}

/** An array under a command's name is a command in words; `{command, args}` is one too. */
function readArray(
  members: readonly ArgumentString[],
  strings: readonly ArgumentString[],
  tool: Tool,
  draft: Draft,
): void {
  const [first] = members;
  if (first === undefined) return;
  const key = toKey(first.key);
  const words = members.map((member) => member.text);
  if (SHELL_KEY.test(key) || (tool.isShell && first.key === null)) {
    const isLines = words.some((word) => /\s/.test(word)) && key.endsWith("s");
    if (!isLines) addShell(readArgv(words), true, draft);
  } else if (ARGV_KEY.test(key)) {
    const command = strings.find(
      (other) => other.object === first.object && other.array === null && SHELL_KEY.test(toKey(other.key)),
    );
    if (command !== undefined) addShell(readArgv([command.text, ...words]), true, draft);
    else addShell(readArgv(words), false, draft);
  }
}

function toKey(key: string | null): string {
  return (key ?? "").toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** Reads what a name says is SQL. A query may be one in words: only what begins like SQL counts there. */
function readNamedSql(text: string, key: string, draft: Draft): void {
  if (text.trim() === "") return;
  const isSure = SQL_KEY.test(key);
  if (isSure || beginsLikeSql(text)) addSql(text, draft, () => true);
  else readAnySql(text, draft);
}

function readAnySql(text: string, draft: Draft): void {
  if (text.length < 6) return;
  if (beginsLikeSql(text)) addSql(text, draft, (isSql) => isSql);
  const later = LATER_STATEMENT.exec(text);
  if (later !== null) addSql(text.slice(later.index + 1), draft, (isSql) => isSql);
}

function addSql(text: string, draft: Draft, isTaken: (isSql: boolean) => boolean): void {
  const { facts, isSql, commands } = readSql(text);
  if (!isTaken(isSql)) return;
  draft.hasSql = true;
  for (const kind of facts.kinds) draft.kinds.add(kind);
  for (const table of facts.tables) draft.tables.add(table);
  draft.whereMissing ||= facts.where_missing;
  draft.isSqlIncomplete ||= facts.incomplete;
  for (const command of commands) addShell(readShell(command), true, draft);
}

/** Adds what a shell text does; where it is not known to be one, only if it destroys. */
function addShell(reading: ShellReading, isSure: boolean, draft: Draft): void {
  const { facts, statements } = reading;
  if (!isSure && facts.dangers.length === 0) {
    for (const statement of statements) addSql(statement, draft, (isSql) => isSql);
    return;
  }
  draft.hasShell = true;
  for (const program of facts.programs) draft.programs.add(program);
  for (const danger of facts.dangers) draft.dangers.add(danger);
  draft.isShellIncomplete ||= facts.incomplete;
  for (const statement of statements) addSql(statement, draft, (isSql) => isSql || isSure);
}

function toSqlFacts(draft: Draft): SqlFacts | null {
  if (!draft.hasSql) return null;
  return {
    kinds: [...draft.kinds].sort(),
    tables: [...draft.tables].sort().slice(0, 64),
    where_missing: draft.whereMissing,
    incomplete: draft.isSqlIncomplete,
  };
}

function toShellFacts(draft: Draft): ShellFacts | null {
  if (!draft.hasShell) return null;
  const programs = [...draft.programs].sort();
  return {
    programs: programs.slice(0, 64),
    dangers: [...draft.dangers].sort(),
    incomplete: draft.isShellIncomplete || programs.length > 64,
  };
}
