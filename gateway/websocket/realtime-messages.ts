// What a program may send over a realtime socket: what carries nothing, audio, and what is judged as a request.
import type { Json, JsonObject } from "../exchange.ts";
import { isPadding, isPlain } from "../parse/api-words.ts";
import { isBlob } from "../parse/fields.ts";
import { isObject } from "../parse/pointer.ts";

/** Messages that say what to do with what is there already. */
const COMMANDS: ReadonlySet<string> = new Set([
  "conversation.item.delete",
  "conversation.item.retrieve",
  "conversation.item.truncate",
  "input_audio_buffer.clear",
  "input_audio_buffer.commit",
  "output_audio_buffer.clear",
  "response.cancel",
  "session.close",
  "session.input_audio.mute",
  "session.input_audio.unmute",
]);

/** Messages that hold audio, and where. */
const AUDIO: ReadonlyMap<string, string> = new Map([
  ["input_audio_buffer.append", "audio"],
  ["session.input_audio_buffer.append", "audio"],
  ["session.input_audio.append", "audio"],
]);

export type RealtimeMessage =
  /** It goes on as it was understood, written anew. */
  | { readonly kind: "command"; readonly value: JsonObject }
  /** The same, where policy lets audio in. */
  | { readonly kind: "audio"; readonly value: JsonObject }
  | { readonly kind: "request"; readonly type: string };

/** Tells what a message is. What holds more than is known of its type is a request. */
export function readRealtimeMessage(text: string): RealtimeMessage {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    // What cannot be read is refused where requests are parsed.
    return { kind: "request", type: "" };
  }
  if (!isObject(value)) return { kind: "request", type: "" };
  const { type } = { type: value["type"] };
  if (typeof type !== "string") return { kind: "request", type: "" };
  const audio = AUDIO.get(type);
  const isPlain = Object.entries(value).every(([key, member]) =>
    key === audio ? isSound(member) : isInert(key, member),
  );
  if (isPlain && audio !== undefined) return { kind: "audio", value };
  return isPlain && COMMANDS.has(type) ? { kind: "command", value } : { kind: "request", type };
}

const MEMBERS: ReadonlySet<string> = new Set([
  "audio_end_ms",
  "content_index",
  "event_id",
  "item_id",
  "response_id",
  "type",
]);

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Nobody searches a command: what is no id beyond doubt makes it a request. */
function isInert(key: string, value: Json): boolean {
  if (!MEMBERS.has(key)) return false;
  if (typeof value !== "string") return typeof value === "number" || value === null;
  return isPlain(value) || isPadding(value.replaceAll(/[_-]/g, "")) || UUID.test(value);
}

/** Sound comes in long pieces; in a short one anything could stand. */
function isSound(value: Json | undefined): boolean {
  return typeof value === "string" && (isBlob(value) || isPadding(value.replace(/=+$/, "")));
}
