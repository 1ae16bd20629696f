// The simulated Realtime API over a WebSocket: a conversation, responses to it, tools, and words heard in sound.
import type { WebSocket } from "ws";
import type { Json, JsonObject } from "../exchange.ts";
import { makeId } from "./ids.ts";
import { planTurn } from "./plan.ts";
import { isList, isObject, parseText, stringAt } from "./read-json.ts";
import { toItems } from "./responses-items.ts";
import { readTurn } from "./responses-turn.ts";
import { shortPieces, wordPieces } from "./text-pieces.ts";

/** Serves one socket until it closes. What is heard is what the sound's bytes say as text. */
export function serveRealtimeSocket(socket: WebSocket, model: string, nextNonce: () => string): void {
  const items: JsonObject[] = [];
  let heard = "";
  let events = 0;
  let session: JsonObject = {
    type: "realtime",
    object: "realtime.session",
    id: makeId("sess_", nextNonce()),
    model,
    output_modalities: ["audio"],
    instructions: "",
    tools: [],
    tool_choice: "auto",
    tracing: null,
  };
  socket.on("error", () => undefined);

  function send(type: string, fields: JsonObject): void {
    events += 1;
    if (socket.readyState === socket.OPEN)
      socket.send(JSON.stringify({ type, event_id: `event_${events}`, ...fields }));
  }

  function fail(message: string, cause: JsonObject): void {
    const error = { type: "invalid_request_error", code: "invalid_value", message, param: null };
    send("error", { error: { ...error, event_id: cause["event_id"] ?? null } });
  }

  function addItem(item: JsonObject): JsonObject {
    const previous = stringAt(items.at(-1), "id");
    const whole = { id: makeId("item_", nextNonce()), object: "realtime.item", status: "completed", ...item };
    items.push(whole);
    send("conversation.item.added", { previous_item_id: previous, item: whole });
    send("conversation.item.done", { previous_item_id: previous, item: whole });
    return whole;
  }

  function respond(value: JsonObject): void {
    const settings = isObject(value["response"]) ? value["response"] : {};
    const nonce = nextNonce();
    const id = makeId("resp_", nonce);
    const context = isList(settings["input"]) ? settings["input"].filter(isObject) : items;
    const turn = readTurn({ ...session, ...settings }, context);
    const { outputs } = planTurn(turn);
    const output = toItems(outputs, nonce, { prompt: turn.prompt, encrypted: false, logprobs: false })
      .filter((item) => item["type"] === "message" || item["type"] === "function_call")
      .map((item): JsonObject => ({ object: "realtime.item", ...item }));
    const open = {
      object: "realtime.response",
      id,
      status: "in_progress",
      status_details: null,
      output: [],
      usage: null,
    };
    send("response.created", { response: open });
    for (const [index, item] of output.entries()) emitItem(id, item, index);
    const usage = {
      total_tokens: 30,
      input_tokens: 20,
      output_tokens: 10,
      input_token_details: { cached_tokens: 0 },
    };
    send("response.done", { response: { ...open, status: "completed", output, usage } });
  }

  function emitItem(response_id: string, item: JsonObject, output_index: number): void {
    const at = { response_id, output_index };
    const named = { ...at, item_id: stringAt(item, "id") ?? "" };
    const isCall = item["type"] === "function_call";
    const begun = { ...item, status: "in_progress", ...(isCall ? { arguments: "" } : { content: [] }) };
    send("response.output_item.added", { ...at, item: begun });
    send("conversation.item.added", { previous_item_id: null, item: begun });
    items.push(item);
    if (isCall) {
      const call = { ...named, call_id: stringAt(item, "call_id") ?? "" };
      const text = stringAt(item, "arguments") ?? "";
      for (const delta of shortPieces(text))
        send("response.function_call_arguments.delta", { ...call, delta });
      send("response.function_call_arguments.done", { ...call, arguments: text, name: item["name"] ?? "" });
    } else {
      const content = item["content"];
      const text = (isList(content) ? content : []).map((part) => stringAt(part, "text") ?? "").join("");
      const part = { ...named, content_index: 0 };
      send("response.content_part.added", { ...part, part: { type: "audio", transcript: "" } });
      for (const delta of wordPieces(text)) {
        send("response.output_audio_transcript.delta", { ...part, delta });
        send("response.output_audio.delta", { ...part, delta: Buffer.from(delta).toString("base64") });
      }
      send("response.output_audio.done", part);
      send("response.output_audio_transcript.done", { ...part, transcript: text });
      send("response.content_part.done", { ...part, part: { type: "audio", transcript: text } });
    }
    const told = isCall ? item : { ...item, content: toSpoken(item["content"]) };
    send("response.output_item.done", { ...at, item: told });
    send("conversation.item.done", { previous_item_id: null, item: told });
  }

  function commit(): void {
    const transcript = heard;
    heard = "";
    const content = [{ type: "input_audio", transcript: null }];
    const item = addItem({ type: "message", role: "user", content });
    const item_id = stringAt(item, "id") ?? "";
    send("input_audio_buffer.committed", { previous_item_id: null, item_id });
    send("conversation.item.input_audio_transcription.delta", {
      item_id,
      content_index: 0,
      delta: transcript,
    });
    send("conversation.item.input_audio_transcription.completed", { item_id, content_index: 0, transcript });
    items[items.length - 1] = { ...item, content: [{ type: "input_text", text: transcript }] };
    respond({});
  }

  function take(value: JsonObject): void {
    switch (stringAt(value, "type") ?? "") {
      case "session.update":
        session = { ...session, ...(isObject(value["session"]) ? value["session"] : {}) };
        return send("session.updated", { session });
      case "conversation.item.create":
        if (!isObject(value["item"])) return fail("Missing required parameter: 'item'.", value);
        addItem(value["item"]);
        return;
      case "conversation.item.delete":
        return send("conversation.item.deleted", { item_id: stringAt(value, "item_id") ?? "" });
      case "input_audio_buffer.append":
        heard += Buffer.from(stringAt(value, "audio") ?? "", "base64").toString("utf8");
        return;
      case "input_audio_buffer.commit":
        return commit();
      case "response.create":
        return respond(value);
      case "response.cancel":
        return;
      default:
        return fail("Unknown type of event.", value);
    }
  }

  socket.on("message", (data, isBinary) => {
    const value: Json | undefined =
      isBinary || !Buffer.isBuffer(data) ? undefined : parseText(data.toString("utf8"));
    if (isObject(value)) take(value);
    else fail("The message is no JSON object.", {});
  });
  send("session.created", { session });
}

function toSpoken(content: Json | undefined): readonly Json[] {
  if (!isList(content)) return [];
  return content.map((part) => ({ type: "output_audio", transcript: stringAt(part, "text") ?? "" }));
}
