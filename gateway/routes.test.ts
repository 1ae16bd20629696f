import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findRoute, getRoute, listRoutes } from "./routes.ts";

const SDK = join(import.meta.dirname, "../node_modules/openai/resources");
/** A call of the SDK's client: the method, and the path in quotes or in a template. */
const CALL =
  /_client\.(get|post|delete|put|patch|getAPIList)\(\s*(?:path\s*)?(?:'([^']+)'|"([^"]+)"|`([^`]+)`)([^;]*)/g;

/** Gives every method and path that the SDK calls, with `x` for each id. */
function readSdk(): readonly (readonly [string, string])[] {
  const files = readdirSync(SDK, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".mjs"),
  );
  return files.flatMap((name) =>
    [...readFileSync(join(SDK, name), "utf8").matchAll(CALL)].map(([, verb = "", a, b, c, rest = ""]) => {
      const path = (a ?? b ?? c ?? "").replace(/\?.*$/, "").replaceAll(/\$\{[^}]*\}/g, "x");
      const named = /method:\s*['"](\w+)['"]/.exec(rest)?.[1];
      return [(verb === "getAPIList" ? (named ?? "get") : verb).toUpperCase(), path] as const;
    }),
  );
}

describe("the route table", () => {
  it("names each operation once, and each method of a path once", () => {
    const routes = listRoutes();
    expect(new Set(routes.map(({ operation }) => operation)).size).toBe(routes.length);
    expect(new Set(routes.map(({ method, template }) => `${method} ${template}`)).size).toBe(routes.length);
  });

  it("has every path that the SDK calls", () => {
    const calls = readSdk();
    expect(calls.length).toBeGreaterThan(300);
    const missing = calls.filter(([method, path]) => !("spec" in findRoute(method, path)));
    expect(missing).toEqual([]);
  });

  it("takes a model's name with dots within an id, and asks about no model for it", () => {
    const found = findRoute("POST", "/organization/projects/proj_1/rate_limits/rl-gpt-3.5-turbo");
    expect(found).toMatchObject({
      spec: { operation: "admin.organization.projects.rate_limits.update" },
      model: null,
    });
    expect(findRoute("POST", "/organization/projects/proj_1/rate_limits/..")).toEqual({ methods: [] });
  });

  it("finds each of its own templates", () => {
    for (const spec of listRoutes()) {
      const path = spec.template.replaceAll(/\{[^}]*\}/g, "id_1");
      expect(findRoute(spec.method, path)).toMatchObject({ spec: { operation: spec.operation } });
    }
  });

  it("takes admin credentials for the administration alone", () => {
    for (const { operation, isAdmin } of listRoutes())
      expect([operation, isAdmin]).toEqual([
        operation,
        operation.startsWith("admin.") || operation.startsWith("fine_tuning.checkpoints."),
      ]);
  });

  it("knows by which field a stream is asked for", () => {
    expect(getRoute("responses.create").streams).toBe("body");
    expect(getRoute("responses.retrieve").streams).toBe("query");
    expect(getRoute("audio.speech.create").streams).toBe("format");
    expect(getRoute("agents.sessions.events.list").streams).toBe("always");
    expect(getRoute("files.list").streams).toBe("never");
  });
});
