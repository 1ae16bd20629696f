// Exchanges of every operation, sent straight to a provider and through a gateway whose policy opens everything: what comes back, and what arrives, is the same.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { RouteSpec } from "../../gateway/exchange.ts";
import { toAnswer } from "./answer.ts";
import { listJson } from "./answers.ts";
import { compare } from "./compare.ts";
import { listErrors } from "./errors.ts";
import { OPERATIONS, toExchange, toRequest } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { listFiles } from "./files.ts";
import { listForms } from "./forms.ts";
import { listHeaders, listJsonBodies, listMethods, listQueries } from "./requests.ts";
import { RULES } from "./rules.ts";
import { listStreams } from "./streams.ts";
import { listUnknown } from "./unknown.ts";
import { useWays } from "./use-ways.ts";

const ways = useWays();
/** The rules that made a difference. */
const used = new Set<string>();

/** Whether the last answer left its connection through the gateway open. */
let isOpen = false;

async function expectAlike(exchanges: readonly Exchange[]): Promise<void> {
  for (const exchange of exchanges) {
    const { through, expected, rules, told } = await compare(ways(), exchange);
    for (const rule of rules) used.add(rule);
    expect.soft(through, exchange.name).toEqual(expected);
    expect.soft(told.isReused, `${exchange.name} comes over the connection of the one before`).toBe(isOpen);
    isOpen = through.isWhole && through.headers["connection"] !== "close";
  }
}

/** Gives one operation of each kind, as far as these members tell them apart. */
function oneOfEach(...members: readonly (keyof RouteSpec)[]): readonly RouteSpec[] {
  const open = OPERATIONS.filter(({ isSecret, isGrant }) => !isSecret && !isGrant);
  const kinds = open.map((spec) =>
    members.map((member) => (member === "lists" ? spec.lists !== null : spec[member])).join(),
  );
  return open.filter((_, index) => kinds.indexOf(kinds[index] ?? "") === index);
}

const named = (specs: readonly RouteSpec[]): [string, RouteSpec][] =>
  specs.map((spec) => [`${spec.operation} (${spec.method})`, spec]);

describe("the usual exchange", () => {
  test.each(named(OPERATIONS))("of %s", async (_name, spec) => {
    await expectAlike([toExchange(spec, "usual", toRequest(spec), toAnswer(spec))]);
  });
});

describe.each([
  ["queries", listQueries, oneOfEach("method", "body", "lists", "streams")],
  ["headers", listHeaders, oneOfEach("method", "body", "answer")],
  ["bodies", listJsonBodies, oneOfEach("method", "body", "dialect", "answer")],
  ["forms", listForms, oneOfEach("body", "answer", "streams")],
  ["methods", listMethods, oneOfEach("method", "body", "lists")],
  ["errors", listErrors, oneOfEach("body", "answer", "dialect", "lists")],
  ["answers", listJson, oneOfEach("answer", "dialect", "lists")],
  ["streams", listStreams, oneOfEach("answer", "streams", "dialect")],
  ["files", listFiles, oneOfEach("method", "answer")],
] as const)("all %s", (_name, list, specs) => {
  test.each(named(specs.filter((spec) => list(spec).length > 0)))("of %s", async (_name, spec) => {
    await expectAlike(list(spec));
  });
});

test("what the gateway does not know passes as it is, where policy opens it", async () => {
  await expectAlike(listUnknown());
});

test("the differences are those of the docs, and each is met", () => {
  const page = readFileSync(new URL("../../docs/compatibility.md", import.meta.url), "utf8");
  const told = [...page.matchAll(/^\| (?!what \|)([^|]+?) \|/gm)].map(([, name]) => name ?? "");
  const rare = RULES.filter(({ isRare }) => isRare === true).map(({ name }) => name);
  expect(told.toSorted()).toEqual([...new Set([...used, ...rare])].toSorted());
});
