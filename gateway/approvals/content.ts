// What reviewers are shown of a request's texts: those that were masked for the record, as far as they fit.
import { z } from "zod";
import type { Text } from "../exchange.ts";

/** Of one text, and of all of them, at most so many characters. */
const LONGEST = 16_384;
const MOST = 131_072;
const MOST_TEXTS = 256;

const stored = z.object({
  texts: z.array(z.object({ pointer: z.string(), kind: z.string(), role: z.string(), text: z.string() })),
  /** Characters that were left out. */
  cut: z.number(),
});

/** The texts as they are kept. */
export type ShownTexts = z.output<typeof stored>;

/** Cuts them to what is kept: the last ones first, since those are what is new. */
export function cutTexts(texts: readonly Omit<Text, "part">[]): ShownTexts {
  const kept: ShownTexts["texts"] = [];
  let [room, cut] = [MOST, 0];
  for (const { pointer, kind, role, text } of texts.toReversed()) {
    const length = kept.length < MOST_TEXTS ? Math.min(text.length, LONGEST, room) : 0;
    cut += text.length - length;
    room -= length;
    if (length > 0 || text === "")
      kept.unshift({ pointer, kind, role, text: text.slice(0, length).toWellFormed() });
  }
  return { texts: kept, cut };
}

/** Reads them back. */
export function readTexts(json: string): ShownTexts {
  return stored.parse(JSON.parse(json));
}
