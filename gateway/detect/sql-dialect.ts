// Reads statements from tokens alone, for dialects that PostgreSQL's parser does not take. In doubt: incomplete.
import { noteTable, type SqlNotes } from "./sql-facts.ts";
import type { SqlToken } from "./sql-lexer.ts";

const DROPPED =
  /^(?:DATABASE|SCHEMA|TABLE|VIEW|INDEX|FUNCTION|PROCEDURE|SEQUENCE|TYPE|EXTENSION|ROLE|USER|LOGIN|TRIGGER|TABLESPACE|OWNED|KEYSPACE|STREAM|TASK|STAGE|WAREHOUSE|EVENT|SERVER|DICTIONARY|POLICY|RULE|DOMAIN|AGGREGATE|MATERIALIZED|PACKAGE|SYNONYM|CATALOG)$/;
const BEFORE_DROPPED = /^(?:TEMPORARY|TEMP|MATERIALIZED|FOREIGN|EXTERNAL|TRANSIENT|UNIQUE|PUBLIC|IF|EXISTS)$/;
/** Words that end a condition. */
const AFTER_WHERE =
  /^(?:RETURNING|ORDER|LIMIT|OPTION|OUTPUT|GO|DELETE|UPDATE|INSERT|DROP|TRUNCATE|EXEC|EXECUTE|CREATE|ALTER|END|ON|WHEN|SETTINGS|ALLOW)$/;
/** Words before DELETE or UPDATE that make them no statement. */
const NO_STATEMENT = /^(?:ON|FOR|BEFORE|AFTER|OF|OR|KEY|GRANT|REVOKE|NO|,|\.|AS|DO)$/;
const LEADING =
  /^(?:SELECT|INSERT|UPDATE|DELETE|DROP|TRUNCATE|CREATE|ALTER|GRANT|REVOKE|MERGE|REPLACE|CALL|EXEC|EXECUTE|PREPARE|DEALLOCATE|SHOW|USE|SET|DESCRIBE|DESC|EXPLAIN|WITH|VALUES|BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|END|DECLARE|FETCH|OPEN|CLOSE|PRAGMA|ATTACH|DETACH|VACUUM|ANALYZE|ANALYSE|REINDEX|OPTIMIZE|KILL|FLUSH|LOAD|LOCK|UNLOCK|RENAME|HANDLER|TABLE|COPY|UNLOAD|IMPORT|EXPORT|BACKUP|RESTORE|SHUTDOWN|REINDEX|CHECKPOINT|LISTEN|NOTIFY|DO|IF|WHILE|PRINT|GO|DBCC|DENY|UPSERT|PURGE|RESET|REFRESH|COMMENT|CLUSTER|DISCARD|REASSIGN|SECURITY|WAITFOR|RETURN)$/;
/** Statements whose effect lies in a text or in what stands elsewhere. */
const DYNAMIC =
  /^(?:EXEC|EXECUTE|CALL|PREPARE|DO|DECLARE|IF|WHILE|LOAD|HANDLER|DBCC|IMPORT|RESTORE|CREATE_PROGRAM)$/;

/** How many tokens may stand between UPDATE and SET. */
const MAX_TARGET = 256;
/** How often tokens are looked at again, for conditions; beyond it a text is incomplete. */
const MAX_WORK = 200_000;

/** Says whether a word may begin a statement. */
export function isSqlVerb(word: string): boolean {
  return LEADING.test(word);
}

/**
 * Notes what the tokens would do.
 *
 * @param onText - Takes texts that a statement may run as SQL.
 * @param isStrict - Whether only what begins a statement counts; else a verb in the middle does too, as where dialects
 *   need no semicolon.
 * @returns whether a statement was recognised.
 */
export function readStatements(
  tokens: readonly SqlToken[],
  notes: SqlNotes,
  onText: (text: string) => void,
  isStrict = false,
): boolean {
  let isStart = true;
  let isKnown = false;
  let isDynamic = false;
  for (const [i, token] of tokens.entries()) {
    if (token.kind === "symbol") {
      if (token.text === ";") {
        isStart = true;
        isDynamic = false;
      } else if (token.text !== "(") isStart = false;
      continue;
    }
    if (token.kind === "string") {
      if (isDynamic) onText(token.text);
      isStart = false;
      continue;
    }
    if (token.kind !== "word") {
      if (isStart) notes.incomplete = true;
      isStart = false;
      continue;
    }
    const word = token.text;
    if (isStart) {
      if (LEADING.test(word)) {
        isKnown = true;
        if (!/^(?:DELETE|UPDATE|DROP|TRUNCATE|GO)$/.test(word)) notes.kinds.add(word.toLowerCase());
      } else notes.incomplete = true;
    }
    if (
      (isStart && DYNAMIC.test(word)) ||
      /^(?:EXEC|EXECUTE|PREPARE|XP_CMDSHELL|SP_EXECUTESQL)$/.test(word)
    ) {
      isDynamic = true;
      notes.incomplete = true;
    }
    if (/^(?:OUTFILE|DUMPFILE|LOAD_FILE|LOAD_EXTENSION|XP_CMDSHELL)$/.test(word))
      notes.kinds.add(word.toLowerCase());
    if ((isStart || !isStrict) && readDestructive(tokens, i, isStart, notes)) isKnown = true;
    isStart =
      /^(?:BEGIN|THEN|ELSE|LOOP|GO|EXPLAIN|ANALYZE|ANALYSE|VERBOSE|DO)$/.test(word) &&
      tokens[i + 1]?.text !== "(";
  }
  return isKnown;
}

