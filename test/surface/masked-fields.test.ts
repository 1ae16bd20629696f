// Every text field of the published API, request and answer: a value in it that policy masks is masked, or nothing passes.
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../gateway/errors.ts";
import type { Effect } from "../../gateway/exchange.ts";
import { VALUES } from "../made/secrets.ts";
import { passAnswer, passRequest, type Passed } from "./pass-field.ts";
import { listFields, routeOf } from "./published.ts";

/** A value of each class, each in a sentence of its own. */
const TEXT = VALUES.map(({ value }) => `So it is ${value}, they say.`).join("\n");
const MASKED = JSON.stringify(
  VALUES.map((one) => `So it is [REDACTED:${one.class}], they say.`).join("\n"),
).slice(1, -1);
const PIECES = VALUES.flatMap(({ value }) => [value.slice(4, 12), value.slice(-8)]);
const MASK: readonly Effect[] = [...new Set(VALUES.map((one) => one.class))].map((one) => ({
  code: "masks_all",
  class: one,
  with: "redact",
}));
/** A value that has the form of an id, of an enumerated value, of base64 and of ciphertext. */
const CARD = "4111111111111111";

/** What is passed on as it came, on purpose: everything else that is text must be masked. */
const DELIBERATE = [
  // Third parties' credentials in the definition of a tool: they are meant for who gets them.
  /\/tools\/0\/(?:authorization|headers\/extra)$/,
  // Repeats the text beside it, token by token, and is taken out where that is masked.
  /\/logprobs\/(?:content\/|refusal\/)?0\/(?:top_logprobs\/0\/)?token$/,
];

/** Where nothing passes: not a call, no place for a text, or taken out where something is masked. */
const REFUSED = [
  /^\/choices\/0\/delta\/tool_calls\//,
  /^\/choices\/0\/logprobs\/tokens\/0$/,
  /^\/data_source\/source\/tools\/0$/,
  /^\/obfuscation$/,
  // A piece of an item that never comes.
  /^\/delta(?:\/|$)/,
];

/** Pointers at which the value went on, and those at which neither it nor its mask shows. */
type Found = { readonly leaked: string[]; readonly refused: string[] };

/** Sorts pointers by what became of the value there. */
async function sortOut(
  pointers: readonly string[],
  send: (pointer: string, text: string) => Promise<Passed>,
): Promise<Found> {
  const found: Found = { leaked: [], refused: [] };
  for (const pointer of pointers) {
    if (pointer === "" || DELIBERATE.some((pattern) => pattern.test(pointer))) continue;
    const mayRefuse = REFUSED.some((pattern) => pattern.test(pointer));
    try {
      const { sent } = await send(pointer, TEXT);
      if (PIECES.some((piece) => sent.includes(piece))) found.leaked.push(pointer);
      else if (!mayRefuse && !sent.includes(MASKED)) found.refused.push(pointer);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      if (!mayRefuse) found.refused.push(pointer);
    }
  }
  return found;
}

describe("a value in a text field of a request", () => {
  it.each(listFields("request", "application/json"))("is masked: %s", async (name, pointers) => {
    const route = routeOf(name);
    const found = await sortOut([...pointers, "/unknown/0/deep"], (pointer, text) =>
      passRequest(route, pointer, text, MASK),
    );
    expect(found).toEqual({ leaked: [], refused: [] });
  });
});

describe("a value in a text field of an answer", () => {
  it.each(listFields("answer", "application/json"))("is masked: %s", async (name, pointers) => {
    const { operation } = routeOf(name);
    const found = await sortOut([...pointers, "/unknown/0/deep"], (pointer, text) =>
      passAnswer(operation, pointer, false, text, MASK),
    );
    expect(found).toEqual({ leaked: [], refused: [] });
  });

  it.each(listFields("answer", "text/event-stream"))("is masked in a stream: %s", async (name, pointers) => {
    const { operation } = routeOf(name);
    const found = await sortOut([...pointers, "/unknown/0/deep"], (pointer, text) =>
      passAnswer(operation, pointer, true, text, MASK),
    );
    expect(found).toEqual({ leaked: [], refused: [] });
  });
});

/** Leaves out what was seen in another operation of the same kind. */
function toUnseen(seen: Set<string>, dialect: string, pointers: readonly string[]): readonly string[] {
  return pointers.filter((pointer) => {
    const key = `${dialect} ${pointer.split("/").slice(-2).join("/")}`;
    if (pointer === "" || seen.has(key) || DELIBERATE.some((pattern) => pattern.test(pointer))) return false;
    seen.add(key);
    return true;
  });
}

describe("a value that looks like an id, or is a number", () => {
  const ways = [
    ["request", "application/json"],
    ["answer", "application/json"],
    ["answer", "text/event-stream"],
  ] as const;
  it.each(ways)("does not pass in any member of a %s, %s", async (direction, media) => {
    const seen = new Set<string>();
    const passed: string[] = [];
    for (const [name, pointers] of listFields(direction, media)) {
      const route = routeOf(name);
      for (const pointer of toUnseen(seen, route.spec.dialect, pointers)) {
        for (const value of [CARD, Number(CARD)]) {
          try {
            const { sent } =
              direction === "request"
                ? await passRequest(route, pointer, value, MASK)
                : await passAnswer(route.operation, pointer, media === "text/event-stream", value, MASK);
            if (sent.includes(CARD)) passed.push(`${name} ${pointer} ${typeof value}`);
          } catch (error) {
            if (!(error instanceof GatewayError)) throw error;
          }
        }
      }
    }
    expect(passed).toEqual([]);
  });
});
