// What a rule may say of a limit: what is counted, for whom, how much at most and in what time.

import { z } from "zod";
import { CALENDAR_WINDOWS, LIMIT_UNITS } from "../exchange.ts";
import type { Effect } from "../exchange.ts";

/** A year: what is counted for longer is no limit that anybody waits for. */
const LONGEST_WINDOW_S = 366 * 86_400;

/** The members of a limit, as they stand in an operator's file too. */
export const limitShape = {
  /** As it stands in headers and in the command line. */
  name: z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, "one word in lower case"),
  unit: z.enum(LIMIT_UNITS),
  limit: z.int().nonnegative(),
  window: z.union([z.int().min(1).max(LONGEST_WINDOW_S), z.enum(CALENDAR_WINDOWS)]).exactOptional(),
  sliding: z.literal(true).exactOptional(),
  soft: z.literal(true).exactOptional(),
};

const shape = { ...limitShape, key: z.string().max(1024) };

/** Checks each member of a contribution by itself. */
export const LIMIT_FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = Object.fromEntries(
  Object.entries(shape).map(([key, member]) => [key, (value: unknown) => member.safeParse(value).success]),
);

/** Tells whether a limit has a window where it wants one: what is under way at once has none, what slides one in seconds. */
export function isLimitWhole({
  unit,
  window,
  sliding,
}: Pick<Effect, "unit" | "window" | "sliding">): boolean {
  return (
    (unit === "concurrent") === (window === undefined) && (sliding !== true || typeof window === "number")
  );
}

/** Tells whether members that are well-formed by themselves say one limit. */
export function isLimitEffect(effect: Omit<Effect, "code">): boolean {
  const { name, key, unit, limit } = effect;
  return (
    name !== undefined &&
    key !== undefined &&
    unit !== undefined &&
    limit !== undefined &&
    isLimitWhole(effect)
  );
}
