// The headers that the sidecar passes on: all but those of one connection alone, and the program's key.

/** RFC 9110, section 7.6.1, with what Node sets or answers itself. */
const OF_ONE_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
const OF_THE_PROGRAM: ReadonlySet<string> = new Set(["authorization", "expect", "host"]);

/** Leaves out of a flat list what belongs to one connection, and what its `Connection` names. */
function withoutHop(raw: readonly string[], also: ReadonlySet<string>): string[] {
  const named = new Set<string>();
  for (let at = 0; at + 1 < raw.length; at += 2)
    if (raw[at]?.toLowerCase() === "connection")
      for (const name of (raw[at + 1] ?? "").split(",")) named.add(name.trim().toLowerCase());
  const kept: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    if (!OF_ONE_HOP.has(name) && !also.has(name) && !named.has(name))
      kept.push(raw[at] ?? "", raw[at + 1] ?? "");
  }
  return kept;
}

/** Gives a request's headers for the gateway, with the token; `body` tells those of the body. */
export function toGatewayHeaders(
  raw: readonly string[],
  host: string,
  token: string,
  more: readonly string[] = [],
): string[] {
  return ["host", host, "authorization", `Bearer ${token}`, ...withoutHop(raw, OF_THE_PROGRAM), ...more];
}

/** Gives an answer's headers for the program. */
export function toProgramHeaders(raw: readonly string[]): string[] {
  return withoutHop(raw, new Set());
}
