// Tries a connection with one harmless call, and says in words what is wrong.
import type { GatewayError } from "../errors.ts";
import type { Account } from "../forward/headers.ts";
import { toTargetHeaders } from "../forward/headers.ts";
import type { Outbound } from "../forward/outbound.ts";
import { createTarget } from "../forward/target.ts";
import type { TargetTimeouts } from "../forward/target.ts";

/** What is tried. */
export type Probed = {
  readonly baseUrl: string;
  readonly timeouts: TargetTimeouts;
  readonly account: Account;
  readonly outbound: Outbound;
};

/** How it went. Nothing that the target said is repeated. */
export type ProbeResult = {
  readonly isOk: boolean;
  /** The target's status; null where none came. */
  readonly status: number | null;
  /** `ok`, or the code of what is wrong. */
  readonly code: string;
  readonly words: string;
  readonly milliseconds: number;
};

/** Calls that change nothing and that every such key may do. */
const PATHS = { api: "/models", admin: "/organization/projects?limit=1" } as const;
/** A person waits for it. */
const LONGEST_MS = 15_000;

const UNREACHABLE: readonly (readonly [RegExp, string])[] = [
  [
    /^PROXY_REFUSED$/,
    "The proxy gives no connection to the host; does it want a credential, or does it not allow the host?",
  ],
  [/^PROXY_UNREACHABLE$/, "The proxy that leads out can't be reached."],
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, "DNS does not know the host of the base URL."],
  [/^ECONNREFUSED$/, "The host refuses connections at this port."],
  [/^(?:EHOSTUNREACH|ENETUNREACH)$/, "There is no route to the host."],
  [/^(?:ECONNRESET|UND_ERR_SOCKET|EPIPE)$/, "The host closed the connection before it answered."],
  [/EXPIRED/, "TLS: the target's certificate has expired."],
  [/ALTNAME/, "TLS: the target's certificate is for another host."],
  [
    /SELF_SIGNED|UNABLE_TO|CERT_|ISSUER/,
    "TLS: the target's certificate is from nobody that this machine trusts.",
  ],
  [/^(?:EPROTO|ERR_SSL_|ERR_TLS_)/, "TLS: the host does not speak it as expected; is it http at this port?"],
];

/** Tries it. Never rejects. */
export function probe(probed: Probed, key: string | null, purpose: "api" | "admin"): Promise<ProbeResult> {
  const { timeouts, account } = probed;
  const target = createTarget(
    probed.baseUrl,
    {
      connect_ms: Math.min(timeouts.connect_ms, LONGEST_MS),
      first_byte_ms: Math.min(timeouts.first_byte_ms, LONGEST_MS),
      idle_ms: Math.min(timeouts.idle_ms, LONGEST_MS),
    },
    probed.outbound,
    1,
  );
  const began = performance.now();
  const headers = toTargetHeaders([], {
    credential: key,
    account,
    contentType: null,
    bindKey: (name) => name,
  });
  return new Promise<ProbeResult>((resolve) => {
    const done = (status: number | null, code: string, words: string): void => {
      const milliseconds = Math.round(performance.now() - began);
      resolve({ isOk: code === "ok", status, code, words, milliseconds });
    };
    const call = target.send(
      { method: "GET", path: PATHS[purpose], headers, body: null },
      {
        onHead(status, given) {
          const type = given["content-type"];
          done(status, ...judge(status, typeof type === "string" && type.startsWith("application/json")));
          call.abort();
        },
        onData: () => undefined,
        onEnd: () => undefined,
        onError: (error) => done(null, error.code, explain(error)),
      },
    );
  }).finally(() => target.close());
}

function judge(status: number, isJson: boolean): [code: string, words: string] {
  if (status === 200 && isJson) return ["ok", "It answers, and takes the key."];
  if (status === 401) return ["credential_refused", "The target does not take the key (401)."];
  if (status === 403)
    return ["credential_refused", "The target takes the key, and does not let it do this call (403)."];
  if (status === 404)
    return ["answer_type_unexpected", "The target has no such path (404); is the base URL whole, with /v1?"];
  if (status === 429)
    return ["target_failed", "The target takes the key, and has no room or credit for it now (429)."];
  if (status >= 300 && status < 400)
    return ["answer_type_unexpected", `The target points elsewhere (${status}), which is never followed.`];
  if (status >= 500) return ["target_failed", `The target fails (${status}).`];
  if (status === 200)
    return ["answer_type_unexpected", "Something answers that is no such API: its answer is not JSON."];
  return ["target_failed", `The target answers with status ${status}.`];
}

function explain(error: GatewayError): string {
  if (error.code === "target_timeout") return "The target does not answer in time.";
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const known = UNREACHABLE.find(([shape]) => shape.test(code));
  return (
    known?.[1] ?? (code === "" ? "The target can't be reached." : `The target can't be reached (${code}).`)
  );
}
