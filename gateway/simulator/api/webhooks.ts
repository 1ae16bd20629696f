// Serves webhook endpoints, their secrets and the types of events.
import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../exchange.ts";
import { createCollection } from "../collection.ts";
import { requireJson } from "../call.ts";
import type { ApiDeps, RouteEntry } from "../call.ts";
import { sendJson } from "../send.ts";

const EVENT_TYPES = [
  "batch.cancelled",
  "batch.completed",
  "batch.failed",
  "fine_tuning.job.succeeded",
  "response.cancelled",
  "response.completed",
  "response.failed",
  "response.incomplete",
];

/** Gives the handlers of `/v1/webhook_endpoints`. */
export function webhookRoutes(deps: ApiDeps): readonly RouteEntry[] {
  const endpoints = createCollection(
    {
      path: "/webhook_endpoints",
      prefix: "whe_",
      object: "webhook_endpoint",
      required: ["url"],
      verbs: ["list", "retrieve", "update", "delete"],
      defaults: { name: null, event_types: [], enabled: true },
    },
    deps,
  );
  const withSecret = (endpoint: JsonObject): JsonObject => ({
    ...endpoint,
    signing_secret: `whsec_${randomBytes(24).toString("base64")}`,
  });
  return [
    ...endpoints.routes,
    [
      "POST",
      "/webhook_endpoints",
      async (call) => sendJson(call.exchange, 200, withSecret(await endpoints.add(requireJson(call), call))),
    ],
    [
      "POST",
      "/webhook_endpoints/{id}/rotate_secret",
      (call) => sendJson(call.exchange, 200, withSecret(endpoints.find(call))),
    ],
    [
      "POST",
      "/webhook_endpoints/{id}/test",
      (call) => {
        endpoints.find(call);
        sendJson(call.exchange, 200, { object: "webhook_endpoint.test", success: true });
      },
    ],
    [
      "GET",
      "/webhook_event_types",
      (call) => sendJson(call.exchange, 200, { object: "list", data: EVENT_TYPES }),
    ],
  ];
}
