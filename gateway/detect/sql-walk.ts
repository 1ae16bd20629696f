// Walks PostgreSQL's tree of a text, every node of it, and notes what it would do.
import { isAlwaysTrue } from "./sql-condition.ts";
import { noteTable, type SqlNotes } from "./sql-facts.ts";
import { get, isObject, list, textOf, toNode } from "./sql-tree.ts";

/** A text within SQL that is run as a program of its own. */
export type InnerText =
  | { readonly language: "sql"; readonly text: string }
  | { readonly language: "plpgsql"; readonly text: string }
  | { readonly language: "shell"; readonly text: string }
  | { readonly language: "unknown"; readonly text: string };

/** Functions that run a text argument as SQL, that reach the server's files, or that end others' work. */
const RUNS_TEXT =
  /^(?:dblink|dblink_exec|dblink_send_query|dblink_open|query_to_xml|query_to_xml_and_xmlschema|query_to_xmlschema|cursor_to_xml|table_to_xml|ts_stat|ts_rewrite|crosstab|xpath_table|exec|run_command_on_workers|run_command_on_shards|schedule|schedule_in_database|sp_executesql)$/;
const REACHES_SERVER =
  /^(?:pg_read_file|pg_read_binary_file|pg_ls_dir|pg_stat_file|lo_import|lo_export|pg_file_write|pg_file_unlink|pg_file_rename|pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile|pg_switch_wal|pg_promote|lo_unlink|xp_cmdshell)$/;

const NAMED: Readonly<Record<string, string>> = {
  DropdbStmt: "drop_database",
  CreatedbStmt: "create_database",
  DropTableSpaceStmt: "drop_tablespace",
  DropOwnedStmt: "drop_owned",
  DropRoleStmt: "drop_role",
  DropUserMappingStmt: "drop_user_mapping",
  DropSubscriptionStmt: "drop_subscription",
  CreateStmt: "create_table",
  IndexStmt: "create_index",
  ViewStmt: "create_view",
  RuleStmt: "create_rule",
  CreateTrigStmt: "create_trigger",
  VariableSetStmt: "set",
  VariableShowStmt: "show",
  RenameStmt: "rename",
};

const VERBS_AS_ALIAS = /^(?:delete|update|drop|truncate|insert|alter|exec|merge)$/i;

/**
 * Notes what a parsed text does; what it finds that is run as a program of its own goes to `onText`.
 */
export function walkSql(tree: unknown, notes: SqlNotes, onText: (inner: InnerText) => void): void {
  const ctes = new Set<string>();
  const prepared = new Set<string>();
  const executed: string[] = [];
  const open: unknown[] = [tree];
  while (open.length > 0) {
    const value = open.pop();
    if (Array.isArray(value)) {
      for (const inner of value) open.push(inner);
      continue;
    }
    if (!isObject(value)) continue;
    if (typeof value["relname"] === "string") noteRelation(value, notes);
    if (typeof value["ctename"] === "string") ctes.add(value["ctename"]);
    for (const [key, inner] of Object.entries(value)) {
      if (!isObject(inner)) continue;
      if (key === "PrepareStmt") prepared.add(textOf(get(inner, "name")));
      else if (key === "ExecuteStmt") executed.push(textOf(get(inner, "name")));
      noteNode(key, inner, notes, onText);
      open.push(inner);
    }
  }
  // What runs here and was prepared elsewhere cannot be known.
  if (executed.some((name) => !prepared.has(name))) notes.incomplete = true;
  for (const name of ctes) notes.tables.delete(name);
}

function noteRelation(value: Record<string, unknown>, notes: SqlNotes): void {
  const schema = textOf(value["schemaname"]);
  noteTable(notes, schema === "" ? textOf(value["relname"]) : `${schema}.${textOf(value["relname"])}`);
}

