// Asks a recogniser of names and addresses about passages, by the HTTP API of Presidio's analyzer.
import { z } from "zod";
import { GatewayError } from "../errors.ts";
import { createOffsets } from "./code-points.ts";
import { toPlainPassage } from "./plain-passage.ts";

/** What a recogniser found in a passage; offsets are UTF-16 units of it. */
export type Recognised = {
  readonly id: string;
  readonly class: string;
  readonly start: number;
  readonly end: number;
};

/** What is asked for. */
export type Question = {
  readonly language: string;
  /** Class by entity; others are not asked for. */
  readonly classes: ReadonlyMap<string, string>;
  /** What is less certain counts as not found; from 0 to 1. */
  readonly threshold: number;
};

/** Sends a question's bytes; gives those of an answer with status 200. Rejects where there is none. */
export type Send = (body: Buffer, signal: AbortSignal) => Promise<Buffer>;

const MOST_FINDINGS = 20_000;

const findings = z
  .array(
    z.object({
      entity_type: z.string(),
      start: z.int().nonnegative(),
      end: z.int().nonnegative(),
      score: z.number(),
    }),
  )
  .max(MOST_FINDINGS);

/**
 * Gives what a recogniser finds in each of some passages, sorted by start.
 *
 * @throws GatewayError `recogniser_unavailable` where it is away, or says what cannot be of these passages.
 */
export async function analyze(
  send: Send,
  question: Question,
  passages: readonly string[],
  signal: AbortSignal,
): Promise<readonly (readonly Recognised[])[]> {
  const plain = passages.map((passage) => toPlainPassage(passage));
  // As the recogniser reads it: half a pair would come to it as another character.
  const texts = plain.map(({ text }) => text.toWellFormed());
  const body = {
    // A list is understood since Presidio 2.2.356; one passage by itself, by all.
    text: texts.length === 1 ? texts[0] : texts,
    language: question.language,
    entities: [...question.classes.keys()],
    score_threshold: question.threshold,
  };
  let said: unknown;
  try {
    const bytes = await send(Buffer.from(JSON.stringify(body)), signal);
    said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw unavailable(cause);
  }
  const checked = z
    .array(findings)
    .length(texts.length)
    .safeParse(texts.length === 1 ? [said] : said);
  // The cause would quote what was said.
  if (!checked.success) throw unavailable(null);
  return plain.map((passage, index) => {
    const offsets = createOffsets(passage.text);
    return (checked.data[index] ?? [])
      .filter(({ score }) => score >= question.threshold)
      .toSorted((a, b) => a.start - b.start || b.end - a.end)
      .flatMap(({ entity_type: entity, start, end }): Recognised[] => {
        const ofClass = question.classes.get(entity);
        const from = offsets(start);
        const to = offsets(end);
        if (end <= start || from === null || to === null) throw unavailable(null);
        if (ofClass === undefined) return [];
        const id = `presidio_${entity.toLowerCase()}`;
        return [{ id, class: ofClass, start: passage.toStart(from), end: passage.toEnd(to) }];
      });
  });
}

/** Makes the error of a recogniser that could not be asked; the cause may be told by its name alone. */
export function unavailable(cause: unknown): GatewayError {
  return new GatewayError(
    "recogniser_unavailable",
    "The recogniser of names and addresses could not be asked.",
    cause === null ? {} : { cause },
  );
}
