// Reads shell commands found in a tool call: which programs would run, and which destructive forms stand among them.
import type { ShellFacts } from "../exchange.ts";
import { readCode } from "./shell-code.ts";
import { findDangers, findRedirectDangers } from "./shell-dangers.ts";
import { expandWord, type Argument, type Variables } from "./shell-expand.ts";
import { parseShell, type Pipeline, type SimpleCommand } from "./shell-parse.ts";
import { DATABASE_CLIENTS, INTERPRETERS, SHELLS, unwrap, WRAPPERS } from "./shell-wrappers.ts";

/** Longer texts are read up to here. */
const MAX_TEXT = 65_536;
const MAX_LEVEL = 8;
/** Commands in one call beyond this are not read. */
const MAX_COMMANDS = 4096;
const MAX_PROGRAMS = 64;
const MAX_VALUE = 4096;

/** What is known of a text that is, or may be, shell. */
export type ShellReading = {
  readonly facts: ShellFacts;
  /** SQL that the commands would have a database run. */
  readonly statements: readonly string[];
};

type State = {
  readonly programs: Set<string>;
  readonly dangers: Set<string>;
  readonly statements: string[];
  isIncomplete: boolean;
  commands: number;
};

type Output = { readonly text: string | null; readonly isFetched: boolean; readonly isDecoded: boolean };

const UNKNOWN: Output = { text: null, isFetched: false, isDecoded: false };

const KEYWORD = /^(?:if|then|else|elif|fi|do|done|while|until|\{|\}|!|time|coproc|esac)$/;
const FORK_BOMB = /(?<![\w:.])([\w:.]{1,32})\s{0,8}\(\)\s{0,8}\{[^}]{0,256}\1\s{0,8}\|\s{0,8}\1\s{0,8}&/;
const FETCHERS =
  /^(?:curl|wget|fetch|aria2c|http|https|lwp-request|iwr|invoke-webrequest|invoke-restmethod|irm)$/;
const DECODERS =
  /^(?:base64|base32|xxd|openssl|uudecode|gunzip|gzip|zcat|bunzip2|xz|unxz|rev|tr|hex|od|basenc|gpg|zstd)$/;
/** Programs for which an argument that is not known could be the option that destroys. */
const SENSITIVE =
  /^(?:rm|dd|chmod|chown|mv|find|kubectl|terraform|tofu|shred|truncate|sed|tee|cp|rsync|git|aws|gcloud|az|docker|helm|kill|xargs)$/;

/** Reads a text as shell. */
export function readShell(text: string): ShellReading {
  const state = createState();
  readScript(text, state, new Map(), 0);
  return toReading(state);
}

/** Reads a command that is given as its words. */
export function readArgv(words: readonly string[]): ShellReading {
  const state = createState();
  const args = words.map((text) => ({
    text,
    isUnknown: false,
    isOpen: false,
    isGlob: false,
    scripts: [],
    isFile: false,
  }));
  runCommand(args, null, UNKNOWN, state, new Map(), 0);
  return toReading(state);
}

/** Reads code of another language for the shell commands that it runs. */
export function readProgramText(code: string): ShellReading {
  const state = createState();
  runCode(code, state, 0);
  return toReading(state);
}

function createState(): State {
  return { programs: new Set(), dangers: new Set(), statements: [], isIncomplete: false, commands: 0 };
}

function toReading(state: State): ShellReading {
  const programs = [...state.programs].sort();
  const facts = {
    programs: programs.slice(0, MAX_PROGRAMS),
    dangers: [...state.dangers].sort(),
    incomplete: state.isIncomplete || programs.length > MAX_PROGRAMS,
  };
  return { facts, statements: state.statements };
}

/** Reads a script; gives what its last pipeline prints, where that can be known. */
function readScript(text: string, state: State, variables: Variables, level: number): Output {
  if (level > MAX_LEVEL || text.length > MAX_TEXT || text.includes("\0")) state.isIncomplete = true;
  if (level > MAX_LEVEL) return UNKNOWN;
  const script = text.slice(0, MAX_TEXT);
  if (FORK_BOMB.test(script)) state.dangers.add("fork_bomb");
  const { pipelines, isUnterminated } = parseShell(script);
  if (isUnterminated) state.isIncomplete = true;
  let output = UNKNOWN;
  for (const pipeline of pipelines) output = runPipeline(pipeline, state, variables, level);
  return pipelines.length === 1 ? output : { ...output, text: null };
}

