import { describe, expect, test } from "vitest";
import { toCallerHeaders, toTargetHeaders } from "./headers.ts";

function toRecord(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) record[flat[i] ?? ""] = flat[i + 1] ?? "";
  return record;
}

describe("headers towards the target", () => {
  test("carry the gateway's credential instead of the program's", () => {
    const sent = toTargetHeaders(
      ["Authorization", "Bearer tg_program", "Content-Type", "application/json"],
      "provider",
    );
    expect(toRecord(sent)).toEqual({
      authorization: "Bearer provider",
      "content-type": "application/json",
      "accept-encoding": "identity",
    });
  });

  test.each([
    "Cookie",
    "Host",
    "Connection",
    "Transfer-Encoding",
    "Content-Length",
    "OpenAI-Organization",
    "OpenAI-Project",
    "X-Forwarded-For",
    "X-Tollgate-Session",
    "Api-Key",
    "Proxy-Authorization",
    "X-Anything",
  ])("leave %s behind", (name) => {
    expect(toRecord(toTargetHeaders([name, "value"], null))).toEqual({ "accept-encoding": "identity" });
  });

  test("keep what the SDKs tell of themselves, whatever its case", () => {
    const raw = [
      "User-Agent",
      "OpenAI/Python",
      "X-Stainless-Lang",
      "python",
      "openai-beta",
      "x",
      "Idempotency-Key",
      "k",
    ];
    expect(Object.keys(toRecord(toTargetHeaders(raw, null))).sort()).toEqual([
      "accept-encoding",
      "idempotency-key",
      "openai-beta",
      "user-agent",
      "x-stainless-lang",
    ]);
  });
});

describe("headers towards the program", () => {
  test("keep request id, rate limits and retry hints, and nothing that is the gateway's business", () => {
    const kept = toCallerHeaders({
      "x-request-id": "req_1",
      "x-ratelimit-remaining-tokens": "10",
      "retry-after": "3",
      "content-type": "application/json",
      "set-cookie": ["a=b"],
      "openai-organization": "org",
      "content-length": "12",
      "transfer-encoding": "chunked",
      "x-tollgate-exchange-id": "forged",
    });
    expect(Object.keys(kept).sort()).toEqual([
      "content-type",
      "retry-after",
      "x-ratelimit-remaining-tokens",
      "x-request-id",
    ]);
  });
});