function readDestructive(tokens: readonly SqlToken[], i: number, isStart: boolean, notes: SqlNotes): boolean {
  const word = tokens[i]?.text ?? "";
  const before = tokens[i - 1];
  if (before !== undefined && !isStart && before.kind !== "string" && NO_STATEMENT.test(before.text))
    return false;
  if (before?.text === "." || tokens[i + 1]?.text === "." || tokens[i + 1]?.text === "=") return false;
  switch (word) {
    case "DELETE":
      return readDelete(tokens, i, isStart, notes);
    case "UPDATE":
      return readUpdate(tokens, i, isStart, notes);
    case "DROP":
      return readDrop(tokens, i, notes);
    case "TRUNCATE":
      if (!isStart && tokens[i + 1]?.text !== "TABLE") return false;
      if (tokens[i + 1] === undefined || tokens[i + 1]?.text === "(") return false;
      notes.kinds.add("truncate");
      return true;
    default:
      return false;
  }
}

function readDelete(tokens: readonly SqlToken[], i: number, isStart: boolean, notes: SqlNotes): boolean {
  let at = i + 1;
  while (/^(?:LOW_PRIORITY|QUICK|IGNORE|TOP|\(|\)|PERCENT|\d+)$/.test(tokens[at]?.text ?? "")) at += 1;
  const isFrom = tokens[at]?.text === "FROM";
  const name = tokens[isFrom ? at + 1 : at];
  if (name === undefined || (name.kind !== "word" && name.kind !== "name")) return false;
  if (!isFrom) {
    // `DELETE users` needs no FROM in some dialects; in a sentence other words follow.
    const next = tokens[at + 1];
    const isLast = next === undefined || /^(?:WHERE|FROM|;|\.|,|OUTPUT|USING|LIMIT|GO)$/.test(next.text);
    if (!isLast || !(isStart || followsStatement(tokens, i))) return false;
  }
  notes.kinds.add("delete");
  noteTable(notes, name.kind === "name" ? name.text : name.text.toLowerCase());
  if (!hasCondition(tokens, at, notes)) notes.whereMissing = true;
  return true;
}

/** Says whether what stands before is SQL and not a sentence: where no semicolon is needed, a statement may begin here. */
function followsStatement(tokens: readonly SqlToken[], i: number): boolean {
  return tokens
    .slice(Math.max(0, i - MAX_TARGET), i)
    .some((token) => token.kind !== "word" || token.text === "FROM" || token.text === "GO");
}

function readUpdate(tokens: readonly SqlToken[], i: number, isStart: boolean, notes: SqlNotes): boolean {
  const name = tokens[i + 1];
  if (name === undefined || (name.kind !== "word" && name.kind !== "name" && name.text !== "(")) return false;
  const depth = tokens[i]?.depth ?? 0;
  const stop = Math.min(tokens.length, i + (isStart ? MAX_TARGET : 7));
  let set = i + 2;
  for (; set < stop; set += 1) {
    const token = tokens[set];
    if (token?.kind === "symbol" && token.text === ";") return false;
    if (token?.kind === "word" && token.text === "SET" && token.depth === depth) break;
  }
  if (set >= stop) return false;
  if (
    tokens[set + 2]?.text !== "=" &&
    !["(", "."].includes(tokens[set + 1]?.text ?? "") &&
    tokens[set + 2]?.text !== "."
  )
    return false;
  notes.kinds.add("update");
  noteTable(notes, name.kind === "name" ? name.text : name.text.toLowerCase());
  if (!hasCondition(tokens, set, notes)) notes.whereMissing = true;
  return true;
}

