// Every field of the published API's requests that holds an id: it names an object that must be the caller's, or is free on purpose.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { GatewayError } from "../../gateway/errors.ts";
import type { Json } from "../../gateway/exchange.ts";
import { createRequestParser } from "../../gateway/parse/request.ts";
import { matchRoute } from "../../gateway/parse/route.ts";

/** As fields.test.ts says; of them those that may hold an id. */
const fields = z
  .record(z.string(), z.record(z.string(), z.record(z.string(), z.array(z.string())).optional()))
  .parse(JSON.parse(readFileSync(new URL("fields.json", import.meta.url), "utf8")));

const ID = /(?:^|_)ids?$|^(?:consent|container|conversation|training_file|validation_file|video|voice)$/;
const MARKER = "voice_1";
const parser = createRequestParser({ secret: Buffer.alloc(32), cacheItems: 10, limits: { depth: 64 } });

/** Ids that name no stored object of anybody's. */
const FREE = [
  // Content: who answers whom within one conversation.
  /\/(?:call|caller|tool_call|approval_request)_id$/,
  /\/tool_calls\/0\/id$/,
  /\/(?:acknowledged|pending)_safety_checks\/0\/id$/,
  // An item that is resent whole: the types that are filled in by their id are tested in item.test.ts.
  /^\/(?:input|items)\/0\/id$/,
  // Where a text came from: the provider does not follow it.
  /\/annotations\/0\/(?:container|file)_id$/,
  /\/results\/0\/file_id$/,
  // What lies below an object that the path names.
  /^\/part_ids\/0$/,
  // Facts of their own: `hidden`, and the connector of a tool.
  /(?:^|\/)(?:prompt|workflow)\/id$/,
  /\/tunnel_id$/,
  // A name of the caller's.
  /\/group_id$/,
  /^\/background_options\/continuation_id$/,
];
/** Members that hold something else where they stand in a form: the file itself. */
const IN_FORMS = [/^\/video$/];

function place(tokens: readonly string[]): Json {
  return tokens.reduceRight<Json>((value, token) => (token === "0" ? [value] : { [token]: value }), MARKER);
}

/** Gives a body with the id in it, and around it the types without which a member means something else. */
function toBody(pointer: string): Json {
  const [, ...tokens] = pointer.split("/");
  if (pointer !== "/data_source/source/id") return place(tokens);
  return { data_source: { source: { type: "file_id", id: MARKER } } };
}

function isId(pointer: string): boolean {
  const tokens = pointer.split("/").filter((token) => token !== "0");
  return ID.test(tokens.at(-1) ?? "");
}

describe("an id in a request", () => {
  const cases = Object.entries(fields).flatMap(([name, { request }]) => {
    const [method = "", path = ""] = name.split(" ");
    const { route } = matchRoute(method, `/v1${path.replace(/\?.*$/, "").replaceAll(/\{[^}]*\}/g, "id_1")}`);
    if (route.spec.isAdmin) return [];
    const pointers = Object.entries(request ?? {}).flatMap(([type, all]) =>
      all.filter(
        (one) => isId(one) && !(type.startsWith("multipart") && IN_FORMS.some((form) => form.test(one))),
      ),
    );
    return pointers.length === 0 ? [] : [{ name, route, pointers: [...new Set(pointers)] }];
  });

  it("is found in most operations that take a body", () => {
    expect(cases.length).toBeGreaterThan(25);
  });

  it.each(cases)("of $name names an object, or is free", ({ route, pointers }) => {
    const wrong = pointers.filter((pointer) => {
      const isFree = FREE.some((pattern) => pattern.test(pointer));
      const bytes = Buffer.from(JSON.stringify(toBody(pointer)));
      const json = { ...route, spec: { ...route.spec, body: "json" } } as const;
      try {
        const { references } = parser.parse({
          route: json,
          query: "",
          contentType: "application/json",
          betaHeader: "",
          bytes,
          tenant: "default",
        });
        return !isFree && !references.some(({ id, pointer: at }) => id === MARKER && at !== "");
      } catch (error) {
        // A body that is refused for its shape goes nowhere.
        if (error instanceof GatewayError) return false;
        throw error;
      }
    });
    expect(wrong).toEqual([]);
  });
});
