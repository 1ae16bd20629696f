import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { createDoor } from "./door.ts";

const KEY = "tg_run_0123456789abcdef";
const door = createDoor(KEY, 8090);

function ask(url: string, headers: Readonly<Record<string, string>>, of = door): string {
  const incoming = new IncomingMessage(new Socket());
  incoming.url = url;
  Object.assign(incoming.headers, headers);
  try {
    of(incoming);
    return "let in";
  } catch (error) {
    return error instanceof GatewayError ? error.code : "fault";
  }
}

const good = { host: "127.0.0.1:8090", authorization: `Bearer ${KEY}` };

test.each([
  ["/v1/responses", good],
  ["/v1/files?limit=2", good],
  ["/c/europe/v1/models", good],
  ["/v1/models", { ...good, host: "localhost:8090" }],
  ["/v1/models/a..b", good],
])("lets a program of the run in: %s %j", (url, headers) => {
  expect(ask(url, headers)).toBe("let in");
});

test.each([
  ["another host's name", "/v1/models", { ...good, host: "evil.example:8090" }, "local_only"],
  ["another port's name", "/v1/models", { ...good, host: "127.0.0.1:9" }, "local_only"],
  ["no host", "/v1/models", { authorization: good.authorization }, "local_only"],
  ["a page", "/v1/models", { ...good, origin: "http://127.0.0.1:8090" }, "local_only"],
  ["a sandboxed page", "/v1/models", { ...good, origin: "null" }, "local_only"],
  ["no key", "/v1/models", { host: good.host }, "token_missing"],
  ["another key", "/v1/models", { ...good, authorization: `Bearer ${KEY}x` }, "token_invalid"],
  ["the key in another scheme", "/v1/models", { ...good, authorization: `Basic ${KEY}` }, "token_invalid"],
  ["the token service", "/oauth/token", good, "operation_unknown"],
  ["a longer name", "/v1x/models", good, "operation_unknown"],
  ["a whole URL", "http://127.0.0.1:8090/v1/models", good, "operation_unknown"],
  ["a way up", "/v1/../oauth/token", good, "operation_unknown"],
  ["an encoded way up", "/v1/%2E%2e/oauth/token", good, "operation_unknown"],
  ["an encoded slash", "/v1/..%2foauth/token", good, "operation_unknown"],
  ["a backslash", "/v1\\..\\oauth/token", good, "operation_unknown"],
  ["a connection's name that climbs", "/c/../v1/models", good, "operation_unknown"],
])("turns away %s", (_name, url, headers, code) => {
  expect(ask(url, headers)).toBe(code);
});

test("asks at a socket for no key, since only its owner opens it, and still refuses pages", () => {
  const atSocket = createDoor(null, null);
  expect(ask("/v1/models", { host: "localhost" }, atSocket)).toBe("let in");
  expect(ask("/v1/models", { origin: "https://evil.example" }, atSocket)).toBe("local_only");
});
