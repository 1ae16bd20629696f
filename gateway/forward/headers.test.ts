import { describe, expect, test } from "vitest";
import { pickHeaders, toCallerHeaders, toTargetHeaders } from "./headers.ts";

function toRecord(flat: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) record[flat[i] ?? ""] = flat[i + 1] ?? "";
  return record;
}

function send(raw: readonly string[], own: Partial<Parameters<typeof toTargetHeaders>[1]> = {}): string[] {
  const account = { organization: null, project: null };
  const bare = { credential: null, account, contentType: null, bindKey: (key: string) => `bound ${key}` };
  return toTargetHeaders(pickHeaders(raw), { ...bare, ...own });
}

describe("headers towards the target", () => {
  test("carry the gateway's credential instead of the program's", () => {
    const sent = send(["Authorization", "Bearer tg_program", "Content-Type", "application/json"], {
      credential: "provider",
      contentType: "application/json",
    });
    expect(toRecord(sent)).toEqual({
      authorization: "Bearer provider",
      "content-type": "application/json",
      "accept-encoding": "identity",
    });
  });

  test("name the account that the connection has, and never the program's", () => {
    const raw = ["OpenAI-Organization", "org-program", "openai-project", "proj-program"];
    const account = { organization: "org-ours", project: "proj-ours" };
    expect(send(raw, { account })).toEqual([
      "accept-encoding",
      "identity",
      "openai-organization",
      "org-ours",
      "openai-project",
      "proj-ours",
    ]);
    expect(toRecord(send(raw, { account: { ...account, project: null } }))).toEqual({
      "accept-encoding": "identity",
      "openai-organization": "org-ours",
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
    expect(toRecord(send([name, "value", name, "value"]))).toEqual({ "accept-encoding": "identity" });
  });

  test("keep what the SDKs tell of themselves, whatever its case", () => {
    const raw = [
      "User-Agent",
      "OpenAI/Python 3.54.0",
      "X-Stainless-Lang",
      "python",
      "openai-beta",
      "assistants=v2",
      "Idempotency-Key",
      "k",
    ];
    expect(Object.keys(toRecord(send(raw))).sort()).toEqual([
      "accept-encoding",
      "idempotency-key",
      "openai-beta",
      "user-agent",
      "x-stainless-lang",
    ]);
  });

  test("name the type that the body was read by, and none where there is no body", () => {
    const raw = ["Content-Type", "text/plain"];
    expect(send(raw, { contentType: "application/json" })).toEqual([
      "content-type",
      "application/json",
      "accept-encoding",
      "identity",
    ]);
    expect(send(raw)).toEqual(["accept-encoding", "identity"]);
  });

  test("carry an idempotency key only as it is bound to the caller", () => {
    expect(toRecord(send(["Idempotency-Key", "k"]))["idempotency-key"]).toBe("bound k");
  });

  test.each([
    ["Content-Type", "content-type"],
    ["Accept", "ACCEPT"],
    ["Idempotency-Key", "idempotency-key"],
    ["OpenAI-Beta", "openai-beta"],
    ["User-Agent", "user-agent"],
    ["X-Client-Request-Id", "x-client-request-id"],
    ["X-Stainless-Lang", "x-stainless-lang"],
  ])("are refused where %s stands twice", (first, second) => {
    for (const value of ["a", "b"]) {
      expect(() => pickHeaders([first, "a", "Host", "x", second, value])).toThrow(
        expect.objectContaining({ code: "header_repeated" }),
      );
    }
  });
});

describe("the value of a header that crosses", () => {
  const secret = ["sk", "proj", "0123456789abcdefghijklmnopqrstuvwxyz"].join("-");
  const names = [
    "accept",
    "if-range",
    "openai-beta",
    "range",
    "user-agent",
    "x-client-request-id",
    "x-stainless-arch",
    "x-stainless-async",
    "x-stainless-custom-event-handler",
    "x-stainless-custom-poll-interval",
    "x-stainless-helper-method",
    "x-stainless-lang",
    "x-stainless-os",
    "x-stainless-package-version",
    "x-stainless-poll-helper",
    "x-stainless-raw-response",
    "x-stainless-read-timeout",
    "x-stainless-retry-count",
    "x-stainless-runtime",
    "x-stainless-runtime-version",
    "x-stainless-stream-helper",
    "x-stainless-timeout",
    "x-stainless-of-tomorrow",
  ];

  test.each(names)("is none of which anybody could make a letter: %s", (name) => {
    for (const value of [
      secret,
      `OpenAI/Python 3.54.0 ${secret}`,
      `${secret}=v1`,
      `application/${secret}`,
      `3.54.0-${secret}`,
      `other:${secret}`,
      `threads.runs.stream.${secret}`,
      `python\n${secret}`,
      "write to me at someone@example.com",
      "",
    ])
      expect(pickHeaders([name, value], true)).toEqual([]);
  });

  test.each([
    ["accept", "application/json"],
    ["accept", "text/event-stream, application/json"],
    ["accept", "*/*"],
    ["if-range", '"5d8c72a5edda8d6a:3239"'],
    ["if-range", "Wed, 21 Oct 2026 07:28:00 GMT"],
    ["openai-beta", "assistants=v2"],
    ["openai-beta", "responses_websockets=2026-02-06"],
    ["range", "bytes=0-99, -5"],
    ["user-agent", "OpenAI/JS 7.57.0"],
    ["user-agent", "AsyncOpenAI/Python 3.54.0rc1"],
    ["user-agent", "Agents/Python 0.24.0"],
    ["x-client-request-id", "01a1fe0f-e8ae-753e-8006-a140653a01f6"],
    ["x-stainless-arch", "other:riscv64"],
    ["x-stainless-async", "async:asyncio"],
    ["x-stainless-helper-method", "chat.completions.stream"],
    ["x-stainless-package-version", "7.57.0-beta.1"],
    ["x-stainless-read-timeout", "600"],
    ["x-stainless-read-timeout", "0.5"],
    ["x-stainless-runtime", "browser:chrome"],
    ["x-stainless-runtime-version", "v24.21.0"],
    ["x-stainless-runtime-version", "3.14.0rc2"],
    ["x-stainless-stream-helper", "threads.runs.create_and_stream"],
    ["x-stainless-timeout", "20"],
  ])("is what the SDKs send: %s: %s", (name, value) => {
    expect(pickHeaders([name, value], true)).toEqual([name, value]);
  });

  test("loses the betas that are none, and no others", () => {
    expect(pickHeaders(["OpenAI-Beta", `agents=v1, ${secret}, realtime=v1`])).toEqual([
      "openai-beta",
      "agents=v1,realtime=v1",
    ]);
  });
});

describe("headers towards the program", () => {
  const card = "4111111111111111";
  test.each([
    "accept-ranges",
    "content-type",
    "etag-of-none",
    "last-modified",
    "openai-poll-after-ms",
    "openai-processing-ms",
    "openai-version",
    "retry-after",
    "retry-after-ms",
    "x-request-id",
    "x-should-retry",
    "x-ratelimit-limit-requests",
    "x-ratelimit-reset-tokens",
    `x-ratelimit-${card}`,
  ])("say nothing but what such a header says: %s", (name) => {
    for (const value of [
      card,
      `req_ ${card}`,
      `text/plain; charset=${card}`,
      "ada@example.com",
      `1s ${card}`,
    ])
      expect(toCallerHeaders({ [name]: value }, true)).toEqual({});
  });

  test.each([
    ["content-type", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
    ["content-type", "text/event-stream; charset=utf-8"],
    ["content-type", "audio/mp4"],
    ["content-type", "multipart/byteranges; boundary=3d6b6a416f9b5"],
    ["content-type", 'multipart/mixed; boundary="----cut_7MA4YWxkTrZu0gW"'],
    ["openai-processing-ms", "1234"],
    ["openai-version", "2020-10-01"],
    ["retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"],
    ["x-ratelimit-reset-tokens", "6m0s"],
    ["x-ratelimit-reset-requests", "8.64s"],
    ["x-ratelimit-limit-requests", "10000"],
    ["x-request-id", "req_0f8f2c1d3a4b5c6d7e8f90a1b2c3d4e5"],
    ["content-range", "bytes 0-99/1234567890"],
    ["etag", 'W/"5d8c72a5edda8d6a:3239"'],
  ])("are what the API sends: %s: %s", (name, value) => {
    expect(toCallerHeaders({ [name]: value }, true)).toEqual({ [name]: value });
  });

  test.each(["4111111111111111", "536-90-4399", "a b", "ada@example.com"])(
    "say no number in what parts them: %s",
    (boundary) => {
      expect(toCallerHeaders({ "content-type": `multipart/mixed; boundary=${boundary}` }, true)).toEqual({});
    },
  );

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
