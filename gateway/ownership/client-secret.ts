// What a client secret opens: one realtime session of the caller who asked for it.
import { GatewayError } from "../errors.ts";
import type { Caller, Grant, JsonObject, Operation, Route } from "../exchange.ts";
import type { CrossingHeaders } from "../forward/headers.ts";

/** What the secrets of each operation open; the calls' settings are of the newer shape alone. */
const OPENS: ReadonlyMap<Operation, readonly Operation[]> = new Map([
  ["realtime.client_secrets.create", ["realtime.connect", "realtime.calls.create"]],
  ["realtime.sessions.create", ["realtime.connect"]],
  ["realtime.transcription_sessions.create", ["realtime.connect"]],
  ["realtime.translations.client_secrets.create", ["realtime.translations.connect"]],
]);

/** Gives the session that the caller's client secret opens; null for a caller with a credential of its own. Throws `token_invalid` where it opens something else. */
export function readGrant({ grant }: Caller, { operation }: Route, connection: string): Grant | null {
  if (grant === undefined) return null;
  if (grant.connection === connection && (OPENS.get(grant.operation) ?? []).includes(operation)) return grant;
  throw new GatewayError("token_invalid", "A client secret opens the session that it was made for alone.");
}

/** Gives the query of the socket that a client secret opens. Throws `query_invalid` where it asks for another session. */
export function toBoundQuery({ model, session }: Grant, asked: string): string {
  const query = new URLSearchParams(asked);
  const named = query.get("model");
  if (query.has("call_id")) throw elsewhere("call_id");
  if (session["type"] === "transcription") {
    if (!query.has("intent")) query.set("intent", "transcription");
  } else if (model !== null && (named ?? model) !== model) throw elsewhere("model");
  else if (model !== null) query.set("model", model);
  return query.toString();
}

function elsewhere(param: string): GatewayError {
  return new GatewayError("query_invalid", "The client secret was made for another session.", { param });
}

/** Gives a socket's headers; the older operations make sessions of the API's beta form, which browsers cannot ask for by a header. */
export function withBeta({ operation }: Grant, headers: CrossingHeaders): CrossingHeaders {
  const isOlder =
    operation === "realtime.sessions.create" || operation === "realtime.transcription_sessions.create";
  return isOlder && !headers.includes("openai-beta") ? [...headers, "openai-beta", "realtime=v1"] : headers;
}

/** Gives the message that sets a socket to what its client secret was made for; null where that is nothing. */
export function toFirstUpdate({ session }: Grant): Buffer | null {
  const { model: _, ...settings } = session;
  const isSet = Object.keys(settings).some((key) => key !== "type");
  return isSet ? Buffer.from(JSON.stringify({ type: "session.update", session: settings })) : null;
}

/** Gives the session of a call that a client secret opens: its model is a setting of it. */
export function toCallSession({ model, session }: Grant): JsonObject {
  return model === null || session["type"] === "transcription" ? session : { ...session, model };
}
