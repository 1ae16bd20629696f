// Parses the modules of a policy.

import { z } from "zod";
import { gather } from "./problem.ts";
import type { Opa } from "./run-opa.ts";
import type { Source } from "./sources.ts";

const shape = z.object({
  package: z.object({ path: z.array(z.object({ value: z.string() })) }),
  annotations: z
    .array(
      z.looseObject({
        scope: z.string(),
        title: z.string().optional(),
        description: z.string().optional(),
        custom: z.unknown().optional(),
      }),
    )
    .default([]),
  rules: z
    .array(
      z.looseObject({
        head: z.looseObject({
          name: z.string().optional(),
          key: z.unknown().optional(),
          value: z.unknown().optional(),
        }),
        body: z.unknown().optional(),
      }),
    )
    .default([]),
});

/** A module that an author wrote. */
export type Module = z.infer<typeof shape> & {
  readonly path: string;
  readonly text: string;
  /** `data.gateway.rules.access.model`. */
  readonly name: string;
  /** All of it, as OPA gives it. */
  readonly ast: unknown;
};

/** Parses all authored modules in a folder; throws `PolicyProblem` that lists all that cannot be parsed. */
export function parseModules(opa: Opa, folder: string, sources: readonly Source[]): Promise<Module[]> {
  return gather(sources.filter(isAuthored), async ({ path, bytes }) => {
    const text = bytes.toString("utf8");
    const args = ["parse", "--format", "json", "--json-include", "locations", path];
    const said = await opa.once(`parse ${path}\0${text}`, () => opa.run(args, { cwd: folder }));
    const ast: unknown = JSON.parse(said);
    const parsed = shape.parse(ast);
    const name = parsed.package.path.map(({ value }) => value).join(".");
    return { ...parsed, path, text, name, ast };
  });
}

function isAuthored({ path }: Source): boolean {
  return path.endsWith(".rego") && !path.startsWith("gateway/main/");
}
