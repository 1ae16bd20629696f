// What of a realtime request the target gets otherwise than it came: no tracing, and a client secret that dies at once.
import type { Json, JsonObject, RouteSpec } from "../exchange.ts";
import { isObject } from "../parse/pointer.ts";

/** The shortest life that the API gives a client secret: nobody is shown the one that the target makes. */
const SHORTEST = { anchor: "created_at", seconds: 10 } as const;
const REALTIME = /^(?:realtime|live)\./;

/** Gives the members of a body that are written anew; none where it goes as it came. */
export function toRealtimeEdits(
  { operation, isGrant }: Pick<RouteSpec, "operation" | "isGrant">,
  body: JsonObject | null,
): Readonly<Record<string, Json>> {
  if (!REALTIME.test(operation) || body === null) return {};
  // Only the newer operations take it; what is odd the target has to refuse.
  const isShortened =
    isGrant &&
    operation.endsWith(".client_secrets.create") &&
    ((body["expires_after"] ?? null) === null || readSeconds(body) !== null);
  return { ...toUntraced(body), ...(isShortened && { expires_after: SHORTEST }) };
}

/** Gives the members without the tracing that they ask the provider for: its content would leave where nobody judges it. */
export function toUntraced(body: JsonObject): Readonly<Record<string, Json>> {
  const { session } = body;
  const edits: Record<string, Json> = {};
  if (isObject(session) && (session["tracing"] ?? null) !== null)
    edits["session"] = { ...session, tracing: null };
  if ((body["tracing"] ?? null) !== null) edits["tracing"] = null;
  return edits;
}

/** Reads for how many seconds a client secret is wanted; null where nothing is said, or what the target has to refuse. */
export function readSeconds(body: JsonObject): number | null {
  const { expires_after: after } = body;
  const seconds = isObject(after) ? after["seconds"] : null;
  const isPlain = typeof seconds === "number" && Number.isSafeInteger(seconds);
  return isPlain && seconds >= 10 && seconds <= 7_200 ? seconds : null;
}
