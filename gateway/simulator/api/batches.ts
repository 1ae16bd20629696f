// Serves batches: runs the lines of an input file against the simulated API itself and writes the output file.
import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../exchange.ts";
import { createCollection } from "../collection.ts";
import type { Collection } from "../collection.ts";
import { invalidValue, jsonOf, secondsOf } from "../call.ts";
import type { ApiDeps, RouteEntry } from "../call.ts";
import { isObject, parseText, stringAt } from "../read-json.ts";
import { sendJson } from "../send.ts";
import type { Files } from "./files.ts";

const ENDPOINTS = new Set([
  "/v1/responses",
  "/v1/chat/completions",
  "/v1/embeddings",
  "/v1/completions",
  "/v1/moderations",
  "/v1/images/generations",
  "/v1/images/edits",
  "/v1/videos",
]);
const DAY = 86_400;
const MOST_LINES = 50_000;

type Line = { readonly customId: string; readonly url: string; readonly body: JsonObject };
type LineError = { readonly code: string; readonly message: string; readonly line: number };

/** Gives the handlers of `/v1/batches`. */
export function batchRoutes(deps: ApiDeps, files: Files): readonly RouteEntry[] {
  const cancelled = new Set<string>();
  const batches: Collection = createCollection(
    {
      path: "/batches",
      prefix: "batch_",
      object: "batch",
      verbs: ["list", "retrieve"],
      notFound: (id) => `No batch found with id '${id}'.`,
      required: ["input_file_id", "endpoint", "completion_window"],
      make: (body) => {
        const endpoint = stringAt(body, "endpoint") ?? "";
        if (!ENDPOINTS.has(endpoint)) throw invalidValue("endpoint", [...ENDPOINTS].join(", "));
        if (body["completion_window"] !== "24h") throw invalidValue("completion_window", "24h");
        const input = stringAt(body, "input_file_id") ?? "";
        files.find(input);
        return {
          ...newBatch(secondsOf(deps)),
          endpoint,
          input_file_id: input,
          metadata: body["metadata"] ?? null,
        };
      },
    },
    deps,
  );

  function change(id: string, fields: JsonObject): void {
    const batch = batches.get(id);
    if (batch !== undefined) batches.put({ ...batch, ...fields });
  }

  async function runLine(line: Line): Promise<{ readonly ok: boolean; readonly written: JsonObject }> {
    const { status, requestId, body } = await deps.callSelf("POST", line.url, line.body);
    const response = { status_code: status, request_id: requestId, body };
    const id = `batch_req_${randomUUID().replaceAll("-", "")}`;
    return { ok: status === 200, written: { id, custom_id: line.customId, response, error: null } };
  }

  async function run(batch: JsonObject): Promise<void> {
    const id = stringAt(batch, "id") ?? "";
    const { lines, errors } = readLines(
      files.find(stringAt(batch, "input_file_id") ?? "").bytes.toString("utf8"),
      stringAt(batch, "endpoint") ?? "",
    );
    if (errors.length > 0) {
      const data = errors.map((error) => ({ ...error, param: null }));
      return change(id, { status: "failed", failed_at: secondsOf(deps), errors: { object: "list", data } });
    }
    change(id, {
      status: "in_progress",
      in_progress_at: secondsOf(deps),
      request_counts: counts(lines.length, 0, 0),
    });
    const good: JsonObject[] = [];
    const bad: JsonObject[] = [];
    for (const line of lines) {
      if (cancelled.has(id)) break;
      const { ok, written } = await runLine(line);
      (ok ? good : bad).push(written);
      change(id, { request_counts: counts(lines.length, good.length, bad.length) });
    }
    const wasCancelled = cancelled.delete(id);
    change(id, {
      status: wasCancelled ? "cancelled" : "completed",
      finalizing_at: secondsOf(deps),
      [wasCancelled ? "cancelled_at" : "completed_at"]: secondsOf(deps),
      ...(good.length > 0 ? { output_file_id: writeFile(id, "output", good) } : {}),
      ...(bad.length > 0 ? { error_file_id: writeFile(id, "error", bad) } : {}),
    });
  }

  function writeFile(id: string, kind: string, lines: readonly JsonObject[]): string {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    const file = files.add({
      filename: `${id}_${kind}.jsonl`,
      purpose: "batch_output",
      bytes: Buffer.from(text),
    });
    return stringAt(file, "id") ?? "";
  }

  return [
    ...batches.routes,
    [
      "POST",
      "/batches",
      async (call) => {
        const batch = await batches.add(jsonOf(call), call);
        sendJson(call.exchange, 200, batch);
        run(batch).catch(() =>
          change(stringAt(batch, "id") ?? "", { status: "failed", failed_at: secondsOf(deps) }),
        );
      },
    ],
    [
      "POST",
      "/batches/{id}/cancel",
      (call) => {
        const batch = batches.find(call);
        const id = stringAt(batch, "id") ?? "";
        if (batch["status"] === "validating" || batch["status"] === "in_progress") {
          cancelled.add(id);
          change(id, { status: "cancelling", cancelling_at: secondsOf(deps) });
        }
        sendJson(call.exchange, 200, batches.find(call));
      },
    ],
  ];
}

/** Reads the lines of an input file and what is wrong with them. */
function readLines(
  text: string,
  endpoint: string,
): { readonly lines: readonly Line[]; readonly errors: readonly LineError[] } {
  const lines: Line[] = [];
  const errors: LineError[] = [];
  const seen = new Set<string>();
  for (const [index, one] of text.split("\n").entries()) {
    if (one.trim() === "") continue;
    const value = parseText(one);
    const line = index + 1;
    const customId = stringAt(value, "custom_id");
    const body = isObject(value) ? value["body"] : undefined;
    if (!isObject(value)) errors.push({ code: "invalid_json_line", message: "This line is not JSON.", line });
    else if (customId === null || seen.has(customId))
      errors.push({ code: "duplicate_custom_id", message: "The custom_id is missing or used twice.", line });
    else if (value["method"] !== "POST" || value["url"] !== endpoint || !isObject(body))
      errors.push({ code: "invalid_request", message: "Method, url or body do not fit the batch.", line });
    else lines.push({ customId, url: endpoint.replace(/^\/v1/, ""), body: { ...body, stream: false } });
    seen.add(customId ?? "");
  }
  if (lines.length + errors.length === 0)
    errors.push({ code: "empty_file", message: "The input file is empty.", line: 1 });
  if (lines.length > MOST_LINES)
    errors.push({
      code: "too_many_lines",
      message: "The input file has too many lines.",
      line: MOST_LINES + 1,
    });
  return { lines, errors };
}

function newBatch(now: number): JsonObject {
  return {
    status: "validating",
    errors: null,
    output_file_id: null,
    error_file_id: null,
    in_progress_at: null,
    expires_at: now + DAY,
    finalizing_at: null,
    completed_at: null,
    failed_at: null,
    expired_at: null,
    cancelling_at: null,
    cancelled_at: null,
    request_counts: counts(0, 0, 0),
    completion_window: "24h",
  };
}

function counts(total: number, completed: number, failed: number): JsonObject {
  return { total, completed, failed };
}
