// The text fields of the published API, and bodies that hold nothing but one of them.
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Json, Route } from "../../gateway/exchange.ts";
import { matchRoute } from "../../gateway/parse/route.ts";

/**
 * The pointers of every string that is no enumeration, by method and path, direction and media type, as
 * https://github.com/openai/openai-openapi (f85dbe2) has them; `0` stands for any element, `extra` for any member.
 */
const fields = z
  .record(
    z.string(),
    z.record(z.enum(["request", "answer"]), z.record(z.string(), z.array(z.string())).optional()),
  )
  .parse(JSON.parse(readFileSync(new URL("fields.json", import.meta.url), "utf8")));

/** Builds the smallest body that has the text at the pointer. */
export function placeText(pointer: string, text: Json): Json {
  const [, ...tokens] = pointer.split("/");
  return tokens.reduceRight<Json>((value, token) => (token === "0" ? [value] : { [token]: value }), text);
}

/** Gives the route of an operation that is named by method and path. */
export function routeOf(name: string): Route {
  const [method = "", path = ""] = name.split(" ");
  return matchRoute(method, `/v1${path.replaceAll(/\{[^}]*\}/g, "id_1")}`).route;
}

/** Gives the operations with the pointers of their text fields. */
export function listFields(direction: "request" | "answer", media: string): [string, readonly string[]][] {
  return Object.entries(fields).flatMap(([name, found]) => {
    const pointers = found[direction]?.[media];
    return pointers === undefined ? [] : [[name, pointers]];
  });
}