function readDrop(tokens: readonly SqlToken[], i: number, notes: SqlNotes): boolean {
  let at = i + 1;
  let isMaterialized = false;
  while (BEFORE_DROPPED.test(tokens[at]?.text ?? "")) {
    isMaterialized ||= tokens[at]?.text === "MATERIALIZED";
    at += 1;
  }
  const object = tokens[at];
  const name = tokens[at + 1];
  if (object?.kind === "word" && /^(?:COLUMN|CONSTRAINT|PARTITION|PRIMARY)$/.test(object.text)) {
    notes.kinds.add(`drop_${object.text.toLowerCase()}`);
    return true;
  }
  if (object?.kind !== "word" || !DROPPED.test(object.text) || name === undefined) return false;
  if (name.kind !== "word" && name.kind !== "name" && name.kind !== "string") return false;
  const kind =
    { USER: "role", LOGIN: "role", VIEW: isMaterialized ? "matview" : "view" }[object.text] ??
    object.text.toLowerCase();
  notes.kinds.add(`drop_${kind}`);
  const named = tokens[at + 1]?.text === "IF" ? tokens[at + 3] : name;
  if (named !== undefined) noteTable(notes, named.kind === "word" ? named.text.toLowerCase() : named.text);
  return true;
}

/** Looks for the WHERE that belongs to the statement at `from` and says whether it can restrict anything. */
function hasCondition(tokens: readonly SqlToken[], from: number, notes: SqlNotes): boolean {
  const depth = tokens[from]?.depth ?? 0;
  let where = -1;
  let end = tokens.length;
  for (let i = from + 1; i < tokens.length; i += 1) {
    notes.work += 1;
    if (notes.work > MAX_WORK) {
      notes.incomplete = true;
      return false;
    }
    const token = tokens[i];
    if (token === undefined) break;
    const isOver = token.depth < depth || (token.kind === "symbol" && token.text === ";");
    const isNext = token.kind === "word" && token.depth === depth && AFTER_WHERE.test(token.text);
    if (isOver || (isNext && (where !== -1 || !/^(?:ON|ORDER|END|WHEN|UPDATE)$/.test(token.text)))) {
      end = i;
      break;
    }
    if (token.kind === "word" && token.text === "WHERE" && token.depth === depth && where === -1) where = i;
  }
  return where !== -1 && restricts(tokens.slice(where + 1, end), notes);
}

/** Says whether each alternative of a condition looks at a column in a way that is not always true. */
function restricts(tokens: readonly SqlToken[], notes: SqlNotes): boolean {
  if (tokens.length === 0) return false;
  let inner = tokens;
  const wraps = (): boolean => {
    const [first] = inner;
    if (first?.text !== "(" || inner.at(-1)?.text !== ")" || first.kind !== "symbol") return false;
    return inner.every((token, i) => i === 0 || i === inner.length - 1 || token.depth > first.depth);
  };
  while (inner.length > 1 && wraps()) inner = inner.slice(1, -1);
  const base = Math.min(...inner.map((token) => token.depth));
  const alternatives = splitAt(inner, base, /^(?:OR|\|\|)$/);
  if (alternatives.length > 1) return alternatives.every((alternative) => restricts(alternative, notes));
  const parts = splitAt(inner, base, /^(?:AND|&&)$/);
  if (parts.length > 1 && !inner.some((token) => token.text === "BETWEEN"))
    return parts.some((part) => restricts(part, notes));
  return looksAtRow(inner, notes);
}

const NO_COLUMN =
  /^(?:NOT|NULL|TRUE|FALSE|IS|IN|LIKE|BETWEEN|AND|OR|EXISTS|SELECT|CASE|WHEN|THEN|ELSE|END|UNKNOWN|CURRENT_USER|CURRENT_DATE|CURRENT_TIMESTAMP|DIV|MOD|XOR|INTERVAL)$/;

function looksAtRow(tokens: readonly SqlToken[], notes: SqlNotes): boolean {
  const columns = tokens.filter(
    (token, i) =>
      token.kind === "name" ||
      (token.kind === "word" &&
        !NO_COLUMN.test(token.text) &&
        !token.text.startsWith("@") &&
        tokens[i + 1]?.text !== "("),
  );
  if (columns.length === 0) return false;
  const comparison = tokens.findIndex(
    (token) => /^(?:=|==|<=|>=|<=>|LIKE)$/.test(token.text) && token.kind !== "string",
  );
  if (comparison > 0) {
    const write = (part: readonly SqlToken[]): string =>
      part.map((token) => token.text.toLowerCase()).join(" ");
    const left = write(tokens.slice(0, comparison));
    const right = tokens.slice(comparison + 1);
    if (left === write(right)) return false;
    if (tokens[comparison]?.text === "LIKE" && right.length === 1 && /^[%*]+$/.test(right[0]?.text ?? ""))
      return false;
  }
  // Where NOT stands, what is always false under it is always true: too much for tokens.
  if (tokens.some((token) => token.text === "NOT" && token.kind === "word") && tokens[0]?.text === "NOT")
    notes.incomplete = true;
  return true;
}

function splitAt(tokens: readonly SqlToken[], depth: number, separator: RegExp): SqlToken[][] {
  const parts: SqlToken[][] = [[]];
  for (const token of tokens) {
    const isSeparator =
      token.depth === depth &&
      (token.kind === "word" || token.kind === "symbol") &&
      separator.test(token.text);
    if (isSeparator) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}
