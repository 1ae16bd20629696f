// Puts a form's parts together as the JSON object that the same request would be: brackets in names are members.
import type { Json, JsonObject } from "../exchange.ts";
import { badForm } from "./part-header.ts";

const NAME = /^([A-Za-z0-9_.-]{1,128})((?:\[[^[\]"\\]{0,128}\]){0,8})$/u;

type Node = Map<string, Node> | Node[] | { readonly value: Json };

/** Gives a field's path: `expires_after[anchor]` is two members, `image[]` a list. Throws `body_invalid`. */
function toPath(name: string): readonly string[] {
  const [, base, brackets = ""] = NAME.exec(name) ?? [];
  if (base === undefined || /\p{Cc}/u.test(name)) throw badForm("A field's name cannot be read.");
  return [base, ...[...brackets.matchAll(/\[([^\]]*)\]/g)].map(([, key = ""]) => key)];
}

/**
 * Builds the object, and gives where each field's value stands in it (RFC 6901). Throws `body_invalid` where a field
 * stands twice, or where two names make one member a value and an object or a list.
 */
export function toObject(fields: readonly { readonly name: string; readonly value: Json }[]): {
  readonly body: JsonObject;
  readonly pointers: readonly string[];
} {
  const root = new Map<string, Node>();
  const pointers = fields.map(({ name, value }) => {
    const path = toPath(name);
    let pointer = "";
    let at: Node = root;
    for (const [index, key] of path.entries()) {
      const next = path[index + 1];
      const make = (): Node => (next === undefined ? { value } : next === "" ? [] : new Map());
      const parent: Node = at;
      at = step(parent, key, make, next, name);
      pointer += `/${Array.isArray(parent) ? parent.length - 1 : key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    }
    return pointer;
  });
  return { body: toMembers(root), pointers };
}

/** Goes one step down, making what is not there; the last step must make something. */
function step(at: Node, key: string, make: () => Node, next: string | undefined, name: string): Node {
  if (Array.isArray(at)) {
    if (key !== "") throw twice(name);
    // `tools[][type]`, `tools[][name]`: one element until a member comes that it has.
    const last = at.at(-1);
    if (next !== undefined && next !== "" && last instanceof Map && !last.has(next)) return last;
    const made = make();
    at.push(made);
    return made;
  }
  if (!(at instanceof Map)) throw twice(name);
  const known = at.get(key);
  if (known === undefined) {
    const made = make();
    at.set(key, made);
    return made;
  }
  if (next === undefined || "value" in known || Array.isArray(known) !== (next === "")) throw twice(name);
  return known;
}

function twice(name: string): Error {
  return badForm("A field of the form stands twice, or as two things.", name);
}

function toJson(node: Node): Json {
  if (Array.isArray(node)) return node.map(toJson);
  if (!(node instanceof Map)) return node.value;
  return toMembers(node);
}

/** The object has no prototype, so that no field can be mistaken for a member of it. */
function toMembers(node: ReadonlyMap<string, Node>): JsonObject {
  const object: { [key: string]: Json } = Object.create(null);
  for (const [key, child] of node) object[key] = toJson(child);
  return object;
}
