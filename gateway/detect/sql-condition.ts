// Says whether a condition in PostgreSQL's tree can keep any row out, by folding what does not depend on a row.
import { get, isObject, list, textOf, toNode } from "./sql-tree.ts";

/** A value that a condition folds to: a constant, `free` (depends on no row, value unknown) or `row` (depends on one). */
type Folded = { readonly constant: string | number | boolean | null } | "free" | "row";

const ROW: Folded = "row";
const FREE: Folded = "free";
const TRUE: Folded = { constant: true };
const FALSE: Folded = { constant: false };
const MAX_DEPTH = 200;

/**
 * Says whether a WHERE clause restricts nothing: it is absent, always true, or does not look at the row at all.
 *
 * @param table - The table that the statement changes, for conditions such as `id IN (SELECT id FROM table)`.
 */
export function isAlwaysTrue(clause: unknown, table: string | null): boolean {
  if (clause === undefined || clause === null) return true;
  const folded = fold(clause, table, 0);
  return folded === "free" || (folded !== "row" && isTruthy(folded.constant));
}

function isTruthy(constant: string | number | boolean | null): boolean {
  if (typeof constant === "string") return /^(?:t|tr|tru|true|y|ye|yes|on|1)$/i.test(constant.trim());
  return constant !== null && constant !== false && constant !== 0;
}

function fold(expression: unknown, table: string | null, depth: number): Folded {
  if (depth > MAX_DEPTH) return ROW;
  const [type, node] = toNode(expression);
  const again = (inner: unknown): Folded => fold(inner, table, depth + 1);
  switch (type) {
    case "A_Const":
      return foldConstant(node);
    case "TypeCast":
    case "CollateClause":
      return foldCast(again(get(node, "arg")), get(node, "typeName"));
    case "BoolExpr":
      return foldBoolean(get(node, "boolop"), list(get(node, "args")).map(again), list(get(node, "args")));
    case "A_Expr":
      return foldOperator(node, again);
    case "NullTest":
      return foldNullTest(node, again(get(node, "arg")));
    case "BooleanTest":
      return foldBooleanTest(get(node, "booltesttype"), again(get(node, "arg")));
    case "SubLink":
      return foldSubLink(node, table, again);
    case "CoalesceExpr": {
      const values = list(get(node, "args")).map(again);
      const first = values.find((value) => typeof value === "string" || value.constant !== null);
      return first ?? { constant: null };
    }
    case "CaseExpr":
      return foldCase(node, again);
    case "ColumnRef":
      return ROW;
    case "CurrentOfExpr":
      return ROW;
    default:
      return mentionsRow(expression) ? ROW : FREE;
  }
}

function foldConstant(node: unknown): Folded {
  if (get(node, "isnull") === true) return { constant: null };
  const bool = get(node, "boolval");
  if (bool !== undefined) return { constant: get(bool, "boolval") === true };
  const integer = get(node, "ival");
  if (integer !== undefined) return { constant: Number(get(integer, "ival") ?? 0) };
  const float = get(get(node, "fval"), "fval");
  if (float !== undefined) return { constant: Number(float) };
  const text = get(node, "sval");
  if (text !== undefined) return { constant: textOf(get(text, "sval")) };
  return FREE;
}

function foldCast(value: Folded, typeName: unknown): Folded {
  if (typeof value === "string" || value.constant === null) return value;
  const name = textOf(get(get(list(get(typeName, "names")).at(-1), "String"), "sval"));
  if (name === "bool") return { constant: isTruthy(value.constant) };
  if (/^(?:int|float|numeric)/.test(name) && typeof value.constant !== "boolean")
    return { constant: Number(value.constant) };
  return value;
}

function foldBoolean(op: unknown, values: readonly Folded[], args: readonly unknown[]): Folded {
  const isTrue = (value: Folded): boolean => typeof value !== "string" && isTruthy(value.constant);
  const isFalse = (value: Folded): boolean => typeof value !== "string" && !isTruthy(value.constant);
  const [first] = values;
  if (op === "NOT_EXPR") {
    if (first === undefined || typeof first === "string") return first ?? FREE;
    return first.constant === null ? first : { constant: !isTruthy(first.constant) };
  }
  if (op === "OR_EXPR") {
    if (values.some(isTrue) || holdsOpposites(args)) return TRUE;
    if (values.includes("free")) return FREE;
    return values.includes("row") ? ROW : FALSE;
  }
  if (values.some(isFalse)) return FALSE;
  if (values.includes("row")) return ROW;
  return values.includes("free") ? FREE : TRUE;
}

