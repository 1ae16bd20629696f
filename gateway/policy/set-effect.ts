// What a rule may say of a request's parameter: one of those that can be set, and one thing of the right type.

import { z } from "zod";
import { SETTABLE } from "../exchange.ts";
import type { Effect } from "../exchange.ts";

const MOST_TOOLS = 64;
const name = z.string().min(1).max(256);
const tool = z
  .strictObject({ type: name.exactOptional(), name: name.exactOptional() })
  .refine((one) => one.type !== undefined || one.name !== undefined, "a tool needs a type or a name");
const tools = z.array(tool).min(1).max(MOST_TOOLS);
const word = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, "one word in lower case");

/** The members that say what to do with a parameter. */
const VERBS = ["to", "at_most", "at_least", "strip", "without"] as const;

/** The members of `set`, as they stand in an operator's file too. */
export const setShape = {
  parameter: z.enum(Object.keys(SETTABLE)),
  to: z.union([z.boolean(), z.number(), word]).exactOptional(),
  at_most: z.number().exactOptional(),
  at_least: z.number().exactOptional(),
  strip: z.literal(true).exactOptional(),
  without: tools.exactOptional(),
};

/** Checks each member of a contribution by itself. */
export const SET_FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = Object.fromEntries(
  Object.entries(setShape).map(([key, shape]) => [key, (value: unknown) => shape.safeParse(value).success]),
);

/** Tells whether members that are well-formed by themselves say one thing that fits the parameter's type. */
export function isSetEffect(
  effect: Omit<Effect, "code" | "parameter"> & { readonly parameter?: string },
): boolean {
  const verbs = VERBS.filter((verb) => effect[verb] !== undefined);
  const kind = Object.entries(SETTABLE).find(([key]) => key === effect.parameter)?.[1];
  if (kind === undefined || verbs.length !== 1) return false;
  if (effect.strip !== undefined) return true;
  if (kind.type === "tools") return effect.without !== undefined;
  if (kind.type === "boolean") return typeof effect.to === "boolean";
  if (kind.type === "word") return typeof effect.to === "string";
  const value = effect.to ?? effect.at_most ?? effect.at_least;
  return (
    typeof value === "number" &&
    value >= kind.least &&
    value <= kind.most &&
    (kind.type === "number" || Number.isSafeInteger(value))
  );
}
