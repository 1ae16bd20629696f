// Serves what answers once and keeps nothing: decisions, provenance checks, chat kit sessions, traces.
import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../exchange.ts";
import { createCollection } from "../collection.ts";
import { formOf, jsonOf, missing, requireJson, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { fileOf } from "../form.ts";
import { isList, isObject, objectsAt, stringAt } from "../read-json.ts";
import { checkModel } from "../request-checks.ts";
import { sendJson } from "../send.ts";
import { countTokens } from "../text-pieces.ts";

/** Gives the handlers. */
export function singleAnswerRoutes(deps: ApiDeps): readonly RouteEntry[] {
  return [
    ["POST", "/decisions", decide],
    ["POST", "/content_provenance_checks", (call) => checkProvenance(call, deps)],
    ["POST", "/traces/ingest", ingest],
    ...chatKitSessions(deps),
  ];
}

function decide(call: Call): void {
  const body = jsonOf(call);
  checkModel(body);
  const tokens = countTokens(JSON.stringify(body["input"] ?? ""));
  const decisions = objectsAt(body, "decisions");
  const answers = (decisions.length > 0 ? decisions : [{}]).map((decision: JsonObject) => ({
    type: "predicate",
    name: stringAt(decision, "name"),
    probability: 0.5,
  }));
  sendJson(call.exchange, 200, {
    answers,
    model: stringAt(body, "model") ?? "",
    usage: {
      input_tokens: tokens,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: answers.length,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: tokens + answers.length,
    },
  });
}

async function checkProvenance(call: Call, deps: ApiDeps): Promise<void> {
  if (fileOf(await formOf(call), "file") === null) throw missing("file");
  const about = { generated_at: null, model: null, outcome: "not_detected" };
  sendJson(call.exchange, 200, {
    object: "content_provenance_check",
    created_at: secondsOf(deps),
    results: [
      { type: "c2pa", ...about, issuer: null, validation_state: "not_present" },
      { type: "synthid", ...about },
    ],
  });
}

function ingest(call: Call): void {
  if (!isList(requireJson(call)["data"])) throw missing("data");
  call.exchange.response.writeHead(204);
  call.exchange.response.end();
}

function workflowOf(body: JsonObject): JsonObject {
  return isObject(body["workflow"]) ? body["workflow"] : {};
}

function chatKitSessions(deps: ApiDeps): readonly RouteEntry[] {
  const sessions = createCollection(
    {
      path: "/chatkit/sessions",
      prefix: "cksess_",
      object: "chatkit.session",
      verbs: ["create"],
      createdField: null,
      required: ["user", "workflow"],
      make: (body) => ({
        expires_at: secondsOf(deps) + 600,
        client_secret: `ek_${randomBytes(24).toString("hex")}`,
        workflow: { state_variables: null, version: null, tracing: { enabled: true }, ...workflowOf(body) },
        user: body["user"] ?? "",
        rate_limits: { max_requests_per_1_minute: 10 },
        max_requests_per_1_minute: 10,
        status: "active",
        chatkit_configuration: {
          automatic_thread_titling: { enabled: true },
          file_upload: { enabled: false, max_file_size: null, max_files: null },
          history: { enabled: true, recent_threads: null },
        },
      }),
      actions: { cancel: () => ({ status: "cancelled" }) },
    },
    deps,
  );
  return sessions.routes;
}
