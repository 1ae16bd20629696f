// One collection of stored objects with the calls that make, list, read, change and delete them.
import type { JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { createBoundedMap } from "./bounded-map.ts";
import { jsonOf, missing, paramOf, secondsOf } from "./call.ts";
import type { ApiDeps, Call, Handler, RouteEntry } from "./call.ts";
import { formOf, isForm } from "./call.ts";
import { toObject } from "./form.ts";
import { makeId } from "./ids.ts";
import { pageOf } from "./pages.ts";
import type { PageOptions } from "./pages.ts";
import { stringAt } from "./read-json.ts";
import { sendJson } from "./send.ts";

/** The calls that a collection may have. */
export type Verb = "create" | "list" | "retrieve" | "update" | "delete";

/** What differs from collection to collection. */
export type Kind = {
  /** `/evals`, `/evals/{eval}/runs`. */
  readonly path: string;
  /** With its separator: `eval_`, `file-`. */
  readonly prefix: string;
  /** The object's type; null where it has none. */
  readonly object: string | null;
  readonly verbs?: readonly Verb[];
  /** How errors call it, as in `Eval with id 'x' not found.` */
  readonly title?: string;
  /** Writes the message of a 404 instead. */
  readonly notFound?: (id: string) => string;
  /** The collection in whose objects this one lies. */
  readonly parent?: Collection;
  /** Fields that a creation must carry. */
  readonly required?: readonly string[];
  /** Gives the fields beside id, object and time; absent: all of the body. May throw an `ApiError`. */
  readonly make?: (body: JsonObject, call: Call, id: string) => JsonObject | Promise<JsonObject>;
  /** The field of a body that names what becomes the object's id, where it is something else's. */
  readonly idField?: string;
  /** The status of a creation's answer; absent: 200. */
  readonly createStatus?: number;
  /** What is there from the beginning. */
  readonly seed?: readonly JsonObject[];
  /** Fields that stand below what the body says. */
  readonly defaults?: JsonObject;
  /** The field that holds the time of creation; null for none. */
  readonly createdField?: string | null;
  /** How it is listed unless `order` says otherwise. */
  readonly order?: "asc" | "desc";
  readonly page?: PageOptions;
  /** Query parameters that pick objects by a field of the same name. */
  readonly filters?: readonly string[];
  /** The `object` of what a deletion answers; absent: `<object>.deleted`. */
  readonly deletedObject?: string;
  /** The field that names what was deleted; absent: `id`. */
  readonly deletedIdField?: string;
  /** Gives the object as it is when it is read; what it gives is kept. */
  readonly advance?: (object: JsonObject) => JsonObject;
  /** `POST` below an object: gives the fields that it changes. May throw an `ApiError`. */
  readonly actions?: Readonly<Record<string, (object: JsonObject, call: Call) => JsonObject>>;
};

/** A collection with its handlers, and its store for those beside it. */
export type Collection = {
  readonly routes: readonly RouteEntry[];
  /** Gives the object that the path names, parents checked. Throws an `ApiError` of 404. */
  find(call: Call): JsonObject;
  get(id: string, scope?: string): JsonObject | undefined;
  put(object: JsonObject, scope?: string): void;
  remove(id: string, scope?: string): void;
  /** Lists what lies in a scope, oldest first. */
  list(scope?: string): readonly JsonObject[];
  /** Makes and keeps an object from a body. */
  add(body: JsonObject, call: Call): Promise<JsonObject>;
  /** The error for an id that is not there. */
  unknown(id: string): ApiError;
};

const STORED_LIMIT = 10_000;
const ALL: readonly Verb[] = ["create", "list", "retrieve", "update", "delete"];

/** Creates a collection without objects. */
export function createCollection(kind: Kind, deps: ApiDeps): Collection {
  const objects = createBoundedMap<{ readonly scope: string; object: JsonObject }>(STORED_LIMIT);
  const names = [...kind.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const item = `${kind.path}/{id}`;
  const title = kind.title ?? titleOf(kind);

  function scopeOf(call: Call): string {
    return names.map((name) => paramOf(call, name)).join("/");
  }

  /** Checks that what this lies in is there. */
  function enter(call: Call): string {
    const owner = names.at(-1);
    if (kind.parent !== undefined && owner !== undefined) {
      const scope = names.slice(0, -1).map((name) => paramOf(call, name));
      const id = paramOf(call, owner);
      if (kind.parent.get(id, scope.join("/")) === undefined) throw kind.parent.unknown(id);
    }
    return scopeOf(call);
  }

  function keyOf(id: string, scope: string): string {
    return `${scope}/${id}`;
  }

  function unknown(id: string): ApiError {
    return new ApiError(404, kind.notFound?.(id) ?? `${title} with id '${id}' not found.`);
  }

  function find(call: Call): JsonObject {
    const scope = enter(call);
    const id = paramOf(call, "id");
    const found = objects.get(keyOf(id, scope));
    if (found === undefined) throw unknown(id);
    return found.object;
  }

  function put(object: JsonObject, scope = ""): void {
    const key = keyOf(stringAt(object, "id") ?? "", scope);
    const old = objects.get(key);
    // What is replaced keeps its place in the list.
    if (old === undefined) objects.set(key, { scope, object });
    else old.object = object;
  }

  async function add(body: JsonObject, call: Call): Promise<JsonObject> {
    const scope = enter(call);
    for (const name of kind.required ?? []) if ((body[name] ?? null) === null) throw missing(name);
    const id = makeId(kind.prefix, deps.nextNonce());
    const made = kind.make === undefined ? body : await kind.make(body, call, id);
    const given = kind.idField === undefined ? null : stringAt(body, kind.idField);
    const createdField = kind.createdField === undefined ? "created_at" : kind.createdField;
    const object: JsonObject = {
      id,
      ...(kind.object === null ? {} : { object: kind.object }),
      ...(createdField === null ? {} : { [createdField]: secondsOf(deps) }),
      ...kind.defaults,
      ...made,
      ...(given === null ? {} : { id: given }),
    };
    put(object, scope);
    return object;
  }

  function change(call: Call, fields: JsonObject): JsonObject {
    const changed = { ...find(call), ...fields };
    put(changed, scopeOf(call));
    return changed;
  }

  for (const object of kind.seed ?? []) put(object);

  const handlers: Readonly<Record<Verb, RouteEntry>> = {
    create: [
      "POST",
      kind.path,
      async (call) => sendJson(call.exchange, kind.createStatus ?? 200, await add(await bodyOf(call), call)),
    ],
    list: [
      "GET",
      kind.path,
      (call) => {
        const scope = enter(call);
        const page = pageOf(
          picked(list(scope), call.query, kind.filters),
          call.query,
          kind.order ?? "desc",
          kind.page,
        );
        sendJson(call.exchange, 200, page);
      },
    ],
    retrieve: [
      "GET",
      item,
      (call) => {
        const object = find(call);
        const advanced = kind.advance?.(object) ?? object;
        put(advanced, scopeOf(call));
        sendJson(call.exchange, 200, advanced);
      },
    ],
    update: ["POST", item, (call) => sendJson(call.exchange, 200, change(call, jsonOf(call)))],
    delete: [
      "DELETE",
      item,
      (call) => {
        const id = stringAt(find(call), "id");
        objects.delete(keyOf(id ?? "", scopeOf(call)));
        const object = kind.deletedObject ?? `${kind.object ?? "object"}.deleted`;
        sendJson(call.exchange, 200, { [kind.deletedIdField ?? "id"]: id, object, deleted: true });
      },
    ],
  };

  function list(scope = ""): readonly JsonObject[] {
    return [...objects.values()].filter((stored) => stored.scope === scope).map((stored) => stored.object);
  }

  const actions = Object.entries(kind.actions ?? {}).map(([name, act]): RouteEntry => {
    const handle: Handler = (call) => sendJson(call.exchange, 200, change(call, act(find(call), call)));
    return ["POST", `${item}/${name}`, handle];
  });

  return {
    routes: [...(kind.verbs ?? ALL).map((verb) => handlers[verb]), ...actions],
    find,
    get: (id, scope = "") => objects.get(keyOf(id, scope))?.object,
    put,
    remove(id, scope = "") {
      objects.delete(keyOf(id, scope));
    },
    list,
    add,
    unknown,
  };
}

/** Reads a creation's body, whether JSON or a form without its files. */
async function bodyOf(call: Call): Promise<JsonObject> {
  return isForm(call) ? toObject(await formOf(call)) : jsonOf(call);
}

function picked(
  objects: readonly JsonObject[],
  query: URLSearchParams,
  filters: readonly string[] = [],
): readonly JsonObject[] {
  return objects.filter((object) =>
    filters.every((name) => query.get(name) === null || query.get(name) === object[name]),
  );
}

/** `vector_store.file` is a `Vector store file`. */
function titleOf(kind: Kind): string {
  const words = (kind.object ?? "object").replaceAll(/[._]/g, " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
