// Finds in a policy's data what no rule reads, and names that nobody knows.

import { isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { FIELD_CLASS } from "../field-name.ts";
import { listOperations } from "../routes.ts";
import { toReference, toText, walk } from "./ast.ts";
import { toUnknownClass } from "./lint-rules.ts";
import type { Module } from "./modules.ts";
import { toNearest } from "./nearest.ts";
import { toError, type Place, type Problem } from "./problem.ts";
import type { Rule } from "./read-rules.ts";
import type { Source } from "./sources.ts";

export type LintData = {
  readonly modules: readonly Module[];
  readonly rules: readonly Rule[];
  readonly sources: readonly Source[];
  readonly classes: ReadonlySet<string>;
};

/** What the gateway itself reads of the parameters. */
const OF_GATEWAY: ReadonlySet<string> = new Set([
  "effects",
  "effects_by_label",
  "labels",
  "operator_may_relax",
  "lists/masks",
  "lists/originals",
  "lists/token_lives",
]);
const OPERATIONS =
  /^(?:groups\/[^/]+\/operations\/names\/\d+|[^/]*_operations\/\d+|lists\/[^/]+\/\d+\/operations\/\d+)$/;
const PREFIXES = /^groups\/[^/]+\/operations\/prefixes\/\d+$/;
const CODES = /^(?:effects\/([^/]+)|effects_by_label\/[^/]+\/([^/]+))$/;

/** Something of the parameters: where it lies below `data.gateway.params`, what it is, where it stands. */
export type Entry = {
  readonly path: string;
  readonly value: unknown;
  readonly at: Place;
  /** The comment above it. */
  readonly comment: string;
};

/** Finds all of it. */
export function lintData({ modules, rules, sources, classes }: LintData): readonly Problem[] {
  const isRead = createIsRead(modules);
  return listParameters(sources).flatMap((entry) => [
    ...lintNames(entry, rules, classes),
    ...(isSection(entry.path) && !OF_GATEWAY.has(entry.path) && !isRead(entry.path) ? [toUnread(entry)] : []),
  ]);
}

function lintNames(
  { path, value, at }: Entry,
  rules: readonly Rule[],
  classes: ReadonlySet<string>,
): readonly Problem[] {
  const problems: Problem[] = [];
  const codes = rules.map((rule) => rule.code);
  const operations = ["unknown", ...listOperations()];
  const say = (code: string, message: string, wrong: string, known: readonly string[]) => {
    const near = toNearest(wrong, known);
    problems.push(toError(code, at, message, { help: near === null ? undefined : `did you mean ${near}?` }));
  };
  const [, ofAll, ofLabel] = CODES.exec(path) ?? [];
  const key = path.startsWith("default_models/") ? path.slice("default_models/".length) : null;
  const code = ofAll ?? ofLabel ?? (/^operator_may_relax\/\d+$/.test(path) ? value : undefined);
  const operation = key ?? (OPERATIONS.test(path) ? value : null);
  if (typeof operation === "string" && !operations.includes(operation))
    say("operation_unknown", `There is no operation ${operation}.`, operation, operations);
  if (PREFIXES.test(path) && typeof value === "string" && !operations.some((one) => one.startsWith(value)))
    say("operation_unknown", `No operation begins with ${value}`, value, []);
  if (typeof code === "string" && !codes.includes(code))
    say("code_unknown", `No rule has the code ${code}.`, code, codes);
  const isOfAnswers = rules.some(
    (rule) => rule.code === code && rule.phases.some((one) => one !== "request"),
  );
  if (CODES.test(path) && value === "require_approval" && isOfAnswers)
    say(
      "effect_unsupported",
      "In answers no gateway applies require_approval: what it is said about there is refused.",
      "",
      [],
    );
  const isClass = /^lists\/(?:(?:masks|approve_findings)\/\d+\/class|originals\/\d+)$/.test(path);
  if (isClass && typeof value === "string" && value !== FIELD_CLASS && !classes.has(value))
    problems.push(toUnknownClass(value, classes, at));
  return problems;
}

function toUnread({ path, at }: Entry): Problem {
  const name = `data.gateway.params.${path.replaceAll("/", ".")}`;
  return { ...toError("data_unread", at, `No rule reads ${name}.`), severity: "warning" };
}

/** What one rule may read and another not: sections, and the single members of those that are no table of names. */
function isSection(path: string): boolean {
  const [first, ...rest] = path.split("/");
  return rest.length === 0 || (rest.length === 1 && (first === "lists" || first === "limits"));
}

/** Gives a function that says whether a rule reads a parameter, all of it or a part. */
function createIsRead(modules: readonly Module[]): (path: string) => boolean {
  const read = new Set<string>();
  const open = new Set<string>();
  const spoken = new Set<string>();
  for (const { ast } of modules)
    for (const node of walk(ast)) {
      if (Array.isArray(node)) for (const term of node.slice(1)) spoken.add(toText(term) ?? "");
      const { root = "", steps = [] } = toReference(node) ?? {};
      if (root !== "data" || steps[0] !== "gateway" || steps[1] !== "params") continue;
      const rest = steps.slice(2);
      const end = rest.indexOf(null);
      const known = end === -1 ? rest : rest.slice(0, end);
      // What is named by a word elsewhere is read with it: `settings.list("connectors")`.
      if (end === 1 && (known[0] === "lists" || known[0] === "limits")) open.add(known[0]);
      else
        for (let length = 0; length <= known.length; length += 1) {
          if (length === known.length) read.add(`${known.join("/")}/`);
          else read.add(known.slice(0, length + 1).join("/"));
        }
    }
  return (path) => {
    const [first = "", name = ""] = path.split("/");
    if (read.has("/") || read.has(`${first}/`) || read.has(`${path}/`) || read.has(path)) return true;
    return open.has(first) && (name === "" || spoken.has(name));
  };
}

/** Gives all that stands in the files of data below `data.gateway.params`. */
export function listParameters(sources: readonly Source[]): readonly Entry[] {
  return sources.flatMap(({ path: file, bytes }) => {
    const folder = file.split("/").slice(0, -1).join("/");
    if (file.endsWith(".rego") || !`${folder}/`.startsWith("gateway/params/")) return [];
    const lines = new LineCounter();
    const { contents } = parseDocument(bytes.toString("utf8"), { lineCounter: lines });
    const place = (node: unknown): Place => {
      const offset = isCollection(node) || isScalar(node) ? (node.range?.[0] ?? 0) : 0;
      const { line, col } = lines.linePos(offset);
      return { file, line, column: col };
    };
    return [...listEntries(contents, folder.split("/").slice(2), place)];
  });
}

function* listEntries(
  node: unknown,
  path: readonly string[],
  place: (node: unknown) => Place,
): Generator<Entry> {
  const members: readonly (readonly [string, unknown, unknown])[] = isMap(node)
    ? node.items.map(({ key, value }) => [isScalar(key) ? String(key.value) : "", key, value])
    : isSeq(node)
      ? node.items.map((item, index) => [String(index), item, item])
      : [];
  for (const [name, key, value] of members) {
    const own = [...path, name];
    yield {
      path: own.join("/"),
      value: isScalar(value) ? value.value : null,
      at: place(key),
      comment: (isScalar(key) ? key.commentBefore : null) ?? toFirstComment(node, key) ?? "",
    };
    yield* listEntries(value, own, place);
  }
}

/** Of the first member the comment is the whole's. */
function toFirstComment(node: unknown, key: unknown): string | null {
  return isMap(node) && node.items[0]?.key === key ? (node.commentBefore ?? null) : null;
}
