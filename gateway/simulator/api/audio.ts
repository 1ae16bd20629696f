// Serves audio: speech as bytes or events, transcriptions and translations in their formats.
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { JsonObject } from "../../exchange.ts";
import { formOf, jsonOf, missing } from "../call.ts";
import type { Call, RouteEntry } from "../call.ts";
import { sendContent } from "../content.ts";
import { fieldOf, fileOf, toObject } from "../form.ts";
import type { FormFile } from "../form.ts";
import { planText } from "../plan.ts";
import { stringAt } from "../read-json.ts";
import { checkModel, failOnCue } from "../request-checks.ts";
import { eventFrames, sendEvents, sendJson } from "../send.ts";
import type { Exchange } from "../send.ts";
import { emptyStage } from "../stage.ts";
import { countTokens, wordPieces } from "../text-pieces.ts";

const TYPES: Readonly<Record<string, string>> = {
  mp3: "audio/mpeg",
  opus: "audio/opus",
  aac: "audio/aac",
  flac: "audio/flac",
  wav: "audio/wav",
  pcm: "audio/pcm",
};
/** Bytes of speech a character of text. */
const RATE = 400;
const PIECE = 4096;

/** Gives the handlers of speech, transcriptions and translations. */
export function audioRoutes(): readonly RouteEntry[] {
  return [
    ["POST", "/audio/speech", speak],
    ["POST", "/audio/transcriptions", transcribe],
    ["POST", "/audio/translations", translate],
  ];
}

async function speak(call: Call): Promise<void> {
  const body = jsonOf(call);
  checkModel(body);
  const input = stringAt(body, "input");
  if (input === null) throw missing("input");
  if ((body["voice"] ?? null) === null) throw missing("voice");
  const { stage } = planText(input);
  failOnCue(stage, call.exchange.request);
  const speech = toSpeech(input);
  if (body["stream_format"] === "sse") {
    const deltas = Array.from({ length: Math.ceil(speech.length / PIECE) }, (_, index) => ({
      type: "speech.audio.delta",
      audio: speech.subarray(index * PIECE, (index + 1) * PIECE).toString("base64"),
    }));
    const tokens = countTokens(input);
    const usage = {
      input_tokens: tokens,
      output_tokens: deltas.length,
      total_tokens: tokens + deltas.length,
    };
    return sendEvents(call.exchange, eventFrames([...deltas, { type: "speech.audio.done", usage }]), stage);
  }
  const type = TYPES[stringAt(body, "response_format") ?? "mp3"] ?? "audio/mpeg";
  return sendContent(call.exchange, speech, { type });
}

/** Makes bytes that no text could be taken for, as many as the text is long. */
function toSpeech(text: string): Buffer {
  const block = createHash("sha512").update(text).digest();
  const size = RATE * Math.min(text.length, 4096);
  const bytes = Buffer.concat(Array.from({ length: Math.ceil(size / block.length) }, () => block)).subarray(
    0,
    size,
  );
  bytes.set([0xff, 0xfb, 0x90, 0x00].slice(0, size));
  return bytes;
}

async function transcribe(call: Call): Promise<void> {
  const form = await formOf(call);
  const file = fileOf(form, "file");
  if (file === null) throw missing("file");
  const body = toObject(form);
  checkModel(body);
  failOnCue(planText(fieldOf(form, "prompt") ?? "").stage, call.exchange.request);
  const text = transcriptOf(file);
  const usage = tokensUsage(text);
  if (body["stream"] === true) {
    const deltas = wordPieces(text).map((delta) => ({ type: "transcript.text.delta", delta }));
    const done = { type: "transcript.text.done", text, usage };
    return sendEvents(call.exchange, eventFrames([...deltas, done]), emptyStage());
  }
  return sendText(call.exchange, stringAt(body, "response_format") ?? "json", text, usage);
}

async function translate(call: Call): Promise<void> {
  const form = await formOf(call);
  const file = fileOf(form, "file");
  if (file === null) throw missing("file");
  checkModel(toObject(form));
  return sendText(call.exchange, fieldOf(form, "response_format") ?? "json", transcriptOf(file), null);
}

function sendText(exchange: Exchange, format: string, text: string, usage: JsonObject | null): void {
  const seconds = Math.max(1, Math.ceil(text.length / 15));
  switch (format) {
    case "text":
      return sendPlain(exchange, `${text}\n`);
    case "srt":
      return sendPlain(exchange, `1\n00:00:00,000 --> ${toTime(seconds)},000\n${text}\n\n`);
    case "vtt":
      return sendPlain(exchange, `WEBVTT\n\n00:00:00.000 --> ${toTime(seconds)}.000\n${text}\n\n`);
    case "verbose_json": {
      const segment = { id: 0, seek: 0, start: 0, end: seconds, text, tokens: [], temperature: 0 };
      const rated = { ...segment, avg_logprob: 0, compression_ratio: 1, no_speech_prob: 0 };
      const told = { task: "transcribe", language: "english", duration: seconds, text, segments: [rated] };
      return sendJson(
        exchange,
        200,
        usage === null ? told : { ...told, usage: { type: "duration", seconds } },
      );
    }
    case "diarized_json": {
      const segment = {
        id: "seg_0",
        type: "transcript.text.segment",
        start: 0,
        end: seconds,
        speaker: "A",
        text,
      };
      const told = { task: "transcribe", duration: seconds, text, segments: [segment] };
      return sendJson(exchange, 200, { ...told, usage: { type: "duration", seconds } });
    }
    default:
      return sendJson(exchange, 200, usage === null ? { text } : { text, usage });
  }
}

function sendPlain({ response }: Exchange, text: string): void {
  response.writeHead(200, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** Takes a recording that is text for what is said in it, so that a test can say what it wants. */
function transcriptOf({ filename, bytes }: FormFile): string {
  const isText = bytes.length > 0 && isUtf8(bytes) && !bytes.includes(0);
  return isText
    ? bytes.toString("utf8")
    : `This is a simulated transcript of ${filename}, ${bytes.length} bytes.`;
}

function tokensUsage(text: string): JsonObject {
  const output = countTokens(text);
  const details = { text_tokens: 0, audio_tokens: 10 };
  return {
    type: "tokens",
    input_tokens: 10,
    input_token_details: details,
    output_tokens: output,
    total_tokens: 10 + output,
  };
}

function toTime(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
