// What is never touched: ids, ciphertext, media and numbers of the published API go on byte by byte, whatever policy masks.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { TABLES } from "../../gateway/detect/values/tables.ts";
import { GatewayError } from "../../gateway/errors.ts";
import type { Effect, Json } from "../../gateway/exchange.ts";
import { CIPHERTEXT, MEDIA, TOKENS } from "../../gateway/parse/fields.ts";
import { VALUES } from "../made/secrets.ts";
import { passAnswer, passRequest, type Passed } from "./pass-field.ts";
import { listFields, routeOf } from "./published.ts";

/** Every class that any detector has. */
const CLASSES = new Set([...VALUES, ...TABLES.numbers].map((one) => one.class));
for (const one of ["ip_address", "mac_address", "birth_date", "crypto_address"]) CLASSES.add(one);
const MASK: readonly Effect[] = [...CLASSES].map((one) => ({
  code: "masks_all",
  class: one,
  with: "redact",
}));

/** Members of the published API that hold numbers: times, sizes, counts, limits. */
const NUMBERS = z
  .array(z.string())
  .parse(JSON.parse(readFileSync(new URL("numbers.json", import.meta.url), "utf8")));

const ALPHANUMERIC = fc.constantFrom(
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".split(""),
);
const HEX = fc.constantFrom(..."0123456789abcdef".split(""));
const take = (of: fc.Arbitrary<string>, length: number): fc.Arbitrary<string> =>
  fc.array(of, { minLength: length, maxLength: length }).map((all) => all.join(""));

/** Ids as providers make them. */
const id = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("msg_", "fc_", "call_", "file-", "org-", "proj_", "key_", ""),
      take(ALPHANUMERIC, 24),
    )
    .map((parts) => parts.join("")),
  fc.tuple(fc.constantFrom("resp_", "rs_", "vs_", "fp_"), take(HEX, 48)).map((parts) => parts.join("")),
  take(HEX, 32),
  fc.uuid(),
  // What a UUID's digits say is chance.
  fc.constantFrom("41111111-1111-1111-a1b2-c3d4e5f60718", "c0ffee00-12ab-4abc-8def-501800000009"),
);
const seconds = fc.integer({ min: 1_500_000_000, max: 2_000_000_000 });
const milliseconds = fc.integer({ min: 1_500_000_000_000, max: 2_000_000_000_000 });
const count = fc.integer({ min: 10_000_000, max: 999_999_999 });
/** Ids that are counted, or made of the time. */
const digits = fc.oneof(count, seconds, milliseconds, fc.integer({ min: 1e9, max: 1e11 })).map(String);
/** Base64 in which values stand. */
const blob = fc
  .tuple(
    take(ALPHANUMERIC, 200),
    fc.constantFrom("4111111111111111", ["AKIA", "Q3EGRIWX5B7MZ2NT"].join("")),
    take(ALPHANUMERIC, 100),
  )
  .map((parts) => {
    const text = parts.join("/");
    return text.padEnd(Math.ceil(text.length / 4) * 4, "A");
  });

const WAYS = [
  ["request", "application/json"],
  ["answer", "application/json"],
  ["answer", "text/event-stream"],
] as const;
type Way = (typeof WAYS)[number];

function toName(pointer: string): string {
  return pointer.split("/").findLast((token) => !/^\d*$/.test(token)) ?? "";
}

/** What a person fills in, and pieces of a call that never comes whole. */
const NO_PLACES = /\/metadata\/|\/delta\/tool_calls\//;

/** Gives each place whose member is of a kind, once for what it lies in. */
function listPlaces([direction, media]: Way, isOf: (name: string) => boolean): [string, string][] {
  const seen = new Set<string>();
  return listFields(direction, media).flatMap(([name, pointers]) =>
    pointers.flatMap((pointer): [string, string][] => {
      const key = `${routeOf(name).spec.dialect} ${pointer.split("/").slice(-3).join("/")}`;
      if (!isOf(toName(pointer)) || NO_PLACES.test(pointer) || seen.has(key)) return [];
      seen.add(key);
      return [[name, pointer]];
    }),
  );
}

