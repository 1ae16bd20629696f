// A lexer for SQL of several dialects: comments, strings, quoted names, words, nesting. It never fails.

export type SqlToken = {
  readonly kind: "word" | "name" | "string" | "number" | "symbol";
  /** Words in upper case; names and strings without their quotes; symbols as they are. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** How many parentheses are open round the token. */
  readonly depth: number;
};

/** What differs between dialects. */
export type Dialect = {
  /** `\` escapes in strings (MySQL). */
  readonly backslash: boolean;
  /** `#` begins a comment, `--` only before white space, and the inside of a version comment is code (MySQL). */
  readonly mysql: boolean;
  /** Comments nest (PostgreSQL, SQL Server). */
  readonly nested: boolean;
  /** `[name]` is a quoted name (SQL Server, SQLite). */
  readonly brackets: boolean;
};

export type Lexed = {
  readonly tokens: readonly SqlToken[];
  /** A string or comment goes on to the end of the text. */
  readonly isUnterminated: boolean;
  /** Upper bound of how deep a parser's tree may become. */
  readonly depth: number;
};

const WORD = /[\p{L}_@\u0080-\uffff][\p{L}\p{N}_$@#\u0080-\uffff]*/uy;
const NUMBER = /(?:0[xX][0-9a-fA-F]+|\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?|\.\d+)/y;
const DOLLAR = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const SPACE = /[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+/y;

/** Splits SQL into tokens; comments are left out. */
export function lexSql(text: string, dialect: Dialect): Lexed {
  const tokens: SqlToken[] = [];
  let isUnterminated = false;
  let depth = 0;
  let i = 0;
  // Tokens since the last comma, in each open parenthesis: a tree is at most as deep as their sum.
  const open: number[] = [];
  let run = 0;
  let deepest = 0;
  let enclosing = 0;
  const push = (kind: SqlToken["kind"], value: string, end: number): void => {
    tokens.push({ kind, text: value, start: i, end, depth });
    run += 1;
    deepest = Math.max(deepest, enclosing + run);
    i = end;
  };
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = i;
    return pattern.exec(text)?.[0] ?? null;
  };
  while (i < text.length) {
    const c = text.charAt(i);
    const two = text.slice(i, i + 2);
    const space = match(SPACE);
    if (space !== null) {
      i += space.length;
    } else if (isLineComment(text, i, dialect)) {
      const end = text.slice(i).search(/[\r\n]/);
      i = end === -1 ? text.length : i + end;
    } else if (dialect.mysql && two === "/*" && /^\/\*M?!\d*/.test(text.slice(i, i + 10))) {
      i += /^\/\*M?!\d*/.exec(text.slice(i, i + 10))?.[0].length ?? 3;
    } else if (dialect.mysql && two === "*/") {
      i += 2;
    } else if (two === "/*") {
      const end = skipComment(text, i, dialect.nested);
      if (end === -1) isUnterminated = true;
      i = end === -1 ? text.length : end;
    } else if (c === "'" || c === '"' || c === "`" || (c === "[" && dialect.brackets)) {
      const quote = c === "[" ? "]" : c;
      const isEscape = /^e$/i.test(tokens.at(-1)?.text ?? "") && tokens.at(-1)?.end === i;
      const hasBackslash = c !== "`" && c !== "[" && (dialect.backslash || (isEscape && c === "'"));
      const end = skipQuoted(text, i + 1, quote, hasBackslash);
      if (end === -1) isUnterminated = true;
      const inner = text.slice(i + 1, end === -1 ? text.length : end - 1).replaceAll(quote + quote, quote);
      const isString = c === "'" || (c === '"' && dialect.mysql);
      push(isString ? "string" : "name", inner, end === -1 ? text.length : end);
    } else if (c === "$" && match(DOLLAR) !== null) {
      const tag = match(DOLLAR) ?? "$$";
      const end = text.indexOf(tag, i + tag.length);
      if (end === -1) isUnterminated = true;
      push(
        "string",
        text.slice(i + tag.length, end === -1 ? text.length : end),
        end === -1 ? text.length : end + tag.length,
      );
    } else {
      const word = match(WORD);
      const number = word === null ? match(NUMBER) : null;
      if (word !== null) push("word", word.toUpperCase(), i + word.length);
      else if (number !== null) push("number", number, i + number.length);
      else if (c === "(" || c === "[") {
        push("symbol", c, i + 1);
        depth += 1;
        open.push(run);
        enclosing += run;
        run = 0;
      } else if (c === ")" || c === "]") {
        depth = Math.max(0, depth - 1);
        const outer = open.pop() ?? 0;
        enclosing -= outer;
        run = outer;
        push("symbol", c, i + 1);
      } else {
        if (c === "," || c === ";") run = 0;
        const operator = /^(?:<>|!=|<=>|<=|>=|\|\||&&|::|:=|==)/.exec(text.slice(i, i + 3))?.[0] ?? c;
        push("symbol", operator, i + operator.length);
      }
    }
  }
  return { tokens, isUnterminated, depth: deepest };
}

function isLineComment(text: string, i: number, dialect: Dialect): boolean {
  const c = text.charCodeAt(i);
  if (c === 0x23) return dialect.mysql;
  if (c !== 0x2d || text.charCodeAt(i + 1) !== 0x2d) return false;
  return !dialect.mysql || i + 2 >= text.length || /\s/.test(text.charAt(i + 2));
}

function skipComment(text: string, start: number, isNested: boolean): number {
  let level = 1;
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start + 2;
  for (let found = edge.exec(text); found !== null; found = edge.exec(text)) {
    if (found[0] === "*/") level -= 1;
    else if (isNested) level += 1;
    if (level === 0) return found.index + 2;
  }
  return -1;
}

function skipQuoted(text: string, start: number, quote: string, hasBackslash: boolean): number {
  for (let i = start; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (c === "\\" && hasBackslash) i += 1;
    else if (c === quote) {
      if (text.charAt(i + 1) !== quote) return i + 1;
      i += 1;
    }
  }
  return -1;
}
