// Which headers cross the gateway, in each direction. Both lists name what may pass; everything else stays behind.

/**
 * Headers of the program that the target gets. An allow-list, because a header is content that nobody reads: cookies,
 * organisation and project ids, forwarding and gateway headers and the program's own credential all stay here.
 */
const TO_TARGET = new Set([
  "accept",
  "content-type",
  "idempotency-key",
  "openai-beta",
  "user-agent",
  "x-client-request-id",
]);

/** Headers of the target that the program gets; those of RFC 9110 about framing are Node's to set. */
const TO_CALLER = new Set([
  "content-type",
  "openai-poll-after-ms",
  "openai-processing-ms",
  "openai-version",
  "retry-after",
  "retry-after-ms",
  "x-request-id",
  "x-should-retry",
]);

/** Gives the request headers for the target, as a flat list of names and values. `raw` is Node's `rawHeaders`. */
export function toTargetHeaders(raw: readonly string[], credential: string | null): string[] {
  const headers: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase();
    if (TO_TARGET.has(name) || name.startsWith("x-stainless-")) headers.push(name, raw[i + 1] ?? "");
  }
  // Asking for identity keeps the answer readable without a decoder in the way.
  headers.push("accept-encoding", "identity");
  if (credential !== null) headers.push("authorization", `Bearer ${credential}`);
  return headers;
}

/** Gives the response headers for the program from the target's. */
export function toCallerHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (typeof value !== "string") continue;
    if (TO_CALLER.has(name) || name.startsWith("x-ratelimit-") || name === "x-tollgate-simulated")
      kept[name] = value;
  }
  return kept;
}