/** `a OR NOT a`, `a IS NULL OR a IS NOT NULL`, `a = 1 OR a <> 1`. */
function holdsOpposites(args: readonly unknown[]): boolean {
  const texts = new Set(args.map(toText));
  return args.some((arg) => {
    const [type, node] = toNode(arg);
    const inner = list(get(node, "args"))[0];
    if (type === "BoolExpr" && get(node, "boolop") === "NOT_EXPR") return texts.has(toText(inner));
    if (type === "NullTest" && get(node, "nulltesttype") === "IS_NULL") {
      return texts.has(toText(arg).replace("IS_NULL", "IS_NOT_NULL"));
    }
    if (type !== "A_Expr") return false;
    const opposites: Record<string, readonly string[]> = {
      "=": ["<>"],
      "<": [">="],
      ">": ["<="],
      "<=": [">", ">="],
      ">=": ["<"],
    };
    const text = toText(arg);
    const name = toOperator(node);
    return (opposites[name] ?? []).some((other) =>
      texts.has(text.replace(`{"sval":"${name}"}`, `{"sval":"${other}"}`)),
    );
  });
}

function foldOperator(node: unknown, again: (inner: unknown) => Folded): Folded {
  const left = get(node, "lexpr");
  const right = get(node, "rexpr");
  const name = toOperator(node);
  const kind = String(get(node, "kind"));
  const [rightType, rightNode] = toNode(right);
  if (
    kind === "AEXPR_LIKE" ||
    kind === "AEXPR_ILIKE" ||
    kind === "AEXPR_SIMILAR" ||
    name === "~" ||
    name === "~*"
  ) {
    return foldPattern(left, right, name, again);
  }
  if (rightType === "List")
    return foldMembers(kind, name, again(left), list(get(rightNode, "items")).map(again), left, rightNode);
  const a = left === undefined ? undefined : again(left);
  const b = again(right);
  if (a !== undefined && toText(left) === toText(right)) {
    if (["=", "<=", ">="].includes(name) || kind === "AEXPR_NOT_DISTINCT") return TRUE;
    if (["<>", "!=", "<", ">"].includes(name) || kind === "AEXPR_DISTINCT") return FALSE;
  }
  if (a === "row" || b === "row") return ROW;
  if (a === undefined || a === "free" || b === "free") return FREE;
  return compare(name, kind, a.constant, b.constant);
}

function foldMembers(
  kind: string,
  name: string,
  value: Folded,
  members: readonly Folded[],
  left: unknown,
  rightNode: unknown,
): Folded {
  const isSelf = list(get(rightNode, "items")).some((item) => toText(item) === toText(left));
  if (kind === "AEXPR_IN" && name === "=" && isSelf) return TRUE;
  if (value === "row" || members.includes("row")) return ROW;
  if (kind !== "AEXPR_IN" || typeof value === "string" || members.includes("free")) return FREE;
  const isIn = members.some(
    (member) => typeof member !== "string" && String(member.constant) === String(value.constant),
  );
  return { constant: name === "=" ? isIn : !isIn };
}

function foldPattern(left: unknown, right: unknown, name: string, again: (inner: unknown) => Folded): Folded {
  // `SIMILAR TO` and `LIKE … ESCAPE` wrap the pattern in a call.
  const [type, node] = toNode(right);
  const pattern = again(type === "FuncCall" ? list(get(node, "args"))[0] : right);
  if (typeof pattern !== "string" && typeof pattern.constant === "string") {
    const isRegex = name.includes("~") && !name.includes("~~");
    const isAny = isRegex ? /^\^?(?:\(?\.\*\)?)?\$?$/.test(pattern.constant) : /^%+$/.test(pattern.constant);
    if (isAny) return name.startsWith("!") ? FALSE : TRUE;
  }
  const value = again(left);
  return value === "row" || pattern === "row" ? ROW : FREE;
}

