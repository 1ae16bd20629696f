// Which headers cross the gateway, in each direction. Both lists name what may pass; everything else stays behind.

import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { isAnswered, toCrossing } from "./header-shapes.ts";

/**
 * Headers of the program that the target gets, with the values that the SDKs send. An allow-list, because a header is
 * content that nobody reads: cookies, organisation and project ids, forwarding and gateway headers and the program's own
 * credential all stay here.
 */
const TO_TARGET = new Set([
  "accept",
  "content-type",
  "idempotency-key",
  "openai-beta",
  "user-agent",
  "x-client-request-id",
]);

/** Headers that ask for a part of a file: of anything else the gateway reads the whole. */
const FOR_FILES = new Set(["if-range", "range"]);

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

/** Headers that tell of a file that passes as it is. */
const OF_FILES = new Set([
  "accept-ranges",
  "content-disposition",
  "content-length",
  "content-range",
  "etag",
  "last-modified",
]);

/** Headers of the program that may cross, each once: a flat list of names in lower case and values. */
export type CrossingHeaders = readonly string[];

/**
 * Picks the headers that may cross from Node's `rawHeaders`; those for a part of a file only where one is asked for. Throws `header_repeated` where one stands twice: of those
 * Node shows the gateway the first, and the target may believe the last.
 */
export function pickHeaders(raw: readonly string[], isFile = false): CrossingHeaders {
  const picked: string[] = [];
  const seen = new Set<string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase();
    if (!TO_TARGET.has(name) && !name.startsWith("x-stainless-") && !(isFile && FOR_FILES.has(name)))
      continue;
    if (seen.has(name))
      throw new GatewayError("header_repeated", "A header that reaches the target stands twice.");
    seen.add(name);
    const value = toCrossing(name, raw[i + 1] ?? "");
    if (value !== null) picked.push(name, value);
  }
  return picked;
}

/** The account at the target that calls count for; null leaves the choice to the credential. */
export type Account = { readonly organization: string | null; readonly project: string | null };

/** Gives the request headers for the target, as a flat list of names and values. */
export function toTargetHeaders(
  crossing: CrossingHeaders,
  own: {
    readonly credential: string | null;
    readonly account: Account;
    /** The type that the body was read by; null where there is no body. */
    readonly contentType: string | null;
    /** Of a body that is sent while it is read; absent: the client knows it. */
    readonly contentLength?: number;
    /** Binds an idempotency key to the caller: callers share the credential, so they would get each other's answers. */
    readonly bindKey: (key: string) => string;
  },
): string[] {
  const headers: string[] = [];
  for (let i = 0; i + 1 < crossing.length; i += 2) {
    const name = crossing[i] ?? "";
    const value = crossing[i + 1] ?? "";
    if (name === "idempotency-key") headers.push(name, own.bindKey(value));
    else if (name !== "content-type") headers.push(name, value);
  }
  if (own.contentType !== null) headers.push("content-type", own.contentType);
  if (own.contentLength !== undefined) headers.push("content-length", String(own.contentLength));
  // Asking for identity keeps the answer readable without a decoder in the way.
  headers.push("accept-encoding", "identity");
  const { organization, project } = own.account;
  if (organization !== null) headers.push("openai-organization", organization);
  if (project !== null) headers.push("openai-project", project);
  if (own.credential !== null) headers.push("authorization", `Bearer ${own.credential}`);
  return headers;
}

/** What stands for a caller's idempotency key; the name tells it apart from what else is hashed by the same secret. */
export function toKeyText(
  { tenant, issuer, subject }: Pick<Caller, "tenant" | "issuer" | "subject">,
  key: string,
): string {
  return JSON.stringify(["idempotency-key", tenant, issuer, subject, key]);
}

/** Gives the response headers for the program from the target's: those that say what such a header says. */
export function toCallerHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  isFile = false,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (typeof value !== "string" || !isAnswered(name, value)) continue;
    if (
      TO_CALLER.has(name) ||
      (isFile && OF_FILES.has(name)) ||
      name.startsWith("x-ratelimit-") ||
      name === "x-tollgate-simulated"
    )
      kept[name] = value;
  }
  return kept;
}
