import { expect, test } from "vitest";
import { tokenLivesSchema, toTokenLife } from "./token-lives.ts";

const lives = tokenLivesSchema.parse([
  { at_most_s: 1800, groups: ["admins"] },
  { at_most_s: 900, kinds: ["agent", "ci"] },
  { at_most_s: 60, kinds: ["agent"], agents: ["writer"] },
]);
const person = { kind: "human", groups: ["developers"], agent: null } as const;
const toAgent = (name: string) => ({ name, owner: "ada", purpose: "tests", tools: [] });

test.each([
  [person, Number.POSITIVE_INFINITY],
  [{ ...person, groups: ["admins"] }, 1800],
  [{ ...person, kind: "ci", groups: ["admins"] } as const, 900],
  [{ ...person, kind: "agent", agent: toAgent("reader") } as const, 900],
  [{ ...person, kind: "agent", agent: toAgent("writer") } as const, 60],
])("of several entries that fit %j the shortest counts: %d", (caller, expected) => {
  expect(toTokenLife(lives, caller)).toBe(expected);
});

test("nothing is bounded where there are no entries", () => {
  expect(toTokenLife([], person)).toBe(Number.POSITIVE_INFINITY);
});
