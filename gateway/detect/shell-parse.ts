// Parses shell scripts into pipelines of simple commands. Nothing is expanded here; words keep their parts.

/** A part of a word. */
export type Part =
  | { readonly kind: "text"; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: "variable"; readonly name: string; readonly isQuoted: boolean }
  /** `$(…)`, backticks, or `<(…)`, with the script inside. */
  | { readonly kind: "script"; readonly script: string; readonly isQuoted: boolean; readonly isFile: boolean }
  /** Anything else whose value is known only when it runs. */
  | { readonly kind: "unknown"; readonly isQuoted: boolean };

export type ShellWord = readonly Part[];

export type Redirect = { readonly operator: string; readonly target: ShellWord };

/** A simple command, before expansion. `input` is a here-document's text. */
export type SimpleCommand = {
  readonly words: readonly ShellWord[];
  readonly redirects: readonly Redirect[];
  readonly input: string | null;
};

/** Commands joined by pipes. */
export type Pipeline = readonly SimpleCommand[];

export type ParsedShell = {
  readonly pipelines: readonly Pipeline[];
  /** A quote or substitution is open at the end, or nested too deeply. */
  readonly isUnterminated: boolean;
};

const OPERATOR = /&&|\|\||\|&|;;&|;;|;&|[;&|()]|\r?\n/y;
const REDIRECT = /(?:\d*|&|\{\w+\})(?:<<<|<<-?|<>|>\||>>|>&|<&|<(?!\()|>(?!\())/y;
const BREAK = /[\s;&|()<>]/;

type Reader = {
  readonly text: string;
  at: number;
  readonly level: number;
  isUnterminated: boolean;
  /** Here-documents whose text comes after the line. */
  waiting: { delimiter: string; isStripped: boolean; take: (text: string) => void }[];
};

/** How deep `${a:-${b:-…}}` is read. */
const MAX_LEVEL = 16;

/** Parses a script. It never fails; what cannot be read is cut off and `isUnterminated` set. */
export function parseShell(text: string, level = 0): ParsedShell {
  const reader: Reader = {
    text: text.replaceAll("\\\n", "").replaceAll("\\\r\n", ""),
    at: 0,
    level,
    isUnterminated: false,
    waiting: [],
  };
  const pipelines: Pipeline[] = [];
  let pipeline: SimpleCommand[] = [];
  let command = createCommand();
  const endCommand = (): void => {
    if (command.words.length > 0 || command.redirects.length > 0) pipeline.push(command);
    command = createCommand();
  };
  const endPipeline = (): void => {
    endCommand();
    if (pipeline.length > 0) pipelines.push(pipeline);
    pipeline = [];
  };
  while (reader.at < reader.text.length) {
    const c = reader.text.charAt(reader.at);
    const operator = match(reader, OPERATOR);
    if (operator !== null) {
      reader.at += operator.length;
      if (operator === "|" || operator === "|&") endCommand();
      else endPipeline();
      if (operator.endsWith("\n")) readHereDocuments(reader);
    } else if (/\s/.test(c)) reader.at += 1;
    else if (c === "#") {
      const end = reader.text.indexOf("\n", reader.at);
      reader.at = end === -1 ? reader.text.length : end;
    } else {
      const redirect = match(reader, REDIRECT);
      if (redirect === null) command.words.push(readWord(reader));
      else readRedirect(reader, redirect, command);
    }
  }
  endPipeline();
  for (const document of reader.waiting) document.take("");
  return { pipelines, isUnterminated: reader.isUnterminated };
}

type Building = { words: ShellWord[]; redirects: Redirect[]; input: string | null };

function createCommand(): Building {
  return { words: [], redirects: [], input: null };
}

function match(reader: Reader, pattern: RegExp): string | null {
  pattern.lastIndex = reader.at;
  return pattern.exec(reader.text)?.[0] ?? null;
}

function readRedirect(reader: Reader, redirect: string, command: Building): void {
  reader.at += redirect.length;
  while (reader.text.charAt(reader.at) === " " || reader.text.charAt(reader.at) === "\t") reader.at += 1;
  const target = readWord(reader);
  const operator = redirect.replace(/^(?:\d+|&|\{\w+\})/, "");
  if (operator === "<<" || operator === "<<-") {
    const delimiter = target.map((part) => (part.kind === "text" ? part.text : "")).join("");
    const take = (text: string): void => {
      command.input = (command.input ?? "") + text;
    };
    reader.waiting.push({ delimiter, isStripped: redirect.endsWith("-"), take });
  } else command.redirects.push({ operator, target });
}

function readHereDocuments(reader: Reader): void {
  for (const { delimiter, isStripped, take } of reader.waiting) {
    let body = "";
    while (reader.at < reader.text.length) {
      const end = reader.text.indexOf("\n", reader.at);
      const stop = end === -1 ? reader.text.length : end;
      const line = reader.text.slice(reader.at, stop).replace(/\r$/, "");
      reader.at = Math.min(stop + 1, reader.text.length);
      const plain = isStripped ? line.replace(/^\t+/, "") : line;
      if (plain === delimiter) break;
      body += `${plain}\n`;
    }
    take(body);
  }
  reader.waiting = [];
}

function readWord(reader: Reader): ShellWord {
  const { text } = reader;
  const parts: Part[] = [];
  let plain = "";
  const flush = (): void => {
    if (plain !== "") parts.push({ kind: "text", text: plain, isQuoted: false });
    plain = "";
  };
  while (reader.at < text.length) {
    const c = text.charAt(reader.at);
    const next = text.charAt(reader.at + 1);
    const isProcess = (c === "<" || c === ">") && next === "(";
    if (BREAK.test(c) && !isProcess) break;
    if (c === "'") {
      flush();
      parts.push({ kind: "text", text: readUntil(reader, "'"), isQuoted: true });
    } else if (c === '"') {
      flush();
      readDoubleQuoted(reader, parts);
    } else if (c === "$" && next === "'") {
      flush();
      reader.at += 1;
      parts.push({ kind: "text", text: readAnsi(reader), isQuoted: true });
    } else if (c === "$" && next === '"') reader.at += 1;
    else if (c === "$" || c === "`" || isProcess) {
      flush();
      readExpansion(reader, parts, false);
    } else if (c === "\\") {
      // A quoted character: it is itself, also where it is a space or a glob.
      if (next !== "") {
        flush();
        parts.push({ kind: "text", text: next, isQuoted: true });
      }
      reader.at += 2;
    } else {
      plain += c;
      reader.at += 1;
    }
  }
  flush();
  return parts;
}

/** Reads from an opening quote to the closing one; gives what is between. */
function readUntil(reader: Reader, quote: string): string {
  const end = reader.text.indexOf(quote, reader.at + 1);
  if (end === -1) reader.isUnterminated = true;
  const stop = end === -1 ? reader.text.length : end;
  const inner = reader.text.slice(reader.at + 1, stop);
  reader.at = stop + 1;
  return inner;
}

function readDoubleQuoted(reader: Reader, parts: Part[]): void {
  const { text } = reader;
  reader.at += 1;
  let plain = "";
  const flush = (isLast: boolean): void => {
    if (plain !== "" || isLast) parts.push({ kind: "text", text: plain, isQuoted: true });
    plain = "";
  };
  while (reader.at < text.length && text.charAt(reader.at) !== '"') {
    const c = text.charAt(reader.at);
    const next = text.charAt(reader.at + 1);
    if (c === "\\" && '"\\$`'.includes(next) && next !== "") {
      plain += next;
      reader.at += 2;
    } else if (c === "`" || (c === "$" && /[({\w@*#?$!-]/.test(next))) {
      flush(false);
      readExpansion(reader, parts, true);
    } else {
      plain += c;
      reader.at += 1;
    }
  }
  if (reader.at >= text.length) reader.isUnterminated = true;
  reader.at += 1;
  flush(true);
}

function readExpansion(reader: Reader, parts: Part[], isQuoted: boolean): void {
  const { text } = reader;
  const c = text.charAt(reader.at);
  const next = text.charAt(reader.at + 1);
  if (c === "`") {
    const script = readUntil(reader, "`").replaceAll("\\`", "`");
    parts.push({ kind: "script", script, isQuoted, isFile: false });
  } else if (next === "(" && text.charAt(reader.at + 2) === "(" && c === "$") {
    reader.at = closeParenthesis(reader, reader.at + 2);
    parts.push({ kind: "unknown", isQuoted });
  } else if (next === "(") {
    const end = closeParenthesis(reader, reader.at + 2);
    const script = text.slice(reader.at + 2, end - 1);
    reader.at = end;
    parts.push({ kind: "script", script, isQuoted, isFile: c !== "$" });
  } else if (next === "{") {
    const end = closeBrace(reader);
    const inner = text.slice(reader.at + 2, end - 1);
    reader.at = end;
    if (/^\w+$/.test(inner)) parts.push({ kind: "variable", name: inner, isQuoted });
    else readParameter(reader, inner, parts, isQuoted);
  } else {
    const name = /^(?:\w+|[@*#?$!-])/.exec(text.slice(reader.at + 1, reader.at + 129))?.[0] ?? "";
    if (name === "") parts.push({ kind: "text", text: "$", isQuoted });
    else parts.push({ kind: "variable", name: /^\d/.test(name) ? name.charAt(0) : name, isQuoted });
    reader.at += 1 + (/^\d/.test(name) ? 1 : name.length);
  }
}

/** `${name:-word}` and its like: the scripts inside count, the value is not known. */
function readParameter(reader: Reader, inner: string, parts: Part[], isQuoted: boolean): void {
  if (reader.level >= MAX_LEVEL) {
    reader.isUnterminated = true;
    parts.push({ kind: "unknown", isQuoted });
    return;
  }
  const nested = parseShell(inner, reader.level + 1);
  for (const command of nested.pipelines.flat()) {
    for (const word of command.words) for (const part of word) if (part.kind === "script") parts.push(part);
  }
  parts.push({ kind: "unknown", isQuoted });
}

/** Gives the index after the parenthesis that closes the one before `from`. */
function closeParenthesis(reader: Reader, from: number): number {
  const { text } = reader;
  let depth = 1;
  for (let i = from; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (c === "\\") i += 1;
    else if (c === "'" || c === '"' || c === "`") i = skipQuote(text, i);
    else if (c === "(") depth += 1;
    else if (c === ")") {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  reader.isUnterminated = true;
  return text.length + 1;
}

function closeBrace(reader: Reader): number {
  const { text } = reader;
  let depth = 0;
  for (let i = reader.at + 1; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (c === "\\") i += 1;
    else if (c === "'" || c === '"') i = skipQuote(text, i);
    else if (c === "{") depth += 1;
    else if (c === "}") {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  reader.isUnterminated = true;
  return text.length + 1;
}

function skipQuote(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let i = start + 1; i < text.length; i += 1) {
    if (text.charAt(i) === "\\" && quote !== "'") i += 1;
    else if (text.charAt(i) === quote) return i;
  }
  return text.length;
}

const ANSI: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\u0007",
  b: "\b",
  e: "\u001b",
  f: "\f",
  v: "\v",
};

/** `$'…'` with its escapes. */
function readAnsi(reader: Reader): string {
  const { text } = reader;
  let out = "";
  reader.at += 1;
  while (reader.at < text.length && text.charAt(reader.at) !== "'") {
    const rest = text.slice(reader.at, reader.at + 12);
    const hex = /^\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))/.exec(rest);
    const octal = /^\\([0-7]{1,3})/.exec(rest);
    if (hex !== null) {
      const point = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? "0", 16);
      out += point <= 0x10ffff ? String.fromCodePoint(point) : "";
      reader.at += hex[0].length;
    } else if (octal !== null) {
      out += String.fromCharCode(Number.parseInt(octal[1] ?? "0", 8) & 0xff);
      reader.at += octal[0].length;
    } else if (rest.startsWith("\\")) {
      out += ANSI[rest.charAt(1)] ?? rest.charAt(1);
      reader.at += 2;
    } else {
      out += rest.charAt(0);
      reader.at += 1;
    }
  }
  if (reader.at >= text.length) reader.isUnterminated = true;
  reader.at += 1;
  return out;
}
