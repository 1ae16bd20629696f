// Serves the file batches of vector stores.
import type { JsonObject } from "../../exchange.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { createCollection } from "../collection.ts";
import { jsonOf, missing, paramOf } from "../call.ts";
import type { ApiDeps, RouteEntry } from "../call.ts";
import { pageOf } from "../pages.ts";
import { isList, objectsAt, stringAt } from "../read-json.ts";
import { sendJson } from "../send.ts";
import type { VectorStores } from "./vector-stores.ts";

const PATH = "/vector_stores/{vector_store}/file_batches";
const STORED_LIMIT = 10_000;

/** Gives the handlers of `/v1/vector_stores/{id}/file_batches`. */
export function vectorStoreBatchRoutes(deps: ApiDeps, vectors: VectorStores): readonly RouteEntry[] {
  /** The files of each batch. */
  const members = createBoundedMap<ReadonlySet<string>>(STORED_LIMIT);
  const batches = createCollection(
    {
      path: PATH,
      prefix: "vsfb_",
      object: "vector_store.files_batch",
      verbs: ["retrieve"],
      parent: vectors.stores,
      title: "Vector store file batch",
      make: (body, call, id) => {
        const storeId = vectors.enter(call);
        const entries = readEntries(body);
        vectors.attach(storeId, entries);
        members.set(id, new Set(entries.map((entry) => stringAt(entry, "file_id") ?? "")));
        return { vector_store_id: storeId, status: "completed", file_counts: counts(0, entries.length) };
      },
      // It is done before anybody can cancel it.
      actions: { cancel: () => ({}) },
    },
    deps,
  );
  return [
    ...batches.routes,
    [
      "POST",
      PATH,
      async (call) => {
        const batch = await batches.add(jsonOf(call), call);
        const total = members.get(stringAt(batch, "id") ?? "")?.size ?? 0;
        sendJson(call.exchange, 200, { ...batch, status: "in_progress", file_counts: counts(total, 0) });
      },
    ],
    [
      "GET",
      `${PATH}/{batch}/files`,
      (call) => {
        const storeId = vectors.enter(call);
        const id = paramOf(call, "batch");
        if (batches.get(id, storeId) === undefined) throw batches.unknown(id);
        const own = vectors
          .filesOf(storeId)
          .filter((file) => members.get(id)?.has(stringAt(file, "id") ?? ""));
        sendJson(call.exchange, 200, pageOf(own, call.query, "desc"));
      },
    ],
  ];
}

function readEntries(body: JsonObject): readonly JsonObject[] {
  const entries = objectsAt(body, "files");
  if (entries.length > 0) return entries;
  const ids = body["file_ids"];
  const named = isList(ids) ? ids.filter((id) => typeof id === "string") : [];
  if (named.length === 0) throw missing("file_ids");
  return named.map((id) => ({ ...body, file_id: id }));
}

function counts(inProgress: number, completed: number): JsonObject {
  return { in_progress: inProgress, completed, failed: 0, cancelled: 0, total: inProgress + completed };
}
