// Serves images: generated, edited and varied, as JSON and as a stream of partial images.
import type { JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { formOf, isForm, jsonOf, missing, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { fileOf, toObject } from "../form.ts";
import { toPicture } from "../picture.ts";
import { planText } from "../plan.ts";
import { numberAt, stringAt } from "../read-json.ts";
import { checkModel, failOnCue } from "../request-checks.ts";
import { eventFrames, sendEvents, sendStagedJson } from "../send.ts";
import { countTokens } from "../text-pieces.ts";

/** Gives the handlers of `/v1/images`. */
export function imageRoutes(deps: ApiDeps): readonly RouteEntry[] {
  return [
    ["POST", "/images/generations", (call) => answer(call, deps, jsonOf(call), "image_generation")],
    [
      "POST",
      "/images/edits",
      async (call) => {
        if (!isForm(call)) return answer(call, deps, jsonOf(call), "image_edit");
        const form = await formOf(call);
        if (fileOf(form, "image") === null) throw missing("image");
        return answer(call, deps, toObject(form), "image_edit");
      },
    ],
    [
      "POST",
      "/images/variations",
      async (call) => {
        const form = await formOf(call);
        if (fileOf(form, "image") === null) throw missing("image");
        return answer(call, deps, { ...toObject(form), prompt: "A variation." }, "image_edit");
      },
    ],
  ];
}

async function answer(call: Call, deps: ApiDeps, given: JsonObject, kind: string): Promise<void> {
  const body: JsonObject = { model: "gpt-image-1", ...given };
  const prompt = stringAt(body, "prompt");
  if (prompt === null) throw missing("prompt");
  checkModel(body);
  const count = numberAt(body, "n") ?? 1;
  if (!Number.isInteger(count) || count < 1 || count > 10) {
    throw new ApiError(400, "Invalid 'n': expected an integer between 1 and 10.", {
      param: "n",
      code: "invalid_value",
    });
  }
  const { stage } = planText(prompt);
  failOnCue(stage, call.exchange.request);
  const pictures = Array.from({ length: count }, (_, index) =>
    toPicture(`${prompt} ${index}`).toString("base64"),
  );
  const about = {
    background: body["background"] ?? "opaque",
    output_format: body["output_format"] ?? "png",
    quality: body["quality"] ?? "high",
    size: body["size"] ?? "1024x1024",
  };
  const created = secondsOf(deps);
  const usage = usageOf(prompt, count);
  if (body["stream"] === true) {
    const partial = Array.from({ length: numberAt(body, "partial_images") ?? 0 }, (_, index) => ({
      type: `${kind}.partial_image`,
      b64_json: toPicture(`${prompt} partial ${index}`).toString("base64"),
      created_at: created,
      ...about,
      partial_image_index: index,
    }));
    const done = {
      type: `${kind}.completed`,
      b64_json: pictures[0] ?? "",
      created_at: created,
      ...about,
      usage,
    };
    return sendEvents(call.exchange, eventFrames([...partial, done]), stage);
  }
  const isLegacy = stringAt(body, "model")?.startsWith("dall-e-") === true;
  const asUrl = isLegacy && body["response_format"] !== "b64_json";
  const data = pictures.map((picture, index) => ({
    ...(asUrl ? { url: `https://images.example.com/${created}/${index}.png` } : { b64_json: picture }),
    ...(isLegacy ? { revised_prompt: prompt } : {}),
  }));
  return sendStagedJson(call.exchange, { created, data, ...(isLegacy ? {} : { ...about, usage }) }, stage);
}

function usageOf(prompt: string, count: number): JsonObject {
  const text = countTokens(prompt);
  const image = 272 * count;
  return {
    input_tokens: text,
    input_tokens_details: { text_tokens: text, image_tokens: 0 },
    output_tokens: image,
    total_tokens: text + image,
  };
}
