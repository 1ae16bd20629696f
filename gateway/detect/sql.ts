// Reads SQL found in a tool call: with PostgreSQL's parser, and from tokens where it is another dialect's.
import type { SqlFacts } from "../exchange.ts";
import { isSqlVerb, readStatements } from "./sql-dialect.ts";
import { createNotes, toFacts, type SqlNotes } from "./sql-facts.ts";
import { lexSql, type Dialect, type Lexed } from "./sql-lexer.ts";
import { loadSqlParser, parseProgram, parseSql } from "./sql-parser.ts";
import { get, isObject, textOf } from "./sql-tree.ts";
import { walkSql, type InnerText } from "./sql-walk.ts";

export { loadSqlParser };

/** Longer texts are not parsed. */
const MAX_BYTES = 65_536;
/** Texts in texts in texts: beyond this they are not read. */
const MAX_LEVEL = 5;
/** Deeper trees may overrun the parser's stack. */
const MAX_DEPTH = 2000;

const POSTGRES: Dialect = { backslash: false, mysql: false, nested: true, brackets: false };
const MYSQL: Dialect = { backslash: true, mysql: true, nested: false, brackets: false };
const SQL_SERVER: Dialect = { backslash: false, mysql: false, nested: true, brackets: true };

/** What MySQL and PostgreSQL read differently: where one sees a comment or string, the other may see a statement. */
const AMBIGUOUS = /\\|\/\*M?!|#|--\S|\/\*[^*]*\/\*/;

