// Serves fine-tuning: jobs that go one step with each poll, their events and checkpoints, and graders.
import type { JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { createCollection } from "../collection.ts";
import { jsonOf, missing, paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { makeId } from "../ids.ts";
import { pageOf } from "../pages.ts";
import { isList, isObject, numberAt, stringAt } from "../read-json.ts";
import { checkModel } from "../request-checks.ts";
import { sendJson } from "../send.ts";
import type { Files } from "./files.ts";
import type { Models } from "./models.ts";

const NEXT: Readonly<Record<string, string>> = {
  validating_files: "queued",
  queued: "running",
  running: "succeeded",
};
const STEPS = 3;

/** Gives the handlers of `/v1/fine_tuning`. */
export function fineTuningRoutes(deps: ApiDeps, files: Files, models: Models): readonly RouteEntry[] {
  const events = createCollection(
    { path: "/fine_tuning/events/{job}", prefix: "ftevent-", object: "fine_tuning.job.event", verbs: [] },
    deps,
  );
  const jobs = createCollection(
    {
      path: "/fine_tuning/jobs",
      prefix: "ftjob-",
      object: "fine_tuning.job",
      verbs: ["create", "list"],
      required: ["model", "training_file"],
      notFound: (id) => `Could not find fine tune: ${id}`,
      make: (body, _call, id) => {
        checkModel(body);
        for (const name of ["training_file", "validation_file"]) {
          const file = stringAt(body, name);
          if (file !== null) files.find(file);
        }
        tell(id, "Created fine-tuning job");
        return toJob(body);
      },
      actions: {
        cancel: (job) => changed(job, "cancelled", { finished_at: secondsOf(deps) }),
        pause: (job) => changed(job, "paused", {}),
        resume: (job) => changed(job, "queued", {}),
      },
    },
    deps,
  );

  function tell(jobId: string, message: string): void {
    const id = makeId("ftevent-", deps.nextNonce());
    const about = {
      object: "fine_tuning.job.event",
      created_at: secondsOf(deps),
      level: "info",
      type: "message",
    };
    events.put({ id, ...about, message, data: {} }, jobId);
  }

  function changed(job: JsonObject, status: string, more: JsonObject): JsonObject {
    const old = stringAt(job, "status") ?? "";
    if (old === "succeeded" || old === "cancelled" || old === "failed") {
      throw new ApiError(400, `Job has already ${old}.`);
    }
    tell(stringAt(job, "id") ?? "", `The job is ${status}`);
    return { status, ...more };
  }

  /** Takes a job one step on; its last makes the model. */
  function advance(job: JsonObject): JsonObject {
    const next = NEXT[stringAt(job, "status") ?? ""];
    if (next === undefined) return job;
    if (next !== "succeeded") return { ...job, ...changed(job, next, {}) };
    const id = stringAt(job, "id") ?? "";
    const suffix = stringAt(job, "user_provided_suffix") ?? "";
    const name = `ft:${stringAt(job, "model") ?? ""}:simulated:${suffix}:${id.slice(-8)}`;
    models.add(name, secondsOf(deps));
    const results = files.add({
      filename: "step_metrics.csv",
      purpose: "fine-tune-results",
      bytes: Buffer.from("step,train_loss\n1,0.9\n2,0.5\n3,0.2\n"),
    });
    return {
      ...job,
      ...changed(job, next, { finished_at: secondsOf(deps), fine_tuned_model: name, trained_tokens: 1000 }),
      result_files: [stringAt(results, "id") ?? ""],
    };
  }

  function retrieve(call: Call): void {
    const job = advance(jobs.find(call));
    jobs.put(job);
    sendJson(call.exchange, 200, job);
  }

  function checkpointsOf(job: JsonObject): readonly JsonObject[] {
    const model = stringAt(job, "fine_tuned_model");
    if (model === null) return [];
    return Array.from({ length: STEPS }, (_, index) => ({
      id: `ftckpt_${(stringAt(job, "id") ?? "").slice(-16)}${index}`,
      object: "fine_tuning.job.checkpoint",
      created_at: numberAt(job, "finished_at") ?? 0,
      fine_tuned_model_checkpoint: index === STEPS - 1 ? model : `${model}:ckpt-step-${index + 1}`,
      fine_tuning_job_id: job["id"] ?? "",
      metrics: { step: index + 1, train_loss: 0.9 / (index + 1) },
      step_number: index + 1,
    }));
  }

  function grade(call: Call): void {
    const body = jsonOf(call);
    const { grader } = body;
    if (!isObject(grader)) throw missing("grader");
    const sample = stringAt(body, "model_sample") ?? "";
    const reward = sample === "" ? 0 : 1;
    sendJson(call.exchange, 200, {
      reward,
      metadata: {
        name: stringAt(grader, "name") ?? "grader",
        type: stringAt(grader, "type") ?? "",
        errors: NO_ERRORS,
        execution_time: 0.001,
        scores: { [stringAt(grader, "name") ?? "grader"]: reward },
        token_usage: null,
        sampled_model_name: null,
      },
      sub_rewards: {},
      model_grader_token_usage_per_model: {},
    });
  }

  return [
    ...jobs.routes,
    ["GET", "/fine_tuning/jobs/{id}", retrieve],
    [
      "GET",
      "/fine_tuning/jobs/{id}/events",
      (call) => {
        const id = stringAt(jobs.find(call), "id") ?? "";
        sendJson(call.exchange, 200, pageOf(events.list(id), call.query, "desc"));
      },
    ],
    [
      "GET",
      "/fine_tuning/jobs/{id}/checkpoints",
      (call) => sendJson(call.exchange, 200, pageOf(checkpointsOf(jobs.find(call)), call.query, "desc")),
    ],
    ["POST", "/fine_tuning/alpha/graders/run", grade],
    [
      "POST",
      "/fine_tuning/alpha/graders/validate",
      (call) => {
        const { grader } = jsonOf(call);
        if (!isObject(grader)) throw missing("grader");
        sendJson(call.exchange, 200, { grader });
      },
    ],
    ...permissionRoutes(deps),
  ];
}

/** Who else may use a checkpoint: one entry a project. */
function permissionRoutes(deps: ApiDeps): readonly RouteEntry[] {
  const path = "/fine_tuning/checkpoints/{checkpoint}/permissions";
  const permissions = createCollection(
    {
      path,
      prefix: "cp_",
      object: "checkpoint.permission",
      verbs: ["list", "delete"],
      deletedObject: "checkpoint.permission",
    },
    deps,
  );
  return [
    ...permissions.routes,
    [
      "POST",
      path,
      (call) => {
        const ids = jsonOf(call)["project_ids"];
        if (!isList(ids)) throw missing("project_ids");
        const made = ids.map((project) => ({
          id: makeId("cp_", deps.nextNonce()),
          object: "checkpoint.permission",
          created_at: secondsOf(deps),
          project_id: project,
        }));
        for (const permission of made) permissions.put(permission, paramOf(call, "checkpoint"));
        sendJson(call.exchange, 200, pageOf(made, new URLSearchParams("limit=100"), "asc"));
      },
    ],
  ];
}

function toJob(body: JsonObject): JsonObject {
  return {
    error: null,
    fine_tuned_model: null,
    finished_at: null,
    hyperparameters: body["hyperparameters"] ?? {
      batch_size: "auto",
      learning_rate_multiplier: "auto",
      n_epochs: "auto",
    },
    model: body["model"] ?? "",
    organization_id: "org-simulated",
    result_files: [],
    status: "validating_files",
    trained_tokens: null,
    training_file: body["training_file"] ?? "",
    validation_file: body["validation_file"] ?? null,
    integrations: body["integrations"] ?? [],
    seed: body["seed"] ?? 42,
    estimated_finish: null,
    method: body["method"] ?? { type: "supervised", supervised: { hyperparameters: { n_epochs: "auto" } } },
    metadata: body["metadata"] ?? null,
    user_provided_suffix: body["suffix"] ?? null,
  };
}

const NO_ERRORS: JsonObject = {
  formula_parse_error: false,
  sample_parse_error: false,
  truncated_observation_error: false,
  unresponsive_reward_error: false,
  invalid_variable_error: false,
  other_error: false,
  python_grader_server_error: false,
  python_grader_server_error_type: null,
  python_grader_runtime_error: false,
  python_grader_runtime_error_details: null,
  model_grader_server_error: false,
  model_grader_refusal_error: false,
  model_grader_parse_error: false,
  model_grader_server_error_details: null,
};
