// Serves the organization's administration: its collections, its single settings, its usage.
import type { JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { jsonOf, paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { MODELS } from "../request-checks.ts";
import { isList, stringAt } from "../read-json.ts";
import { sendJson } from "../send.ts";
import { createCollections } from "./kinds.ts";
import { ORGANIZATION_KINDS } from "./organization-kinds.ts";

const USAGES = [
  "audio_speeches",
  "audio_transcriptions",
  "code_interpreter_sessions",
  "completions",
  "decisions",
  "embeddings",
  "file_search_calls",
  "images",
  "moderations",
  "vector_stores",
  "web_search_calls",
];
/** Where a result is named otherwise than its path. */
const USAGE_NAMES: Readonly<Record<string, string>> = {
  file_search_calls: "file_searches",
  web_search_calls: "web_searches",
};
const PROJECT = "/organization/projects/{project}";
const DAY = 86_400;
/** The counts of every kind of usage together: each kind reads its own. */
const NOTHING_USED: JsonObject = {
  amount: { currency: "usd", value: 0 },
  characters: 0,
  images: 0,
  input_tokens: 0,
  num_model_requests: 0,
  num_requests: 0,
  num_sessions: 0,
  output_tokens: 0,
  seconds: 0,
  usage_bytes: 0,
};

/** Settings that are there once: what they are until somebody changes them. */
const SETTINGS: Readonly<Record<string, JsonObject>> = {
  "/organization/data_retention": {
    object: "organization.data_retention",
    type: "modified_abuse_monitoring",
  },
  "/organization/spend_limit": {
    object: "organization.spend_limit",
    threshold_amount: 0,
    currency: "USD",
    interval: "month",
    enforcement: { status: "inactive" },
  },
  [`${PROJECT}/data_retention`]: { object: "project.data_retention", type: "organization_default" },
  [`${PROJECT}/hosted_tool_permissions`]: {
    file_search: { enabled: true },
    web_search: { enabled: true },
    image_generation: { enabled: true },
    mcp: { enabled: true },
    code_interpreter: { enabled: true },
  },
  [`${PROJECT}/model_permissions`]: { object: "project.model_permissions", mode: "deny_list", model_ids: [] },
  [`${PROJECT}/service_tier_settings`]: {
    object: "project.service_tier_settings",
    default: "standard",
    enabled_tiers: [],
  },
  [`${PROJECT}/spend_limit`]: {
    object: "project.spend_limit",
    threshold_amount: 0,
    currency: "USD",
    interval: "month",
    enforcement: { status: "inactive" },
  },
};

/** Gives the handlers of `/v1/organization` and `/v1/projects`. */
export function organizationRoutes(deps: ApiDeps): readonly RouteEntry[] {
  const collections = createCollections(ORGANIZATION_KINDS, deps);
  const settings = createBoundedMap<JsonObject>(10_000);
  const limits = createBoundedMap<JsonObject>(10_000);
  const projects = collections.get("/organization/projects");

  function setting(template: string): readonly RouteEntry[] {
    const initial = SETTINGS[template] ?? {};
    const key = (call: Call): string => `${template} ${call.params["project"] ?? ""}`;
    return [
      ["GET", template, (call) => sendJson(call.exchange, 200, settings.get(key(call)) ?? initial)],
      [
        "POST",
        template,
        (call) => {
          const changed = { ...(settings.get(key(call)) ?? initial), ...jsonOf(call) };
          settings.set(key(call), changed);
          sendJson(call.exchange, 200, changed);
        },
      ],
    ];
  }

  function clearing(template: string): RouteEntry {
    return [
      "DELETE",
      template,
      (call) => {
        settings.delete(`${template} ${call.params["project"] ?? ""}`);
        const object = `${stringAt(SETTINGS[template], "object") ?? "setting"}.deleted`;
        sendJson(call.exchange, 200, { object, deleted: true });
      },
    ];
  }

  function limitOf(call: Call, model: string): JsonObject {
    const stored = limits.get(`${paramOf(call, "project")} rl-${model}`);
    const initial = { object: "project.rate_limit", id: `rl-${model}`, model };
    return stored ?? { ...initial, max_requests_per_1_minute: 500, max_tokens_per_1_minute: 200_000 };
  }

  const rateLimits: readonly RouteEntry[] = [
    [
      "GET",
      `${PROJECT}/rate_limits`,
      (call) => {
        const data = MODELS.map((model) => limitOf(call, model));
        const [first, last] = [stringAt(data[0], "id"), stringAt(data.at(-1), "id")];
        sendJson(call.exchange, 200, {
          object: "list",
          data,
          first_id: first,
          last_id: last,
          has_more: false,
        });
      },
    ],
    [
      "POST",
      `${PROJECT}/rate_limits/{id}`,
      (call) => {
        const model = MODELS.find((name) => `rl-${name}` === paramOf(call, "id"));
        if (model === undefined)
          throw new ApiError(404, `Rate limit with id '${paramOf(call, "id")}' not found.`);
        const changed = { ...limitOf(call, model), ...jsonOf(call) };
        limits.set(`${paramOf(call, "project")} rl-${model}`, changed);
        sendJson(call.exchange, 200, changed);
      },
    ],
  ];

  /** Switches certificates on or off. */
  function toggle(path: string, object: string, active: boolean): RouteEntry {
    return [
      "POST",
      `${path}/${active ? "activate" : "deactivate"}`,
      (call) => {
        const certificates = collections.get("/organization/certificates");
        const ids = jsonOf(call)["certificate_ids"];
        const data = (isList(ids) ? ids : []).flatMap((id) => {
          const found = typeof id === "string" ? certificates?.get(id) : undefined;
          return found === undefined ? [] : [{ ...found, active }];
        });
        for (const certificate of data) certificates?.put(certificate);
        sendJson(call.exchange, 200, { object: `${object}.${active ? "activation" : "deactivation"}`, data });
      },
    ];
  }

  function validated(path: string): RouteEntry {
    return [
      "POST",
      `${path}/{id}/validate`,
      (call) => sendJson(call.exchange, 200, { ...collections.get(path)?.find(call), status: "valid" }),
    ];
  }

  function usage(path: string, object: string): RouteEntry {
    return [
      "GET",
      path,
      (call) => {
        const start = Number(call.query.get("start_time") ?? secondsOf(deps) - DAY);
        const end = start + DAY;
        const bucket = {
          object: "bucket",
          start_time: start,
          end_time: end,
          results: [{ object, ...NOTHING_USED }],
        };
        sendJson(call.exchange, 200, { object: "page", data: [bucket], has_more: false, next_page: null });
      },
    ];
  }

  const guarded = [...Object.keys(SETTINGS).flatMap(setting), ...rateLimits].map(
    ([method, template, handle]): RouteEntry => [
      method,
      template,
      (call) => {
        const project = call.params["project"];
        if (projects !== undefined && project !== undefined && projects.get(project) === undefined)
          throw projects.unknown(project);
        return handle(call);
      },
    ],
  );
  return [
    ...[...collections.values()].flatMap((collection) => collection.routes),
    ...guarded,
    ...["/organization/spend_limit", `${PROJECT}/spend_limit`, `${PROJECT}/model_permissions`].map(clearing),
    ...[true, false].flatMap((active) => [
      toggle("/organization/certificates", "organization.certificate", active),
      toggle(`${PROJECT}/certificates`, "organization.project.certificate", active),
    ]),
    ...["/organization/external_keys", "/organization/external_storage"].map(validated),
    ...USAGES.map((name) =>
      usage(`/organization/usage/${name}`, `organization.usage.${USAGE_NAMES[name] ?? name}.result`),
    ),
    usage("/organization/costs", "organization.costs.result"),
  ];
}
