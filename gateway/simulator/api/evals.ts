// Serves evals: their runs answer each item of an inline source at once.
import type { Json, JsonObject } from "../../exchange.ts";
import { createCollection } from "../collection.ts";
import { paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, RouteEntry } from "../call.ts";
import { planText, saidBy } from "../plan.ts";
import { isObject, objectsAt, stringAt } from "../read-json.ts";
import { countTokens } from "../text-pieces.ts";

const RUNS = "/evals/{eval}/runs";

/** Gives the handlers of `/v1/evals`. */
export function evalRoutes(deps: ApiDeps): readonly RouteEntry[] {
  const evals = createCollection(
    {
      path: "/evals",
      prefix: "eval_",
      object: "eval",
      order: "asc",
      createStatus: 201,
      required: ["data_source_config", "testing_criteria"],
      make: (body) => ({
        name: "",
        metadata: {},
        ...body,
        data_source_config: configOf(body["data_source_config"]),
      }),
      deletedIdField: "eval_id",
    },
    deps,
  );
  const runs = createCollection(
    {
      path: RUNS,
      prefix: "evalrun_",
      object: "eval.run",
      verbs: ["create", "list", "retrieve", "delete"],
      parent: evals,
      order: "asc",
      createStatus: 201,
      required: ["data_source"],
      deletedIdField: "run_id",
      title: "Eval run",
      make: (body, call, id) => {
        const evalId = paramOf(call, "eval");
        const source = isObject(body["data_source"]) ? body["data_source"] : {};
        const entries = objectsAt(source["source"], "content");
        for (const [index, entry] of entries.entries())
          outputs.put(toOutput(entry, index, evalId, id), `${evalId}/${id}`);
        return {
          eval_id: evalId,
          status: "queued",
          model: stringAt(source, "model") ?? "gpt-4.1",
          name: body["name"] ?? "",
          report_url: `https://platform.example.com/evaluations/${evalId}`,
          result_counts: { total: entries.length, errored: 0, failed: 0, passed: entries.length },
          per_model_usage: [],
          per_testing_criteria_results: [],
          data_source: source,
          metadata: body["metadata"] ?? {},
          error: null,
        };
      },
      advance: (run) => (run["status"] === "queued" ? { ...run, status: "completed" } : run),
      actions: { cancel: () => ({ status: "canceled" }) },
    },
    deps,
  );
  const outputs = createCollection(
    {
      path: `${RUNS}/{run}/output_items`,
      prefix: "outputitem_",
      object: "eval.run.output_item",
      verbs: ["list", "retrieve"],
      parent: runs,
      order: "asc",
      title: "Output item",
    },
    deps,
  );

  function toOutput(entry: JsonObject, index: number, evalId: string, runId: string): JsonObject {
    const item = isObject(entry["item"]) ? entry["item"] : entry;
    const input = Object.values(item).find((value) => typeof value === "string") ?? "";
    const said = saidBy(planText(input));
    const [prompt, completion] = [countTokens(input), countTokens(said)];
    return {
      id: `outputitem_${runId.slice(-12)}${index}`,
      object: "eval.run.output_item",
      created_at: secondsOf(deps),
      run_id: runId,
      eval_id: evalId,
      status: "pass",
      datasource_item_id: index,
      datasource_item: item,
      results: [],
      sample: {
        input: [{ role: "user", content: input }],
        output: [{ role: "assistant", content: said }],
        finish_reason: "stop",
        model: "gpt-4.1",
        usage: {
          total_tokens: prompt + completion,
          completion_tokens: completion,
          prompt_tokens: prompt,
          cached_tokens: 0,
        },
        error: null,
        temperature: 1,
        max_completion_tokens: 2048,
        top_p: 1,
        seed: 42,
      },
    };
  }

  // The client cancels by posting to the run itself.
  const cancel = runs.routes.find(([, template]) => template === `${RUNS}/{id}/cancel`);
  return [
    ...evals.routes,
    ...runs.routes,
    ...(cancel === undefined ? [] : [["POST", `${RUNS}/{id}`, cancel[2]] satisfies RouteEntry]),
    ...outputs.routes,
  ];
}

/** Gives the configuration as it is told: with the schema of what a run's items and samples are together. */
function configOf(given: Json | undefined): Json {
  if (!isObject(given) || given["schema"] !== undefined) return given ?? {};
  const item = given["item_schema"] ?? { type: "object" };
  return { ...given, schema: { type: "object", properties: { item }, required: ["item"] } };
}