function runPipeline(pipeline: Pipeline, state: State, variables: Variables, level: number): Output {
  let input = UNKNOWN;
  for (const command of pipeline) input = runSimple(command, input, state, variables, level);
  return input;
}

function runSimple(
  command: SimpleCommand,
  piped: Output,
  state: State,
  variables: Variables,
  level: number,
): Output {
  state.commands += 1;
  if (state.commands > MAX_COMMANDS) {
    state.isIncomplete = true;
    return UNKNOWN;
  }
  const substitute = (script: string): Output => readScript(script, state, variables, level + 1);
  const args: Argument[] = [];
  let isFetched = false;
  for (const word of command.words) {
    const expanded = expandWord(word, variables, (script) => {
      const output = substitute(script);
      isFetched ||= output.isFetched;
      return output.text;
    });
    for (const arg of expanded) {
      if (arg.isFile) for (const script of arg.scripts) isFetched ||= substitute(script).isFetched;
      args.push(arg);
    }
  }
  let input = piped;
  for (const redirect of command.redirects) {
    const [target] = expandWord(redirect.target, variables, (script) => substitute(script).text);
    if (target === undefined) continue;
    if (redirect.operator === "<<<")
      input = { text: target.isUnknown ? null : target.text, isFetched: false, isDecoded: false };
    else for (const danger of findRedirectDangers(redirect, target.text)) state.dangers.add(danger);
    if (target.isFile) for (const script of target.scripts) input = substitute(script);
  }
  if (command.input !== null) input = { text: command.input, isFetched: false, isDecoded: false };
  return runCommand(args, isFetched ? "fetched" : null, input, state, variables, level);
}

