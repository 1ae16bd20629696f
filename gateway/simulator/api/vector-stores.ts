// Serves vector stores, their files, and search in them.
import type { JsonObject } from "../../exchange.ts";
import { createCollection } from "../collection.ts";
import type { Collection } from "../collection.ts";
import { jsonOf, missing, paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { isList, isObject, numberAt, stringAt } from "../read-json.ts";
import { sendJson } from "../send.ts";
import type { Files } from "./files.ts";
import { searchFiles, toChunks } from "./vector-search.ts";

const NOT_LISTED = new Set(["file_ids", "chunking_strategy"]);

/** The vector stores' handlers, and what file batches need of them. */
export type VectorStores = {
  readonly routes: readonly RouteEntry[];
  readonly stores: Collection;
  /** Gives the id of the store that a path names. Throws an `ApiError` of 404. */
  enter(call: Call): string;
  /** Puts files into a store, each named by `file_id`. Throws an `ApiError` of 404 for one that is not there. */
  attach(storeId: string, entries: readonly JsonObject[]): void;
  filesOf(storeId: string): readonly JsonObject[];
};

/** Creates the handlers with an empty store. */
export function createVectorStores(deps: ApiDeps, files: Files): VectorStores {
  const stores: Collection = createCollection(
    {
      path: "/vector_stores",
      prefix: "vs_",
      object: "vector_store",
      verbs: ["create", "list", "retrieve", "update", "delete"],
      make: (body, _call, id) => {
        const ids = readFileIds(body);
        for (const fileId of ids) attach(id, fileId, {});
        const rest = Object.fromEntries(Object.entries(body).filter(([name]) => !NOT_LISTED.has(name)));
        return { ...emptyStore(secondsOf(deps)), ...rest, ...countFiles(id) };
      },
    },
    deps,
  );
  const storeFiles: Collection = createCollection(
    {
      path: "/vector_stores/{vector_store}/files",
      prefix: "file-",
      object: "vector_store.file",
      verbs: ["list", "retrieve"],
      parent: stores,
      notFound: (id) => `No file found with id '${id}' in vector store.`,
    },
    deps,
  );
  function attach(storeId: string, fileId: string, body: JsonObject): JsonObject {
    const { bytes } = files.find(fileId);
    const object = {
      id: fileId,
      object: "vector_store.file",
      created_at: secondsOf(deps),
      usage_bytes: bytes.length,
      vector_store_id: storeId,
      status: "completed",
      last_error: null,
      chunking_strategy: chunkingOf(body),
      attributes: body["attributes"] ?? {},
    };
    storeFiles.put(object, storeId);
    return object;
  }

  function countFiles(storeId: string): JsonObject {
    const all = storeFiles.list(storeId);
    const bytes = all.reduce((sum, file) => sum + (numberAt(file, "usage_bytes") ?? 0), 0);
    return {
      usage_bytes: bytes,
      file_counts: { in_progress: 0, completed: all.length, failed: 0, cancelled: 0, total: all.length },
    };
  }

  function recount(storeId: string): void {
    const store = stores.get(storeId);
    if (store !== undefined)
      stores.put({ ...store, ...countFiles(storeId), last_active_at: secondsOf(deps) });
  }

  function enter(call: Call): string {
    const id = paramOf(call, "vector_store");
    if (stores.get(id) === undefined) throw stores.unknown(id);
    return id;
  }

  function textOf(fileId: string): string {
    return files.get(fileId)?.bytes.toString("utf8") ?? "";
  }

  const fileRoutes: readonly RouteEntry[] = [
    [
      "POST",
      "/vector_stores/{vector_store}/files",
      (call) => {
        const storeId = enter(call);
        const body = jsonOf(call);
        const fileId = stringAt(body, "file_id");
        if (fileId === null) throw missing("file_id");
        const file = attach(storeId, fileId, body);
        recount(storeId);
        // It is done by the time that anybody asks again.
        sendJson(call.exchange, 200, { ...file, status: "in_progress", usage_bytes: 0 });
      },
    ],
    [
      "POST",
      "/vector_stores/{vector_store}/files/{id}",
      (call) => {
        const changed = { ...storeFiles.find(call), attributes: jsonOf(call)["attributes"] ?? {} };
        storeFiles.put(changed, enter(call));
        sendJson(call.exchange, 200, changed);
      },
    ],
    [
      "DELETE",
      "/vector_stores/{vector_store}/files/{id}",
      (call) => {
        const id = stringAt(storeFiles.find(call), "id") ?? "";
        const storeId = enter(call);
        storeFiles.remove(id, storeId);
        recount(storeId);
        sendJson(call.exchange, 200, { id, object: "vector_store.file.deleted", deleted: true });
      },
    ],
    [
      "GET",
      "/vector_stores/{vector_store}/files/{id}/content",
      (call) => {
        const id = stringAt(storeFiles.find(call), "id") ?? "";
        sendJson(call.exchange, 200, {
          object: "vector_store.file_content.page",
          data: toChunks(textOf(id)).map((text) => ({ type: "text", text })),
          has_more: false,
          next_page: null,
        });
      },
    ],
    [
      "POST",
      "/vector_stores/{vector_store}/search",
      (call) => {
        const body = jsonOf(call);
        const { query } = body;
        const queries = (isList(query) ? query : [query]).filter((one) => typeof one === "string");
        if (queries.length === 0) throw missing("query");
        const found = storeFiles.list(enter(call)).map((file) => {
          const id = stringAt(file, "id") ?? "";
          const filename = stringAt(files.get(id)?.object, "filename") ?? "";
          return { id, filename, attributes: file["attributes"] ?? {}, text: textOf(id) };
        });
        sendJson(call.exchange, 200, {
          object: "vector_store.search_results.page",
          search_query: queries,
          data: searchFiles(found, queries.join(" "), body),
          has_more: false,
          next_page: null,
        });
      },
    ],
  ];

  return {
    routes: [...stores.routes, ...storeFiles.routes, ...fileRoutes],
    stores,
    enter,
    attach(storeId, entries) {
      for (const entry of entries) attach(storeId, stringAt(entry, "file_id") ?? "", entry);
      recount(storeId);
    },
    filesOf: (storeId) => storeFiles.list(storeId),
  };
}

function readFileIds(body: JsonObject): readonly string[] {
  const ids = body["file_ids"];
  return isList(ids) ? ids.filter((id) => typeof id === "string") : [];
}

function emptyStore(now: number): JsonObject {
  return {
    name: "",
    description: null,
    status: "completed",
    expires_after: null,
    expires_at: null,
    last_active_at: now,
    metadata: {},
  };
}

function chunkingOf(body: JsonObject): JsonObject {
  const asked = body["chunking_strategy"];
  if (isObject(asked) && asked["type"] === "static") return asked;
  return { type: "static", static: { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 } };
}
