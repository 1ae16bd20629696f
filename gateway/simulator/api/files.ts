// Serves files: uploaded as forms, listed, downloaded whole or by range. Others make files here too.
import type { JsonObject } from "../../exchange.ts";
import { createCollection } from "../collection.ts";
import type { Collection } from "../collection.ts";
import { ApiError } from "../api-error.ts";
import { formOf, invalidValue, missing, secondsOf } from "../call.ts";
import type { ApiDeps, RouteEntry } from "../call.ts";
import { sendContent } from "../content.ts";
import { fieldOf, fileOf, toObject } from "../form.ts";
import { makeId } from "../ids.ts";
import { isObject, numberAt, stringAt } from "../read-json.ts";
import { sendJson } from "../send.ts";

/** A file that is there. */
export type StoredFile = { readonly object: JsonObject; readonly bytes: Buffer };

/** The files' handlers and their store. */
export type Files = {
  readonly routes: readonly RouteEntry[];
  /** Makes a file. */
  add(file: {
    readonly filename: string;
    readonly purpose: string;
    readonly bytes: Buffer;
    readonly expiresAfter?: number | null;
  }): JsonObject;
  get(id: string): StoredFile | undefined;
  /** Gives a file that a request names. Throws an `ApiError` of 404. */
  find(id: string): StoredFile;
  delete(id: string): void;
};

const PURPOSES = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];
/** All files together; the oldest are forgotten beyond it. */
const KEPT_BYTES = 1024 ** 3;

/** Creates the handlers with an empty store. */
export function createFiles(deps: ApiDeps): Files {
  const contents = new Map<string, Buffer>();
  let kept = 0;

  const collection: Collection = createCollection(
    {
      path: "/files",
      prefix: "file-",
      object: "file",
      verbs: ["list", "retrieve"],
      notFound: (id) => `No such File object: ${id}`,
      filters: ["purpose"],
      page: { defaultLimit: 10_000, maximum: 10_000 },
    },
    deps,
  );

  function forget(id: string): void {
    kept -= contents.get(id)?.length ?? 0;
    contents.delete(id);
    collection.remove(id);
  }

  function add(file: Parameters<Files["add"]>[0]): JsonObject {
    const { filename, purpose, bytes, expiresAfter = null } = file;
    const created = secondsOf(deps);
    const object = {
      id: makeId("file-", deps.nextNonce()),
      object: "file",
      bytes: bytes.length,
      created_at: created,
      ...(expiresAfter === null ? {} : { expires_at: created + expiresAfter }),
      filename,
      purpose,
      status: "processed",
      status_details: null,
    };
    collection.put(object);
    contents.set(object.id, bytes);
    kept += bytes.length;
    for (const id of contents.keys()) {
      if (kept <= KEPT_BYTES || id === object.id) break;
      forget(id);
    }
    return object;
  }

  function find(id: string): StoredFile {
    const object = collection.get(id);
    const bytes = contents.get(id);
    if (object === undefined || bytes === undefined) throw collection.unknown(id);
    return { object, bytes };
  }

  const routes: readonly RouteEntry[] = [
    ...collection.routes,
    [
      "POST",
      "/files",
      async (call) => {
        const form = await formOf(call);
        const purpose = fieldOf(form, "purpose");
        const file = fileOf(form, "file");
        if (purpose === null) throw missing("purpose");
        if (!PURPOSES.includes(purpose)) throw invalidValue("purpose", `one of ${PURPOSES.join(", ")}`);
        if (file === null) throw missing("file");
        if (purpose === "batch" || purpose === "fine-tune") checkLines(file.bytes, file.filename);
        const expires = toObject(form)["expires_after"];
        const expiresAfter = isObject(expires) ? numberAt(expires, "seconds") : null;
        sendJson(
          call.exchange,
          200,
          add({ filename: file.filename, purpose, bytes: file.bytes, expiresAfter }),
        );
      },
    ],
    [
      "DELETE",
      "/files/{id}",
      (call) => {
        const id = stringAt(collection.find(call), "id") ?? "";
        forget(id);
        sendJson(call.exchange, 200, { id, object: "file", deleted: true });
      },
    ],
    [
      "GET",
      "/files/{id}/content",
      (call) => {
        const { object, bytes } = find(stringAt(collection.find(call), "id") ?? "");
        return sendContent(call.exchange, bytes, { filename: stringAt(object, "filename") ?? "file" });
      },
    ],
  ];

  return {
    routes,
    add,
    get: (id) => {
      const object = collection.get(id);
      const bytes = contents.get(id);
      return object === undefined || bytes === undefined ? undefined : { object, bytes };
    },
    find,
    delete: forget,
  };
}

/** Refuses what is no JSONL by its name or its first line. */
function checkLines(bytes: Buffer, filename: string): void {
  const end = bytes.indexOf(0x0a);
  const first = bytes.subarray(0, end === -1 ? bytes.length : end).toString("utf8");
  try {
    JSON.parse(first);
    if (filename.endsWith(".jsonl")) return;
  } catch {
    // Falls through to the error that names both.
  }
  throw new ApiError(400, "Invalid file format. Batch and fine-tuning files must be JSONL, named .jsonl.", {
    param: "file",
    code: "invalid_jsonl_file",
  });
}
