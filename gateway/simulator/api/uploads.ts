// Serves uploads: parts that are put together in the order that the completion names.
import { createHash } from "node:crypto";
import type { JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { createCollection } from "../collection.ts";
import { formOf, jsonOf, missing, paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { fileOf } from "../form.ts";
import { makeId } from "../ids.ts";
import { isList, numberAt, stringAt } from "../read-json.ts";
import { sendJson } from "../send.ts";
import type { Files } from "./files.ts";

const PART_LIMIT = 64 * 1024 * 1024;
const HOUR = 3600;

/** Gives the handlers of `/v1/uploads`. */
export function uploadRoutes(deps: ApiDeps, files: Files): readonly RouteEntry[] {
  const parts = createBoundedMap<Map<string, Buffer>>(100);
  const uploads = createCollection(
    {
      path: "/uploads",
      prefix: "upload_",
      object: "upload",
      verbs: ["create"],
      notFound: (id) => `No such Upload object: ${id}`,
      required: ["filename", "purpose", "bytes", "mime_type"],
      make: (body) => ({
        filename: body["filename"] ?? "",
        bytes: body["bytes"] ?? 0,
        purpose: body["purpose"] ?? "",
        status: "pending",
        expires_at: secondsOf(deps) + HOUR,
        file: null,
      }),
    },
    deps,
  );

  function findPending(call: Call): JsonObject {
    const upload = uploads.find(call);
    if (upload["status"] === "pending") return upload;
    throw new ApiError(400, `Upload ${paramOf(call, "id")} is ${stringAt(upload, "status") ?? ""}.`);
  }

  function finish(upload: JsonObject, fields: JsonObject): JsonObject {
    const finished = { ...upload, ...fields };
    uploads.put(finished);
    parts.delete(stringAt(upload, "id") ?? "");
    return finished;
  }

  return [
    ...uploads.routes,
    [
      "POST",
      "/uploads/{id}/parts",
      async (call) => {
        const upload = findPending(call);
        const data = fileOf(await formOf(call), "data");
        if (data === null) throw missing("data");
        if (data.bytes.length > PART_LIMIT) {
          throw new ApiError(400, "The part is larger than 64 MB.", { param: "data" });
        }
        const uploadId = stringAt(upload, "id") ?? "";
        const part = makeId("part_", deps.nextNonce());
        const kept = parts.get(uploadId) ?? new Map<string, Buffer>();
        kept.set(part, data.bytes);
        parts.set(uploadId, kept);
        sendJson(call.exchange, 200, {
          id: part,
          object: "upload.part",
          created_at: secondsOf(deps),
          upload_id: uploadId,
        });
      },
    ],
    [
      "POST",
      "/uploads/{id}/complete",
      (call) => {
        const upload = findPending(call);
        const body = jsonOf(call);
        const bytes = Buffer.concat(pickParts(body, parts.get(stringAt(upload, "id") ?? "")));
        checkWhole(bytes, upload, body);
        const file = files.add({
          filename: stringAt(upload, "filename") ?? "",
          purpose: stringAt(upload, "purpose") ?? "",
          bytes,
        });
        sendJson(call.exchange, 200, finish(upload, { status: "completed", file }));
      },
    ],
    [
      "POST",
      "/uploads/{id}/cancel",
      (call) => sendJson(call.exchange, 200, finish(findPending(call), { status: "cancelled" })),
    ],
  ];
}

function pickParts(body: JsonObject, kept: ReadonlyMap<string, Buffer> | undefined): readonly Buffer[] {
  const ids = body["part_ids"];
  if (!isList(ids)) throw missing("part_ids");
  return ids.map((id) => {
    const part = typeof id === "string" ? kept?.get(id) : undefined;
    if (part !== undefined) return part;
    throw new ApiError(400, "A part of 'part_ids' was not found in this upload.", { param: "part_ids" });
  });
}

function checkWhole(bytes: Buffer, upload: JsonObject, body: JsonObject): void {
  const wanted = numberAt(upload, "bytes");
  if (bytes.length !== wanted) {
    throw new ApiError(400, `The parts hold ${bytes.length} bytes, but the upload says ${wanted ?? 0}.`);
  }
  const md5 = stringAt(body, "md5");
  if (md5 !== null && createHash("md5").update(bytes).digest("hex") !== md5.toLowerCase()) {
    throw new ApiError(400, "The checksum does not match the parts.", { param: "md5" });
  }
}
