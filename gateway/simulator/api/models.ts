// Serves the models: the ones that exist, and the fine-tuned ones that jobs made.
import type { JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { paramOf } from "../call.ts";
import type { RouteEntry } from "../call.ts";
import { MODELS, isModel } from "../request-checks.ts";
import { sendJson } from "../send.ts";

/** The models' handlers, and the way in for fine-tuned ones. */
export type Models = {
  readonly routes: readonly RouteEntry[];
  add(name: string, created: number): void;
};

const TUNED_LIMIT = 1000;

/** Creates the models' handlers. */
export function createModels(): Models {
  const tuned = createBoundedMap<JsonObject>(TUNED_LIMIT);

  function find(name: string): JsonObject {
    const found = tuned.get(name) ?? (isModel(name) && !name.startsWith("ft:") ? toModel(name) : undefined);
    if (found !== undefined) return found;
    throw new ApiError(404, "The requested model does not exist.", {
      param: "model",
      code: "model_not_found",
    });
  }

  return {
    routes: [
      [
        "GET",
        "/models",
        ({ exchange }) =>
          sendJson(exchange, 200, { object: "list", data: [...MODELS.map(toModel), ...tuned.values()] }),
      ],
      ["GET", "/models/{model}", (call) => sendJson(call.exchange, 200, find(paramOf(call, "model")))],
      [
        "DELETE",
        "/models/{model}",
        (call) => {
          const name = paramOf(call, "model");
          find(name);
          if (!tuned.delete(name)) {
            throw new ApiError(403, "You have insufficient permissions to delete this model.", {
              type: "invalid_request_error",
            });
          }
          sendJson(call.exchange, 200, { id: name, object: "model", deleted: true });
        },
      ],
    ],
    add(name, created) {
      tuned.set(name, { id: name, object: "model", created, owned_by: "simulated-organization" });
    },
  };
}

function toModel(name: string): JsonObject {
  return { id: name, object: "model", created: 1_700_000_000, owned_by: "simulated" };
}