function pass([direction, media]: Way, name: string, pointer: string, value: Json): Promise<Passed> {
  const route = routeOf(name);
  return direction === "request"
    ? passRequest(route, pointer, value, MASK)
    : passAnswer(route.operation, pointer, media === "text/event-stream", value, MASK);
}

/** Gives the places at which a value of some sort did not go on as it came. */
async function findTouched(
  way: Way,
  places: readonly (readonly [string, string])[],
  values: fc.Arbitrary<Json>,
  mayBeRefused = false,
): Promise<readonly string[]> {
  const touched: string[] = [];
  const made = fc.sample(values, { numRuns: places.length });
  for (const [index, [name, pointer]] of places.entries()) {
    const value = made[index] ?? "";
    try {
      const { given, sent } = await pass(way, name, pointer, value);
      const isWhole = way[1] === "application/json" ? sent === given : sent.includes(JSON.stringify(value));
      if (!isWhole && !(mayBeRefused && !/REDACTED/.test(sent)))
        touched.push(`${name} ${pointer}: ${JSON.stringify(value)}`);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      // A body that needs more is none; a value that must be masked is refused where no text stands.
      if (error.code === "policy_denied" && !mayBeRefused)
        touched.push(`${name} ${pointer}: ${JSON.stringify(value)}`);
    }
  }
  return touched;
}

const isId = (name: string): boolean => /(?:^|_)ids?$/.test(name);

describe.each(WAYS.map((way) => ({ way, name: way.join(", ") })))("in a $name", ({ way }) => {
  it("an id goes on as it came", async () => {
    const places = listPlaces(way, (name) => isId(name) || TOKENS.has(name));
    expect(places.length).toBeGreaterThan(20);
    expect(await findTouched(way, [...places, ...places, ...places], id)).toEqual([]);
  });

  it("an id that is a number goes on as it came", async () => {
    expect(
      await findTouched(
        way,
        listPlaces(way, (name) => TOKENS.has(name)),
        digits,
      ),
    ).toEqual([]);
  });

  it("where an id should stand nothing is written anew: a value in it goes on, or the whole is refused", async () => {
    const values = VALUES.map(({ value }) => value).filter((value) => /^[\w.:/-]{1,256}$/.test(value));
    const places = listPlaces(way, (name) => TOKENS.has(name));
    for (const value of values) expect(await findTouched(way, places, fc.constant(value), true)).toEqual([]);
  });

  it("ciphertext and media go on as they came", async () => {
    const places = listPlaces(
      way,
      (name) => CIPHERTEXT.has(name) || (MEDIA.has(name) && !/url|^result$/.test(name)),
    );
    expect(places.length).toBeGreaterThan(1);
    expect(await findTouched(way, places, blob)).toEqual([]);
  });

  it("a time, a size, a count or a limit goes on as it came", async () => {
    const name =
      way[0] === "request"
        ? "POST /images/generations"
        : way[1] === "application/json"
          ? "GET /batches/{batch_id}"
          : "POST /images/generations";
    const places = NUMBERS.flatMap((one) =>
      [`/${one}`, `/unknown/0/${one}`].map((at): [string, string] => [name, at]),
    );
    const times = places.filter(([, at]) => /_(?:at|ms|time|before|after|finish)$/.test(at));
    expect(times.length).toBeGreaterThan(40);
    for (const values of [count, fc.constantFrom(2 ** 31 - 1, 2 ** 32 - 1, 2 ** 53 - 1)])
      expect(await findTouched(way, places, values)).toEqual([]);
    for (const values of [seconds, milliseconds]) expect(await findTouched(way, times, values)).toEqual([]);
  });
});