/** PostgreSQL's lexer takes time by the square of a run of these. */
const OPERATOR_RUN = /[~!@#^&|`?+*/%<>=-]{300}/;

const INVISIBLE = /[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]/g;

/** What is known of a text that is, or may be, SQL. */
export type SqlReading = {
  readonly facts: SqlFacts;
  /** It is surely SQL: PostgreSQL takes it, or it holds a statement that destroys. */
  readonly isSql: boolean;
  /** Shell commands that the SQL would have the server run. */
  readonly commands: readonly string[];
};

/** Says whether a text's first word may begin a statement. */
export function beginsLikeSql(text: string): boolean {
  const [first, second] = lexSql(text.slice(0, 4096), POSTGRES).tokens.filter((token) => token.text !== "(");
  return first?.kind === "word" && second !== undefined && isSqlVerb(first.text);
}

/** Reads a text as SQL. Needs `loadSqlParser` to have been awaited; without, all but the plainest is incomplete. */
export function readSql(text: string): SqlReading {
  const state: State = { notes: createNotes(), commands: [], isSql: false };
  readLevel(text, state, 0);
  return { facts: toFacts(state.notes), isSql: state.isSql, commands: state.commands };
}

/** Says whether a text is kept from PostgreSQL's parser, whose stack or time it could use up. */
function isHeavy(text: string): boolean {
  return OPERATOR_RUN.test(text) || lexSql(text, POSTGRES).depth > MAX_DEPTH;
}

type State = { readonly notes: SqlNotes; readonly commands: string[]; isSql: boolean };

function readLevel(text: string, state: State, level: number): void {
  const { notes } = state;
  if (level > MAX_LEVEL || text.length > MAX_BYTES || text.includes("\0") || !text.isWellFormed()) {
    notes.incomplete = true;
    readTokens(text.slice(0, MAX_BYTES), state, level);
    return;
  }
  if (text.trim() === "") return;
  const parsed = isHeavy(text) ? "unavailable" : parseSql(text);
  if (typeof parsed === "string") {
    if (parsed === "unavailable") notes.incomplete = true;
    readTokens(text, state, level);
    return;
  }
  walkSql(parsed.tree, notes, (inner) => readInner(inner, state, level + 1));
  if (notes.kinds.size > 0) state.isSql = true;
  if (AMBIGUOUS.test(text)) addOtherReading(text, state);
}

function readInner(inner: InnerText, state: State, level: number): void {
  if (inner.language === "shell") state.commands.push(inner.text);
  else if (inner.language === "plpgsql") readProgram(inner.text, state, level);
  else if (inner.language === "sql" || beginsLikeSql(inner.text)) readLevel(inner.text, state, level);
}

/** Reads a PL/pgSQL body: its statements as SQL; what is put together at run time is incomplete. */
function readProgram(body: string, state: State, level: number): void {
  let tag = "$tollgate$";
  while (body.includes(tag)) tag = `${tag.slice(0, -1)}_$`;
  const isShallow = body.length <= MAX_BYTES && !isHeavy(body) && level <= MAX_LEVEL;
  const parsed = isShallow ? parseProgram(`DO ${tag}${body}${tag}`) : "unavailable";
  if (typeof parsed === "string") {
    state.notes.incomplete = true;
    readTokens(body.slice(0, MAX_BYTES), state, level);
    return;
  }
  const open: unknown[] = [parsed.tree];
  while (open.length > 0) {
    const value = open.pop();
    if (Array.isArray(value)) {
      for (const inner of value) open.push(inner);
      continue;
    }
    if (!isObject(value)) continue;
    if ("PLpgSQL_stmt_dynexecute" in value || "PLpgSQL_stmt_dynfors" in value)
      readDynamic(value, state, level);
    const expression = value["PLpgSQL_expr"];
    if (expression !== undefined) readExpression(expression, state, level);
    open.push(...Object.values(value));
  }
}

function readDynamic(value: Record<string, unknown>, state: State, level: number): void {
  const node = value["PLpgSQL_stmt_dynexecute"] ?? value["PLpgSQL_stmt_dynfors"];
  const query = textOf(get(get(get(node, "query"), "PLpgSQL_expr"), "query"));
  state.notes.kinds.add("execute");
  const { tokens } = lexSql(query, POSTGRES);
  const [only] = tokens;
  if (tokens.length !== 1 || only?.kind !== "string") state.notes.incomplete = true;
  for (const token of tokens)
    if (token.kind === "string" && beginsLikeSql(token.text)) readLevel(token.text, state, level + 1);
}

function readExpression(expression: unknown, state: State, level: number): void {
  const query = textOf(get(expression, "query"));
  const mode = get(expression, "parseMode");
  if (mode === 0 || mode === undefined) return readLevel(query, state, level + 1);
  // An expression, or an assignment: what it calls counts, that it is a SELECT does not.
  const value = mode === 2 ? query : query.slice(query.search(/:?=/) + 1).replace(/^=/, "");
  const parsed = isHeavy(value) ? "unavailable" : parseSql(`SELECT ${value}`);
  if (typeof parsed === "string") state.notes.incomplete = true;
  else walkSql(parsed.tree, state.notes, (inner) => readInner(inner, state, level + 1));
}

/** Reads what PostgreSQL's parser does not take, in the dialects that it may be. */
function readTokens(text: string, state: State, level: number): void {
  const plain = text.normalize("NFKC").replaceAll(INVISIBLE, "");
  const dialect = /\[[^\]\d]/.test(plain) ? SQL_SERVER : /[`#\\]|\/\*M?!/.test(plain) ? MYSQL : POSTGRES;
  const readings = dialect === POSTGRES ? [POSTGRES] : [dialect, POSTGRES];
  let isKnown = false;
  for (const [i, reading] of readings.entries()) {
    const lexed = lexSql(plain, reading);
    const notes = i === 0 ? state.notes : createNotes();
    const onText = (inner: string): void => {
      if (beginsLikeSql(inner)) readLevel(inner, state, level + 1);
    };
    if (readStatements(lexed.tokens, notes, onText)) isKnown = true;
    if (i === 0 && lexed.isUnterminated) notes.incomplete = true;
    if (notes !== state.notes) addDestructive(notes, state);
  }
  if (!isKnown) state.notes.incomplete = true;
  if (isDestructive(state.notes)) state.isSql = true;
}

/** Adds what MySQL would do with a text that PostgreSQL takes, where that destroys. */
function addOtherReading(text: string, state: State): void {
  const lexed: Lexed = lexSql(text, MYSQL);
  const notes = createNotes();
  readStatements(lexed.tokens, notes, () => undefined, true);
  addDestructive(notes, state);
}

function addDestructive(notes: SqlNotes, state: State): void {
  for (const kind of notes.kinds) if (DESTRUCTIVE.test(kind)) state.notes.kinds.add(kind);
  if (notes.whereMissing) state.notes.whereMissing = true;
}

const DESTRUCTIVE = /^(?:drop_|truncate$|delete$|update$|xp_cmdshell$|outfile$|dumpfile$)/;

function isDestructive(notes: SqlNotes): boolean {
  return [...notes.kinds].some((kind) => DESTRUCTIVE.test(kind));
}
