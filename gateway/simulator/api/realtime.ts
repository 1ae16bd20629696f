// Serves the HTTP part of realtime and live: ephemeral keys, and calls that are set up by a session description.
import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { formOf, isForm, jsonOf, missing, paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { sendContent } from "../content.ts";
import { fieldOf } from "../form.ts";
import { makeId } from "../ids.ts";
import { isObject, numberAt, parseText, stringAt } from "../read-json.ts";
import { checkModel } from "../request-checks.ts";
import { sendJson } from "../send.ts";
import type { Exchange } from "../send.ts";

const KEY_SECONDS = 600;

/** Gives the handlers of `/v1/realtime` and `/v1/live` that are no WebSockets. */
export function realtimeRoutes(deps: ApiDeps): readonly RouteEntry[] {
  return [...secretRoutes(deps), ...callRoutes(deps), ...liveRoutes(deps)];
}

function secretRoutes(deps: ApiDeps): readonly RouteEntry[] {
  const newSecret = (seconds: number): { readonly value: string; readonly expires_at: number } => ({
    value: `ek_${randomBytes(24).toString("hex")}`,
    expires_at: secondsOf(deps) + seconds,
  });
  const answer = (call: Call, type: string): void => {
    const body = jsonOf(call);
    const session = isObject(body["session"]) ? body["session"] : {};
    const seconds = numberAt(body["expires_after"], "seconds") ?? KEY_SECONDS;
    const id = makeId("sess_", deps.nextNonce());
    const told = { type, object: "realtime.session", id, model: "gpt-realtime", ...session };
    sendJson(call.exchange, 200, { ...newSecret(seconds), session: told });
  };
  const legacy = (call: Call, object: string): void => {
    const id = makeId("sess_", deps.nextNonce());
    sendJson(call.exchange, 200, {
      id,
      object,
      expires_at: 0,
      modalities: ["text", "audio"],
      ...jsonOf(call),
      client_secret: newSecret(60),
    });
  };
  return [
    ["POST", "/realtime/client_secrets", (call) => answer(call, "realtime")],
    ["POST", "/realtime/translations/client_secrets", (call) => answer(call, "translation")],
    ["POST", "/realtime/sessions", (call) => legacy(call, "realtime.session")],
    ["POST", "/realtime/transcription_sessions", (call) => legacy(call, "realtime.transcription_session")],
  ];
}

function callRoutes(deps: ApiDeps): readonly RouteEntry[] {
  const calls = createBoundedMap<JsonObject>(10_000);

  /** Serves what is done to a call that is there. */
  function act(name: string, wants: string | null): RouteEntry {
    return [
      "POST",
      `/realtime/calls/{id}/${name}`,
      (call) => {
        const id = paramOf(call, "id");
        if (calls.get(id) === undefined) throw new ApiError(404, `Call with id '${id}' not found.`);
        if (wants !== null && jsonOf(call)[wants] === undefined) throw missing(wants);
        if (name !== "accept") calls.delete(id);
        sendNothing(call.exchange);
      },
    ];
  }

  return [
    [
      "POST",
      "/realtime/calls",
      async (call) => {
        const { sdp, session } = await readOffer(call);
        if (session !== null) checkModel({ model: "gpt-realtime", ...session });
        const id = makeId("rtc_", deps.nextNonce());
        calls.set(id, session ?? {});
        sendSdp(call.exchange, 201, toAnswer(sdp), { location: `/v1/realtime/calls/${id}` });
      },
    ],
    act("accept", "type"),
    act("hangup", null),
    act("refer", "target_uri"),
    act("reject", null),
  ];
}

function liveRoutes(deps: ApiDeps): readonly RouteEntry[] {
  const sessions = createBoundedMap<JsonObject>(10_000);

  function find(call: Call): string {
    const id = paramOf(call, "id");
    if (sessions.get(id) !== undefined) return id;
    throw new ApiError(404, `Live session with id '${id}' not found.`);
  }

  function begin(call: Call): void {
    const body = jsonOf(call);
    const sdp = stringAt(body["transport"], "sdp");
    if (sdp === null) throw missing("transport");
    const id = makeId("live_", deps.nextNonce());
    sessions.set(id, isObject(body["session"]) ? body["session"] : {});
    sendJson(call.exchange, 200, { session: { id }, transport: { type: "webrtc", sdp: toAnswer(sdp) } });
  }

  const acts = ["accept", "hangup", "refer", "reject"].map((name): RouteEntry => [
    "POST",
    `/live/sessions/{id}/${name}`,
    (call) => {
      find(call);
      sendNothing(call.exchange);
    },
  ]);
  return [
    ["POST", "/live/sessions", begin],
    ...acts,
    [
      "POST",
      "/live/sessions/{id}/fork",
      (call) => {
        find(call);
        begin(call);
      },
    ],
    [
      "GET",
      "/live/sessions/{id}/content",
      (call) => {
        find(call);
        return sendContent(call.exchange, Buffer.from("RIFF simulated"), { type: "audio/wav" });
      },
    ],
  ];
}

/** Reads an offer: bare, or a form with the session beside it. */
async function readOffer(call: Call): Promise<{ readonly sdp: string; readonly session: JsonObject | null }> {
  if (!isForm(call)) {
    const sdp = call.bytes.toString("utf8");
    if (!sdp.startsWith("v=0")) throw new ApiError(400, "The session description could not be parsed.");
    return { sdp, session: null };
  }
  const form = await formOf(call);
  const field = (name: string): string | null =>
    fieldOf(form, name) ?? form.files.find((file) => file.name === name)?.bytes.toString("utf8") ?? null;
  const sdp = field("sdp");
  if (sdp === null) throw missing("sdp");
  const session = parseText(field("session") ?? "{}");
  return { sdp, session: isObject(session) ? session : null };
}

/** Answers an offer with as many media as it has, all of them off: no media flows. */
function toAnswer(offer: string): string {
  const media = offer.split(/\r?\n/).filter((line) => line.startsWith("m="));
  const head = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=simulated", "t=0 0"];
  return [...head, ...media.flatMap((line) => [line, "a=inactive"]), ""].join("\r\n");
}

function sendSdp(
  { response }: Exchange,
  status: number,
  sdp: string,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { "content-type": "application/sdp", ...headers });
  response.end(sdp);
}

function sendNothing({ response }: Exchange): void {
  response.writeHead(200, { "content-length": 0 });
  response.end();
}
