// Makes problems of what OPA says in JSON when it refuses sources.

import { z } from "zod";
import { toNearest } from "./nearest.ts";
import { toError, type Problem } from "./problem.ts";

const location = z.object({ file: z.string(), row: z.int(), col: z.int() });
const type = z.looseObject({ type: z.string().optional() });

const said = z.object({
  errors: z.array(
    z.object({
      message: z.string(),
      code: z.string().optional(),
      location: location.optional(),
      details: z
        .looseObject({
          ref: z.array(z.object({ value: z.unknown() })).optional(),
          pos: z.int().optional(),
          oneOf: z.array(z.unknown()).optional(),
          have: z.unknown().optional(),
          want: z.unknown().optional(),
          a: type.optional(),
          b: type.optional(),
        })
        .nullish(),
    }),
  ),
});
type OpaError = z.infer<typeof said>["errors"][number];

const signature = z.object({
  args: z.array(z.looseObject({ name: z.string().optional(), type: z.string().optional() })),
});

/** Gives the problems, or null where the text is none of OPA's lists of errors. */
export function toOpaProblems(text: string): readonly Problem[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = said.safeParse(value);
  return parsed.success ? parsed.data.errors.map((error) => toProblem(error)) : null;
}

function toProblem({ message, code = "opa", location, details }: OpaError): Problem {
  const at =
    location === undefined
      ? null
      : { file: location.file, line: location.row, column: Math.max(location.col, 1) };
  return toError(code, at, message, {
    expected: toExpected(details ?? {}),
    help: toHelp(code, message, details),
  });
}

function toExpected(details: NonNullable<OpaError["details"]>): string | undefined {
  const { oneOf, a, b, have, want } = details;
  if (oneOf !== undefined && oneOf.length > 0) return `expected one of ${oneOf.map(String).join(", ")}`;
  if (a?.type !== undefined && b?.type !== undefined)
    return `the left side is of type ${a.type}, the right side of type ${b.type}: they are never equal`;
  const wanted = signature.safeParse(want).data?.args.slice(0, -1);
  if (wanted === undefined) return undefined;
  const given = z.array(type).safeParse(have).data ?? [];
  const toList = (types: readonly { name?: unknown; type?: string | undefined }[]) =>
    types.map(({ name, type = "any" }) => (typeof name === "string" ? `${name}: ${type}` : type)).join(", ");
  return `expected (${toList(wanted)}), given (${toList(given)})`;
}

function toHelp(code: string, message: string, details: OpaError["details"]): string | undefined {
  const { ref, pos, oneOf } = details ?? {};
  const wrong = ref?.[pos ?? -1]?.value;
  const near = typeof wrong === "string" ? toNearest(wrong, oneOf?.map(String) ?? []) : null;
  if (near !== null) return `did you mean ${near}?`;
  if (message.startsWith("undefined function "))
    return "schemas/capabilities.json lists the functions that there are";
  if (code === "rego_type_error" && message.startsWith("undefined ref: input"))
    return "schemas/facts.json lists what input holds";
  return undefined;
}