function noteNode(
  type: string,
  node: Record<string, unknown>,
  notes: SqlNotes,
  onText: (inner: InnerText) => void,
): void {
  if (type === "FuncCall") return noteCall(node, notes, onText);
  if (type === "ResTarget") {
    // Where no semicolon is needed, `SELECT 1 DELETE FROM users` is two statements; here DELETE is a column's name.
    if (VERBS_AS_ALIAS.test(textOf(node["name"])) && node["val"] !== undefined) notes.incomplete = true;
    return;
  }
  if (type === "MergeWhenClause") {
    if (node["commandType"] === "CMD_DELETE") notes.kinds.add("merge_delete");
    return;
  }
  if (!type.endsWith("Stmt") || type === "RawStmt") return;
  notes.kinds.add(toKind(type, node));
  switch (type) {
    case "DeleteStmt":
    case "UpdateStmt":
      if (isAlwaysTrue(node["whereClause"], textOf(get(node["relation"], "relname")) || null))
        notes.whereMissing = true;
      break;
    case "DropStmt":
      for (const object of list(node["objects"])) noteDropped(object, notes);
      break;
    case "AlterTableStmt":
      for (const command of list(node["cmds"])) {
        const subtype = textOf(get(get(command, "AlterTableCmd"), "subtype"));
        if (subtype === "AT_DropColumn") notes.kinds.add("drop_column");
        if (subtype === "AT_DropConstraint") notes.kinds.add("drop_constraint");
      }
      break;
    case "CopyStmt":
      if (node["is_program"] === true) {
        notes.kinds.add("copy_program");
        onText({ language: "shell", text: textOf(node["filename"]) });
      } else if (node["filename"] !== undefined) notes.kinds.add("copy_file");
      break;
    case "DoStmt":
    case "CreateFunctionStmt":
      noteBody(type, node, notes, onText);
      break;
    case "CallStmt":
      notes.incomplete = true;
      break;
    default:
      break;
  }
}

function toKind(type: string, node: Record<string, unknown>): string {
  if (type === "DropStmt")
    return `drop_${textOf(node["removeType"])
      .replace(/^OBJECT_/, "")
      .toLowerCase()}`;
  if (type === "GrantStmt" || type === "GrantRoleStmt") return node["is_grant"] === true ? "grant" : "revoke";
  if (type === "TransactionStmt")
    return textOf(node["kind"])
      .replace(/^TRANS_STMT_/, "")
      .toLowerCase();
  if (type === "CreateTableAsStmt") return "create_table";
  return (
    NAMED[type] ??
    type
      .replace(/Stmt$/, "")
      .replaceAll(/(?<=[a-z])[A-Z]/g, (c) => `_${c}`)
      .toLowerCase()
  );
}

function noteDropped(object: unknown, notes: SqlNotes): void {
  const [type, node] = toNode(object);
  if (type === "String") return noteTable(notes, textOf(get(node, "sval")));
  const names = list(get(node, "items")).map((item) => textOf(get(get(item, "String"), "sval")));
  noteTable(notes, names.filter((name) => name !== "").join("."));
}

function noteCall(node: Record<string, unknown>, notes: SqlNotes, onText: (inner: InnerText) => void): void {
  const name = textOf(get(get(list(node["funcname"]).at(-1), "String"), "sval")).toLowerCase();
  if (REACHES_SERVER.test(name)) notes.kinds.add(name);
  if (!RUNS_TEXT.test(name)) return;
  notes.kinds.add(name);
  for (const argument of list(node["args"])) {
    const [type, constant] = toNode(argument);
    const text = get(constant, "sval");
    if (type === "A_Const" && text !== undefined)
      onText({ language: "unknown", text: textOf(get(text, "sval")) });
    else if (type !== "A_Const") notes.incomplete = true;
  }
}

function noteBody(
  type: "DoStmt" | "CreateFunctionStmt",
  node: Record<string, unknown>,
  notes: SqlNotes,
  onText: (inner: InnerText) => void,
): void {
  let language = type === "DoStmt" ? "plpgsql" : "sql";
  const bodies: string[] = [];
  for (const option of list(node[type === "DoStmt" ? "args" : "options"])) {
    const element = get(option, "DefElem");
    const argument = get(element, "arg");
    if (get(element, "defname") === "language")
      language = textOf(get(get(argument, "String"), "sval")).toLowerCase();
    if (get(element, "defname") !== "as") continue;
    bodies.push(textOf(get(get(argument, "String"), "sval")));
    for (const item of list(get(get(argument, "List"), "items")))
      bodies.push(textOf(get(get(item, "String"), "sval")));
  }
  for (const text of bodies) {
    if (text === "") continue;
    if (language === "sql" || language === "plpgsql") onText({ language, text });
    else {
      // Another language's program: what it does to the database cannot be read.
      notes.incomplete = true;
      onText({ language: "unknown", text });
    }
  }
}
