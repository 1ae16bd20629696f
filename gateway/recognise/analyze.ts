// Asks a recogniser of names and addresses about one text, by the HTTP API of Presidio's analyzer.
import { z } from "zod";
import { GatewayError } from "../errors.ts";
import type { Finding } from "../exchange.ts";
import { createOffsets } from "./code-points.ts";

/** Which recogniser is asked, and how. */
export type AnalyzeOptions = {
  /** The whole address, such as `http://127.0.0.1:5002/analyze`. */
  readonly url: string;
  readonly language: string;
  /** Class by entity; others are not asked for. */
  readonly classes: ReadonlyMap<string, string>;
  /** What is less certain counts as not found; from 0 to 1. */
  readonly threshold: number;
  readonly timeoutMs: number;
};

const MOST_BYTES = 4 * 1024 * 1024;
const MOST_FINDINGS = 20_000;

const answer = z
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
 * Gives what a recogniser finds in a text, sorted by start.
 *
 * @throws GatewayError `detector_failed` where it is away, slow, redirects, or says what cannot be of this text.
 */
export async function analyze(options: AnalyzeOptions, text: string): Promise<readonly Finding[]> {
  const { url, language, classes, threshold, timeoutMs } = options;
  // As the recogniser reads it: half a pair would come to it as another character.
  const body = JSON.stringify({
    text: text.toWellFormed(),
    language,
    entities: [...classes.keys()],
    score_threshold: threshold,
  });
  let said: unknown;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body,
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    said = JSON.parse(await readText(response));
  } catch (cause) {
    throw failed(cause);
  }
  const checked = answer.safeParse(said);
  // The cause would quote what was said.
  if (!checked.success) throw failed(null);
  const offsets = createOffsets(text);
  return checked.data
    .filter(({ score }) => score >= threshold)
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
    .flatMap(({ entity_type: entity, start, end }) => {
      const ofClass = classes.get(entity);
      const from = offsets(start);
      const to = offsets(end);
      if (end <= start || from === null || to === null) throw failed(null);
      return ofClass === undefined
        ? []
        : [{ id: entity.toLowerCase(), class: ofClass, start: from, end: to }];
    });
}

async function readText(response: Response): Promise<string> {
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`status ${response.status}`);
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body) {
    size += piece.length;
    if (size > MOST_BYTES) throw new Error("an answer over the limit");
    pieces.push(piece);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(pieces, size));
}

function failed(cause: unknown): GatewayError {
  const because = cause === null ? {} : { cause };
  return new GatewayError(
    "detector_failed",
    "The recogniser of names and addresses could not be asked.",
    because,
  );
}
