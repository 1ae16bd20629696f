// Serves videos: made in the background, ready after a few polls.
import type { Json, JsonObject } from "../../exchange.ts";
import { createHash } from "node:crypto";
import { ApiError } from "../api-error.ts";
import { createCollection } from "../collection.ts";
import { formOf, isForm, jsonOf, missing, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { sendContent } from "../content.ts";
import { toObject } from "../form.ts";
import { toPicture } from "../picture.ts";
import { stringAt } from "../read-json.ts";
import { sendJson } from "../send.ts";

const STEPS: Readonly<Record<string, JsonObject>> = {
  queued: { status: "in_progress", progress: 50 },
  in_progress: { status: "completed", progress: 100 },
};
const SIZE = 64 * 1024;

/** Gives the handlers of `/v1/videos`. */
export function videoRoutes(deps: ApiDeps): readonly RouteEntry[] {
  const videos = createCollection(
    {
      path: "/videos",
      prefix: "video_",
      object: "video",
      verbs: ["list", "delete"],
      make: (body) => {
        if (stringAt(body, "prompt") === null) throw missing("prompt");
        return {
          model: body["model"] ?? "sora-2",
          status: "queued",
          progress: 0,
          completed_at: null,
          expires_at: null,
          prompt: body["prompt"] ?? "",
          size: body["size"] ?? "720x1280",
          seconds: toText(body["seconds"], "4"),
          remixed_from_video_id: body["remixed_from_video_id"] ?? null,
          error: null,
        };
      },
    },
    deps,
  );
  const characters = createCollection(
    {
      path: "/videos/characters",
      prefix: "char_",
      object: null,
      verbs: ["create", "retrieve"],
      required: ["name"],
    },
    deps,
  );

  async function create(call: Call, more: JsonObject = {}): Promise<void> {
    const body = isForm(call) ? toObject(await formOf(call)) : jsonOf(call);
    sendJson(call.exchange, 200, await videos.add({ ...body, ...more }, call), {
      "openai-poll-after-ms": "20",
    });
  }

  function advance(call: Call): JsonObject {
    const video = videos.find(call);
    const step = STEPS[stringAt(video, "status") ?? ""];
    if (step === undefined) return video;
    const completedAt = step["status"] === "completed" ? secondsOf(deps) : null;
    const advanced = { ...video, ...step, completed_at: completedAt };
    videos.put(advanced);
    return advanced;
  }

  function content(call: Call): Promise<void> {
    const video = videos.find(call);
    if (video["status"] !== "completed") throw new ApiError(404, "Video is not ready yet.");
    const prompt = stringAt(video, "prompt") ?? "";
    if (call.query.get("variant") === "thumbnail" || call.query.get("variant") === "spritesheet")
      return sendContent(call.exchange, toPicture(prompt), { type: "image/webp" });
    const block = createHash("sha512").update(prompt).digest();
    const film = Buffer.concat(Array.from({ length: SIZE / block.length }, () => block));
    film.set(Buffer.from("\u0000\u0000\u0000\u0018ftypmp42", "latin1"));
    return sendContent(call.exchange, film, { type: "video/mp4" });
  }

  return [
    ...videos.routes,
    ...characters.routes,
    ["POST", "/videos", (call) => create(call)],
    ["POST", "/videos/edits", (call) => create(call)],
    ["POST", "/videos/extensions", (call) => create(call)],
    [
      "GET",
      "/videos/{id}",
      (call) => sendJson(call.exchange, 200, advance(call), { "openai-poll-after-ms": "20" }),
    ],
    ["GET", "/videos/{id}/content", content],
    [
      "POST",
      "/videos/{id}/remix",
      (call) => create(call, { remixed_from_video_id: stringAt(videos.find(call), "id") ?? "" }),
    ],
  ];
}

/** A form's number is told as text here, as it came. */
function toText(value: Json | undefined, otherwise: string): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : otherwise;
}
