// Checks that both simulated APIs make before they answer.
import type { IncomingMessage } from "node:http";
import type { JsonObject } from "../exchange.ts";
import { ApiError, errorOfStatus } from "./api-error.ts";
import { stringAt } from "./read-json.ts";
import type { Stage } from "./stage.ts";

/** The models that `GET /v1/models` lists. Others of the same families exist too. */
export const MODELS: readonly string[] = [
  "gpt-5.4",
  "gpt-5.4-mini",
  "gpt-4.1",
  "gpt-4o",
  "gpt-4o-mini",
  "o3",
  "o4-mini",
  "gpt-3.5-turbo-instruct",
  "text-embedding-3-small",
  "text-embedding-3-large",
  "omni-moderation-latest",
  "gpt-image-1",
  "gpt-4o-mini-tts",
  "gpt-4o-transcribe",
  "whisper-1",
  "gpt-realtime",
  "sora-2",
];

const FAMILIES =
  /^(?:gpt-|chatgpt-|codex-|computer-use-|ft:gpt-|o\d|text-embedding-|omni-moderation-|text-moderation-|dall-e-|tts-|whisper-|sora-|davinci-|babbage-)/;

/** Tells whether a model exists. */
export function isModel(model: string): boolean {
  return FAMILIES.test(model);
}

/** Refuses a body without a model, or with one that does not exist. */
export function checkModel(body: JsonObject): void {
  const model = stringAt(body, "model");
  if (model === null) {
    throw new ApiError(400, "Missing required parameter: 'model'.", {
      param: "model",
      code: "missing_required_parameter",
    });
  }
  if (!isModel(model)) {
    throw new ApiError(404, "The requested model does not exist.", {
      param: "model",
      code: "model_not_found",
    });
  }
}

/**
 * Throws the error that a script asks for. A script that fails only so many times counts by the retry number that
 * the SDKs send, so that nothing has to be remembered between requests.
 */
export function failOnCue(stage: Stage, request: IncomingMessage | null): void {
  if (stage.fail === null) return;
  const retries = Number(request?.headers["x-stainless-retry-count"] ?? 0);
  if (retries < stage.fail.times) throw errorOfStatus(stage.fail.status);
}