/** Runs a command whose words are expanded. `origin` says that a word came from the network. */
function runCommand(
  words: readonly Argument[],
  origin: "fetched" | null,
  input: Output,
  state: State,
  variables: Variables,
  level: number,
): Output {
  let args = words;
  while (args.length > 0) {
    const [first] = args;
    if (first === undefined) break;
    const assigned = /^([A-Za-z_]\w*)\+?=(.*)$/s.exec(first.text);
    if (first.isUnknown && assigned === null) break;
    if (assigned !== null) {
      setVariable(variables, assigned[1] ?? "", first.isUnknown ? null : (assigned[2] ?? ""));
      args = args.slice(1);
    } else if (KEYWORD.test(first.text)) args = args.slice(1);
    else break;
  }
  const [head] = args;
  if (head === undefined) return UNKNOWN;
  const isTest = head.text === "[" || head.text === "[[";
  if (head.isUnknown || (head.isGlob && !isTest)) {
    state.isIncomplete = true;
    if (origin === "fetched") state.dangers.add("curl_pipe_shell");
    return UNKNOWN;
  }
  if (/^(?:for|select|case|function|\[\[|\(\()$/.test(head.text)) {
    if (head.text === "for" && args[1] !== undefined) variables.set(args[1].text, null);
    return UNKNOWN;
  }
  const program = toProgram(head.text);
  if (program === "") return UNKNOWN;
  const rest = args.slice(1);
  state.programs.add(program.slice(0, 128));
  for (const danger of findDangers({ program, args: rest })) state.dangers.add(danger);
  if (SENSITIVE.test(program) && rest.some((arg) => arg.isUnknown && arg.isOpen)) state.isIncomplete = true;
  if (level > MAX_LEVEL) {
    state.isIncomplete = true;
    return UNKNOWN;
  }

  if (DATABASE_CLIENTS.has(program)) noteStatements(program, rest, input, state);
  if (SHELLS.has(program)) runShell(program, rest, origin, input, state, variables, level);
  else if (program === "eval") runEval(rest, origin, state, variables, level);
  else if (program === "source" || program === ".") {
    if (origin === "fetched") state.dangers.add("curl_pipe_shell");
    else if (rest[0]?.isFile === true) state.isIncomplete = true;
  } else if (program === "alias") {
    for (const arg of rest)
      readScript(arg.text.slice(arg.text.indexOf("=") + 1), state, new Map(variables), level + 1);
  } else if (program === "trap" || program === "watch")
    readScript(
      joinTexts(rest.slice(0, program === "trap" ? 1 : rest.length)),
      state,
      new Map(variables),
      level + 1,
    );
  else if (
    program === "export" ||
    program === "declare" ||
    program === "local" ||
    program === "readonly" ||
    program === "typeset"
  ) {
    for (const arg of rest) {
      const [name = "", ...value] = arg.text.split("=");
      if (value.length > 0) setVariable(variables, name, arg.isUnknown ? null : value.join("="));
    }
  } else if (program === "read" || program === "mapfile" || program === "readarray") {
    for (const arg of rest) variables.set(arg.text, null);
  } else if (INTERPRETERS.has(program)) runInterpreter(program, rest, input, state, level);
  else if (program === "find" || program === "gfind" || program === "fd")
    runFind(rest, state, variables, level);
  else if (program === "at" || program === "batch" || program === "crontab") {
    if (input.text !== null)
      readScript(input.text.replaceAll(/^(?:\S+\s+){5}/gm, ""), state, new Map(variables), level + 1);
  } else if (WRAPPERS.has(program)) {
    const inner = unwrap(program, rest);
    if (inner.script !== null) readScript(inner.script, state, new Map(variables), level + 1);
    if (inner.words.length > 0) {
      if (program === "xargs" || program === "parallel") noteSensitive(inner.words, input, state);
      return runCommand(
        inner.words,
        origin,
        program === "xargs" ? UNKNOWN : input,
        state,
        variables,
        level + 1,
      );
    }
    if (inner.isUnread) state.isIncomplete = true;
  }
  return toOutput(program, rest, input);
}

/** What xargs adds is not known: for `xargs rm -r` it is what to remove. */
function noteSensitive(words: readonly Argument[], input: Output, state: State): void {
  const program = toProgram(words[0]?.text ?? "");
  if (program === "rm") state.dangers.add("xargs_rm");
  else if (SENSITIVE.test(program) && input.text === null) state.isIncomplete = true;
  if (SHELLS.has(program) && words.length === 1) state.isIncomplete = true;
}

/** Remembers a value; a long one is not known, so that values made of values do not grow without end. */
function setVariable(variables: Variables, name: string, value: string | null): void {
  variables.set(name, value !== null && value.length <= MAX_VALUE ? value : null);
}

function toProgram(word: string): string {
  const name = word.replace(/^.*[/\\]/, "");
  return name.replace(/\.exe$/i, "").toLowerCase();
}

function joinTexts(args: readonly Argument[]): string {
  return args.map((arg) => arg.text).join(" ");
}

function runShell(
  program: string,
  args: readonly Argument[],
  origin: "fetched" | null,
  input: Output,
  state: State,
  variables: Variables,
  level: number,
): void {
  const option = args.findIndex(
    (arg) => /^-[a-z]*c[a-z]*$/i.test(arg.text) || /^(?:\/c|\/k|-command)$/i.test(arg.text),
  );
  if (
    args.some((arg) => /^-e(?:nc(?:odedcommand)?|c)$/i.test(arg.text)) &&
    /^(?:pwsh|powershell)$/.test(program)
  ) {
    state.dangers.add("decode_pipe_shell");
  }
  const script = option === -1 ? undefined : args[option + 1];
  if (script !== undefined) {
    if (origin === "fetched") state.dangers.add("curl_pipe_shell");
    if (script.isUnknown) state.isIncomplete = true;
    const isWindows = program === "cmd" || program === "powershell" || program === "pwsh";
    readScript(
      isWindows ? joinTexts(args.slice(option + 1)) : script.text,
      state,
      new Map(variables),
      level + 1,
    );
    return;
  }
  if (origin === "fetched") state.dangers.add("curl_pipe_shell");
  const file = args.find((arg) => !arg.text.startsWith("-"));
  if (file !== undefined && file.text !== "/dev/stdin") {
    if (file.isFile) state.isIncomplete = true;
    return;
  }
  if (input === UNKNOWN) return;
  if (input.isFetched) state.dangers.add("curl_pipe_shell");
  if (input.isDecoded) state.dangers.add("decode_pipe_shell");
  if (input.text === null) state.isIncomplete = true;
  else readScript(input.text, state, new Map(variables), level + 1);
}

function runEval(
  args: readonly Argument[],
  origin: "fetched" | null,
  state: State,
  variables: Variables,
  level: number,
): void {
  if (origin === "fetched") state.dangers.add("curl_pipe_shell");
  if (args.some((arg) => arg.isUnknown)) state.isIncomplete = true;
  readScript(joinTexts(args), state, variables, level + 1);
}

function runInterpreter(
  program: string,
  args: readonly Argument[],
  input: Output,
  state: State,
  level: number,
): void {
  const isAwk = /^(?:[gmn]?awk)$/.test(program);
  const codes: Argument[] = [];
  for (const [i, arg] of args.entries()) {
    if (/^-(?:[a-zA-Z]*[ceErp]|-eval|-command|-print)$/.test(arg.text))
      codes.push(...args.slice(i + 1, i + 2));
  }
  if (isAwk) codes.push(...args.filter((arg) => !arg.text.startsWith("-")).slice(0, 1));
  for (const code of codes) {
    if (code.isUnknown) state.isIncomplete = true;
    runCode(code.text, state, level);
  }
  const isStandardInput = codes.length === 0 && !args.some((arg) => arg.text !== "-");
  if (!isStandardInput || input === UNKNOWN) return;
  if (input.isFetched) state.dangers.add("curl_pipe_shell");
  else if (input.isDecoded) state.dangers.add("decode_pipe_shell");
  if (input.text === null) state.isIncomplete = true;
  else runCode(input.text, state, level);
}

function runCode(code: string, state: State, level: number): void {
  const reading = readCode(code.slice(0, MAX_TEXT));
  for (const danger of reading.dangers) state.dangers.add(danger);
  if (reading.isHidden || code.length > MAX_TEXT) state.isIncomplete = true;
  for (const command of reading.commands) {
    // A string of a program need not be a command: only what destroys counts.
    const inner = createState();
    inner.commands = state.commands;
    readScript(command, inner, new Map(), level + 1);
    state.commands = inner.commands;
    for (const danger of inner.dangers) state.dangers.add(danger);
    if (inner.dangers.size > 0) for (const program of inner.programs) state.programs.add(program);
    state.statements.push(...inner.statements);
  }
}

function runFind(args: readonly Argument[], state: State, variables: Variables, level: number): void {
  let count = 0;
  for (let i = 0; i < args.length; i += 1) {
    if (!/^(?:-exec|-execdir|-ok|-okdir|-x|-X|--exec|--exec-batch)$/.test(args[i]?.text ?? "")) continue;
    let end = i + 1;
    while (end < args.length && args[end]?.text !== ";" && args[end]?.text !== "+") end += 1;
    const words = args.slice(i + 1, end);
    if (toProgram(words[0]?.text ?? "") === "rm") state.dangers.add("find_exec_rm");
    count += 1;
    if (count > MAX_LEVEL) {
      state.isIncomplete = true;
      return;
    }
    if (words.length > 0) runCommand(words, null, UNKNOWN, state, variables, level + 1);
    i = end;
  }
}

/** Collects what a database's client is told to run: by option, by argument, by here-document or pipe. */
function noteStatements(program: string, args: readonly Argument[], input: Output, state: State): void {
  for (const [i, arg] of args.entries()) {
    const inline =
      /^--(?:command|execute|query|statement|sql)=(.*)$/s.exec(arg.text) ?? /^-[ceqQ](.+)$/s.exec(arg.text);
    if (inline !== null) state.statements.push(inline[1] ?? "");
    const isOption = /^(?:-[a-zA-Z]*[ceqQ]|--command|--execute|--query|--statement|--sql)$/.test(arg.text);
    const next = args[i + 1];
    if (isOption && next !== undefined) {
      if (next.isUnknown) state.isIncomplete = true;
      state.statements.push(next.text);
    } else if (i > 0 && /\s/.test(arg.text) && !isOption) state.statements.push(arg.text);
  }
  if (program === "sqlite3" || program === "duckdb" || program === "bq") {
    for (const arg of args) if (/\s/.test(arg.text)) state.statements.push(arg.text);
  }
  if (input.text !== null) state.statements.push(input.text);
}

/** What a command prints, as far as that can be known. */
function toOutput(program: string, args: readonly Argument[], input: Output): Output {
  if (FETCHERS.test(program)) return { text: null, isFetched: true, isDecoded: false };
  if (program === "echo" || program === "printf") {
    if (args.some((arg) => arg.isUnknown)) return { text: null, isFetched: false, isDecoded: false };
    const words = args.map((arg) => arg.text).filter((text) => !/^-[neE]+$/.test(text));
    const texts = program === "printf" && words.length > 1 ? words.slice(1) : words;
    return { text: texts.join(" ").replaceAll("\\n", "\n"), isFetched: false, isDecoded: false };
  }
  if (program === "cat" && args.length === 0) return input;
  if (DECODERS.test(program)) {
    const isBase64 =
      program === "base64" &&
      args.some((arg) => /^-(?:d|D|-decode)$/.test(arg.text) || arg.text === "--decode");
    const text = isBase64 && input.text !== null ? Buffer.from(input.text, "base64").toString() : null;
    return { text, isFetched: input.isFetched, isDecoded: true };
  }
  // Whatever else passes something on: where it came from stays so.
  return { text: null, isFetched: input.isFetched, isDecoded: input.isDecoded };
}
