// Serves the legacy completions, as JSON and as a stream.
import type { Json, JsonObject } from "../../exchange.ts";
import { jsonOf } from "../call.ts";
import type { ApiDeps, RouteEntry } from "../call.ts";
import { secondsOf } from "../call.ts";
import { makeId } from "../ids.ts";
import { planText, saidBy } from "../plan.ts";
import type { Plan } from "../plan.ts";
import { isObject, numberAt, stringAt } from "../read-json.ts";
import { checkModel, failOnCue } from "../request-checks.ts";
import { chunkFrames, sendEvents, sendJson, sendStagedJson } from "../send.ts";
import { countTokens, cutToTokens, wordPieces } from "../text-pieces.ts";
import { readInputs } from "./token-inputs.ts";

/** Gives the handler of `/v1/completions`. */
export function completionRoutes(deps: ApiDeps): readonly RouteEntry[] {
  return [
    [
      "POST",
      "/completions",
      async (call) => {
        const body = jsonOf(call);
        checkModel(body);
        const prompts = readInputs(body["prompt"] ?? "<|endoftext|>", "prompt");
        const plans = prompts.map(({ text }) => planText(text));
        for (const { stage } of plans) failOnCue(stage, call.exchange.request);
        const first = plans[0];
        if (first === undefined) return;
        const count = Math.max(1, numberAt(body, "n") ?? 1);
        const choices = prompts.flatMap(({ text }, at) =>
          Array.from({ length: count }, (_, index) =>
            toChoice(body, text, plans[at] ?? first, at * count + index),
          ),
        );
        const base = {
          id: makeId("cmpl-", deps.nextNonce()),
          object: "text_completion",
          created: secondsOf(deps),
          model: stringAt(body, "model") ?? "",
        };
        const prompt = prompts.reduce((sum, input) => sum + input.tokens, 0);
        const written = choices.reduce((sum, choice) => sum + countTokens(stringAt(choice, "text") ?? ""), 0);
        const usage = { prompt_tokens: prompt, completion_tokens: written, total_tokens: prompt + written };
        if (body["stream"] === true) {
          await sendEvents(call.exchange, chunkFrames(toChunks(base, choices, usage, body)), first.stage);
        } else if (prompts.length === 1) {
          await sendStagedJson(call.exchange, { ...base, choices, usage }, first.stage);
        } else sendJson(call.exchange, 200, { ...base, choices, usage });
      },
    ],
  ];
}

function toChoice(body: JsonObject, prompt: string, plan: Plan, index: number): JsonObject {
  const { stage } = plan;
  const said = saidBy(plan);
  const limit = numberAt(body, "max_tokens");
  const text = limit === null ? said : cutToTokens(said, limit);
  const isCut = text !== said || stage.incomplete === "max_output_tokens";
  const pieces = wordPieces(text);
  return {
    text: body["echo"] === true ? prompt + text : text,
    index,
    logprobs:
      numberAt(body, "logprobs") === null
        ? null
        : {
            tokens: pieces,
            token_logprobs: pieces.map(() => 0),
            top_logprobs: null,
            text_offset: offsets(pieces),
          },
    finish_reason: stage.incomplete === "content_filter" ? "content_filter" : isCut ? "length" : "stop",
  };
}

function offsets(pieces: readonly string[]): readonly number[] {
  let at = 0;
  return pieces.map((piece) => {
    at += piece.length;
    return at - piece.length;
  });
}

function toChunks(
  base: JsonObject,
  choices: readonly JsonObject[],
  usage: Json,
  body: JsonObject,
): readonly JsonObject[] {
  const options = body["stream_options"];
  const withUsage = isObject(options) && options["include_usage"] === true;
  const told = withUsage ? { usage: null } : {};
  const chunks = choices.flatMap((choice) => [
    ...wordPieces(stringAt(choice, "text") ?? "").map((text) => ({
      ...base,
      choices: [{ text, index: choice["index"] ?? 0, logprobs: null, finish_reason: null }],
      ...told,
    })),
    { ...base, choices: [{ ...choice, text: "", logprobs: null }], ...told },
  ]);
  return withUsage ? [...chunks, { ...base, choices: [], usage }] : chunks;
}
