// How long policy lets short-lived tokens live: the list `token_lives` of a bundle, or an operator's in its place.
import { z } from "zod";
import type { Caller } from "../exchange.ts";

const names = z.array(z.string().min(1).max(256)).min(1).max(10_000);

/** Describes `lists.token_lives`. An entry is for callers that are all that it names; of several the shortest counts. */
export const tokenLivesSchema = z
  .array(
    z.strictObject({
      at_most_s: z.int().positive(),
      kinds: z
        .array(z.enum(["human", "service", "ci", "agent"]))
        .min(1)
        .optional(),
      groups: names.optional(),
      agents: names.optional(),
    }),
  )
  .max(1_000);

export type TokenLives = z.infer<typeof tokenLivesSchema>;

/** Gives for how many seconds a caller's token may live; Infinity where nothing bounds it. */
export function toTokenLife(
  lives: TokenLives,
  { kind, groups, agent }: Pick<Caller, "kind" | "groups" | "agent">,
): number {
  const fitting = lives.filter(
    (one) =>
      (one.kinds?.includes(kind) ?? true) &&
      (one.groups?.some((group) => groups.includes(group)) ?? true) &&
      (one.agents?.some((name) => name === agent?.name) ?? true),
  );
  return Math.min(...fitting.map((one) => one.at_most_s));
}
