import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { getRoute } from "../routes.ts";
import { matchRoute } from "./route.ts";

function operationOf(method: string, url: string): string {
  return matchRoute(method, url).route.operation;
}

const OPEN: readonly [string, string, string, string | null][] = [
  ["POST", "/responses", "responses.create", null],
  ["GET", "/responses/resp_1", "responses.retrieve", "resp_1"],
  ["DELETE", "/responses/resp_1", "responses.delete", "resp_1"],
  ["POST", "/responses/resp_1/cancel", "responses.cancel", "resp_1"],
  ["GET", "/responses/resp_1/input_items", "responses.input_items", "resp_1"],
  ["POST", "/chat/completions", "chat.completions.create", null],
  ["GET", "/chat/completions/chatcmpl-1", "chat.completions.retrieve", "chatcmpl-1"],
  ["POST", "/chat/completions/chatcmpl-1", "chat.completions.update", "chatcmpl-1"],
  ["DELETE", "/chat/completions/chatcmpl-1", "chat.completions.delete", "chatcmpl-1"],
  ["GET", "/chat/completions/chatcmpl-1/messages", "chat.completions.messages", "chatcmpl-1"],
];

describe("matchRoute", () => {
  it.each(OPEN)("opens %s %s as %s", (method, path, operation, id) => {
    const objects =
      id === null ? [] : [{ kind: operation.startsWith("chat") ? "chat_completion" : "response", id }];
    const expected = { operation, spec: getRoute(operation), path, objects, model: null };
    expect(matchRoute(method, `/v1${path}`).route).toEqual({ ...expected, connection: null });
    expect(matchRoute(method, `/c/eu-1/v1${path}?beta=true`)).toEqual({
      route: { ...expected, connection: "eu-1" },
      query: "beta=true",
    });
  });

  it.each([
    "/v1//responses",
    "//v1/responses",
    "/v1/responses/",
    "/v1/./responses",
    "/v1/x/../responses",
    "/v1/%72esponses",
    "/v1/Responses",
    "/V1/responses",
    "/openai/v1/responses",
    "/responses",
    "/v1/responses%2f",
    "/v1/responses;a=b",
    "/v1/responses#x",
    "/v1/responses\\",
    "/v1/responses/%2e%2e/responses",
    "http://host/v1/responses",
    "/v1\\responses",
    "/v1/responses ",
    "/v1/responses\u0000",
    "/v1/responses\n",
    "/c//v1/responses",
    "/c/a/b/v1/responses",
    "/c/a%2e/v1/responses",
    "/c/../v1/responses",
    "*",
    "",
    "/",
    "/v1",
    "/v1/",
  ])("does not know %j", (url) => {
    expect(() => operationOf("POST", url)).toThrow(expect.objectContaining({ code: "operation_unknown" }));
  });

  it.each([
    "/v1/responses/..",
    "/v1/responses/.",
    "/v1/responses/a%2fb",
    "/v1/responses/a.b",
    `/v1/responses/${"a".repeat(257)}`,
    "/v1/responses/resp_1/",
    "/v1/responses//cancel",
    "/v1/responses/a/b/cancel",
  ])("reaches no stored object by %j", (url) => {
    expect(() => {
      if (operationOf("GET", url) === "unknown") throw new Error("unknown");
    }).toThrow();
  });

  it("reaches an open operation by one spelling only", () => {
    const characters = fc.constantFrom(
      "/",
      ".",
      "%",
      "2",
      "e",
      "f",
      "E",
      "v",
      "1",
      "r",
      ";",
      "\\",
      "+",
      "é",
      "\t",
      "a",
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...OPEN),
        fc.nat(),
        fc.string({ unit: characters, minLength: 1, maxLength: 6 }),
        ([method, path], at, noise) => {
          const url = `/v1${path}`;
          const place = at % (url.length + 1);
          const changed = url.slice(0, place) + noise + url.slice(place);
          let route;
          try {
            ({ route } = matchRoute(method, changed));
          } catch {
            return;
          }
          if (route.operation === "unknown") return;
          // Only another id may have come of it.
          expect(
            OPEN.map(([, open, operation]) => [
              operation,
              open.replace(/resp_1|chatcmpl-1/, String(route.objects[0]?.id)),
            ]),
          ).toContainEqual([route.operation, route.path]);
          expect(`/v1${route.path}`).toBe(changed);
          expect(route.objects[0]?.id ?? "a").toMatch(/^[A-Za-z0-9_-]{1,256}$/);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["GET", "/v1/models", "models.list", []],
    ["GET", "/v1/models/ft:gpt-4o:acme::1", "models.retrieve", []],
    ["POST", "/v1/responses/compact", "responses.compact", []],
    ["GET", "/v1/chat/completions", "chat.completions.list", []],
    ["POST", "/v1/files", "files.create", []],
    ["GET", "/v1/files/file-1/content", "files.content", [{ kind: "file", id: "file-1" }]],
    ["POST", "/v1/organization/invites", "admin.organization.invites.create", []],
    ["WS", "/v1/realtime", "realtime.connect", []],
    ["WS", "/v1/responses", "responses.connect", []],
    ["POST", "/v1/traces/ingest", "traces.ingest", []],
    [
      "GET",
      "/v1/videos/characters/char_1",
      "videos.characters.retrieve",
      [{ kind: "video_character", id: "char_1" }],
    ],
    [
      "DELETE",
      "/v1/threads/thread_1/messages/msg_1",
      "threads.messages.delete",
      [{ kind: "thread", id: "thread_1" }],
    ],
  ])("knows %s %s as %s with its objects", (method, url, operation, objects) => {
    expect(matchRoute(method, url).route).toMatchObject({ operation, objects });
  });

  it("takes a literal for no id: what the literal cannot, its place cannot either", () => {
    expect(() => matchRoute("DELETE", "/v1/agents/automations")).toThrow(
      expect.objectContaining({ code: "method_not_allowed" }),
    );
  });

  it("reads the model of a path, and nothing that could be a step up", () => {
    expect(matchRoute("GET", "/v1/models/gpt-4.1").route.model).toBe("gpt-4.1");
    expect(() => matchRoute("GET", "/v1/models/..")).toThrow(
      expect.objectContaining({ code: "operation_unknown" }),
    );
  });

  it("gives a plain unknown path to the rules, whole", () => {
    expect(matchRoute("PATCH", "/v1/new/thing_1").route).toMatchObject({
      operation: "unknown",
      path: "/new/thing_1",
      objects: [],
    });
  });

  it.each([
    ["GET", "/v1/responses"],
    ["PUT", "/v1/responses"],
    ["OPTIONS", "/v1/chat/completions"],
    ["HEAD", "/v1/models"],
    ["PATCH", "/v1/responses/resp_1"],
    ["__proto__", "/v1/responses"],
    ["toString", "/v1/responses"],
    ["post", "/v1/responses"],
  ])("refuses %s %s by the method", (method, url) => {
    expect(() => matchRoute(method, url)).toThrow(expect.objectContaining({ code: "method_not_allowed" }));
  });

  it("tells by which methods a path has operations", () => {
    expect(() => matchRoute("PUT", "/v1/responses")).toThrow(
      expect.objectContaining({ allow: ["POST", "GET"] }),
    );
  });

  it.each([
    "stream=true&stream=true",
    "stream=true&str%65am=true",
    "stream=yes",
    "stream=1",
    "starting_after=-1",
    "starting_after=1e3",
    "starting_after=",
    "a=%ff",
    "a=%00",
    "a;b=1",
    "%",
    "=x",
  ])("refuses the query %j", (query) => {
    expect(() => matchRoute("GET", `/v1/responses/resp_1?${query}`)).toThrow(
      expect.objectContaining({ code: "query_invalid" }),
    );
  });

  it.each([
    "",
    "stream=true&starting_after=10",
    "include[]=a.b&include[]=c&include%5B%5D=d",
    "stream=false&include=a,b",
    "&stream=true&",
  ])("takes the query %j", (query) => {
    expect(matchRoute("GET", `/v1/responses/resp_1?${query}`)).toMatchObject({
      route: { operation: "responses.retrieve" },
      query,
    });
  });

  it.each([
    `/v1/${"x".repeat(5000)}`,
    "/v1/new/",
    "/v1/new//thing",
    "/v1/new/../responses",
    "/v1/new/%72",
    "/v1/Files",
  ])("gives no rule the path %j", (url) => {
    expect(() => matchRoute("GET", url)).toThrow(expect.objectContaining({ code: "operation_unknown" }));
  });
});
