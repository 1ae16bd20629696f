// Serves containers and the files in them.
import type { JsonObject } from "../../exchange.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { createCollection } from "../collection.ts";
import { formOf, isForm, jsonOf, missing, paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { sendContent } from "../content.ts";
import { fileOf } from "../form.ts";
import { makeId } from "../ids.ts";
import { isList, stringAt } from "../read-json.ts";
import { sendJson } from "../send.ts";
import type { Files } from "./files.ts";

const PATH = "/containers/{container}/files";

/** Gives the handlers of `/v1/containers`. */
export function containerRoutes(deps: ApiDeps, files: Files): readonly RouteEntry[] {
  const contents = createBoundedMap<Buffer>(1000);
  const containers = createCollection(
    {
      path: "/containers",
      prefix: "cntr_",
      object: "container",
      verbs: ["create", "list", "retrieve", "delete"],
      required: ["name"],
      make: (body, _call, id) => {
        const ids = isList(body["file_ids"]) ? body["file_ids"] : [];
        for (const fileId of ids) if (typeof fileId === "string") copy(id, fileId);
        return {
          name: body["name"] ?? "",
          status: "running",
          last_active_at: secondsOf(deps),
          expires_after: body["expires_after"] ?? { anchor: "last_active_at", minutes: 20 },
          memory_limit: body["memory_limit"] ?? "1g",
          network_policy: { type: "disabled" },
        };
      },
    },
    deps,
  );
  const inside = createCollection(
    {
      path: PATH,
      prefix: "cfile_",
      object: "container.file",
      verbs: ["list", "retrieve", "delete"],
      parent: containers,
      title: "Container file",
    },
    deps,
  );

  function add(containerId: string, filename: string, bytes: Buffer): JsonObject {
    const object = {
      id: makeId("cfile_", deps.nextNonce()),
      object: "container.file",
      created_at: secondsOf(deps),
      bytes: bytes.length,
      container_id: containerId,
      path: `/mnt/data/${filename}`,
      source: "user",
    };
    inside.put(object, containerId);
    contents.set(object.id, bytes);
    return object;
  }

  function copy(containerId: string, fileId: string): JsonObject {
    const { object, bytes } = files.find(fileId);
    return add(containerId, stringAt(object, "filename") ?? "file", bytes);
  }

  async function create(call: Call): Promise<void> {
    const containerId = paramOf(call, "container");
    if (containers.get(containerId) === undefined) throw containers.unknown(containerId);
    const file = isForm(call) ? fileOf(await formOf(call), "file") : null;
    const fileId = isForm(call) ? null : stringAt(jsonOf(call), "file_id");
    if (file !== null) return sendJson(call.exchange, 200, add(containerId, file.filename, file.bytes));
    if (fileId !== null) return sendJson(call.exchange, 200, copy(containerId, fileId));
    throw missing("file");
  }

  return [
    ...containers.routes,
    ...inside.routes,
    ["POST", PATH, create],
    [
      "GET",
      `${PATH}/{id}/content`,
      (call) =>
        sendContent(call.exchange, contents.get(stringAt(inside.find(call), "id") ?? "") ?? Buffer.alloc(0)),
    ],
  ];
}