function compare(name: string, kind: string, a: Constant, b: Constant): Folded {
  if (kind === "AEXPR_NOT_DISTINCT") return { constant: a === b };
  if (kind === "AEXPR_DISTINCT") return { constant: a !== b };
  if (a === null || b === null) return { constant: null };
  const [x, y] =
    typeof a === "number" || typeof b === "number" ? [Number(a), Number(b)] : [String(a), String(b)];
  switch (name) {
    case "=":
      return { constant: x === y };
    case "<>":
    case "!=":
      return { constant: x !== y };
    case "<":
      return { constant: x < y };
    case ">":
      return { constant: x > y };
    case "<=":
      return { constant: x <= y };
    case ">=":
      return { constant: x >= y };
    default:
      return FREE;
  }
}

type Constant = string | number | boolean | null;

function foldNullTest(node: unknown, value: Folded): Folded {
  const wantsNull = get(node, "nulltesttype") === "IS_NULL";
  if (value === "free") return FREE;
  if (value !== "row") return { constant: (value.constant === null) === wantsNull };
  // A row always has its own place and its key.
  const fields = list(get(get(get(node, "arg"), "ColumnRef"), "fields"));
  const name = textOf(get(get(fields.at(-1), "String"), "sval"));
  return ["ctid", "tableoid", "xmin", "id"].includes(name) ? { constant: !wantsNull } : ROW;
}

function foldBooleanTest(test: unknown, value: Folded): Folded {
  if (typeof value === "string") return value;
  const truth = value.constant === null ? "UNKNOWN" : isTruthy(value.constant) ? "TRUE" : "FALSE";
  const wanted = String(test);
  return { constant: wanted.includes("NOT_") ? !wanted.endsWith(truth) : wanted.endsWith(truth) };
}

function foldSubLink(node: unknown, table: string | null, again: (inner: unknown) => Folded): Folded {
  const type = get(node, "subLinkType");
  const select = get(get(node, "subselect"), "SelectStmt");
  const from = list(get(select, "fromClause"));
  const isBare = isAlwaysTrue(get(select, "whereClause"), null) && get(select, "havingClause") === undefined;
  const isUnlimited = get(select, "limitCount") === undefined && get(select, "op") === "SETOP_NONE";
  const target = get(get(list(get(select, "targetList"))[0], "ResTarget"), "val");
  if (type === "EXISTS_SUBLINK" && isBare) return TRUE;
  if (type === "EXPR_SUBLINK" && from.length === 0 && isBare) return again(target);
  const fromTable = get(get(from[0], "RangeVar"), "relname");
  const isOwnTable = table !== null && fromTable === table && from.length === 1;
  if (type === "ANY_SUBLINK" && isBare && isUnlimited && isOwnTable) {
    const isSameColumn =
      toLastField(target) !== "" && toLastField(target) === toLastField(get(node, "testexpr"));
    if (isSameColumn) return TRUE;
  }
  return mentionsRow(node) ? ROW : FREE;
}

function foldCase(node: unknown, again: (inner: unknown) => Folded): Folded {
  const results = list(get(node, "args")).map((arg) => again(get(get(arg, "CaseWhen"), "result")));
  const otherwise = get(node, "defresult");
  if (otherwise !== undefined) results.push(again(otherwise));
  const areAllTrue = results.every((result) => typeof result !== "string" && isTruthy(result.constant));
  if (areAllTrue && otherwise !== undefined) return TRUE;
  return mentionsRow(node) ? ROW : FREE;
}

function toOperator(node: unknown): string {
  return textOf(get(get(list(get(node, "name")).at(-1), "String"), "sval"));
}

function toLastField(expression: unknown): string {
  const fields = list(get(get(expression, "ColumnRef"), "fields"));
  return textOf(get(get(fields.at(-1), "String"), "sval"));
}

/** Says whether a column is named anywhere within. */
function mentionsRow(value: unknown): boolean {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (Array.isArray(next)) open.push(...next);
    else if (isObject(next)) {
      if ("ColumnRef" in next || "CurrentOfExpr" in next) return true;
      open.push(...Object.values(next));
    }
  }
  return false;
}

/** Writes an expression without its places in the text, so that equal expressions have equal texts. */
function toText(expression: unknown): string {
  return JSON.stringify(expression, (key, value: unknown) => (key === "location" ? undefined : value)) ?? "";
}
