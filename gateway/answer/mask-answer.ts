// Finds what stands in the texts of a whole answer, and masks it where the answer goes out.
import type { Finding, Json, Segment } from "../exchange.ts";
import { applyEdits, joinEdits } from "../mask/edits.ts";
import { findEdits } from "../mask/mask-text.ts";
import { toDropped, writeChanges, type Change } from "../mask/write-changes.ts";
import { getAt } from "../parse/pointer.ts";
import { isText } from "../parse/apart.ts";
import { isPartOfJson } from "../segment.ts";
import { createSlowScan } from "../scan-slowly.ts";
import type { AnswerContext } from "./context.ts";

/** What stands in one text of the answer. */
export type Found = { readonly segment: Segment; readonly findings: readonly Finding[] };

/** A body as it goes out, and its texts. */
export type MaskedAnswer = { readonly body: Json; readonly segments: readonly Segment[] };

/** Asks the recogniser about texts that are to be searched; null where there is nothing to ask. */
export function askAhead({ recognition }: AnswerContext, segments: readonly Segment[]): Promise<void> | null {
  return recognition.ask(segments.flatMap(({ text, part }) => (isPartOfJson(part) ? [] : [text])));
}

/** Searches the texts, where a rule or a mask asks for it. */
export async function findAll(
  context: AnswerContext,
  segments: readonly Segment[],
): Promise<readonly Found[]> {
  const { judge, masks, scanner } = context;
  if (!judge.speaksIn("whole") && !masks.applies("answer")) return [];
  const scan = createSlowScan(scanner, "answer");
  const found: Found[] = [];
  for (const segment of segments) {
    const findings = await scan(segment);
    if (findings.length > 0) found.push({ segment, findings });
  }
  return found;
}

/**
 * Masks the body that goes out, and restores the caller's values in it; the texts that are given back are masked alone.
 * Throws where a value stands where it cannot be masked.
 */
export function maskAnswer(
  context: AnswerContext,
  found: readonly Found[],
  body: Json,
  segments: readonly Segment[],
): MaskedAnswer {
  const { editor, masks, restorer } = context;
  const findings = new Map(found.map((one) => [one.segment, one.findings]));
  const touched = restorer.isActive ? segments : found.map(({ segment }) => segment);
  const changes: Change[] = [];
  const masked = new Map<Segment, Segment>();
  for (const segment of touched) {
    const { pointer, text, kind, part } = segment;
    if (isPartOfJson(part)) continue;
    if (part?.of === "logprobs") {
      if (findings.get(segment)?.some((one) => masks.pickFor(one, kind, "answer") !== null) === true)
        changes.push(toDropped(pointer));
      continue;
    }
    const edits = findEdits(editor, text, findings.get(segment) ?? [], kind, pointer);
    const restored = part === undefined ? restorer.edits(text, kind) : [];
    if (edits.length === 0 && restored.length === 0) continue;
    // What a denied call said is gone.
    if (part === undefined && getAt(body, pointer) !== text) continue;
    if (edits.length > 0) masked.set(segment, { ...segment, text: applyEdits(text, edits) });
    const place = part === undefined ? pointer : `${pointer}/\0`;
    const all = joinEdits(edits, restored);
    changes.push({ pointer: place, from: text, to: applyEdits(text, all), edits: all });
  }
  const texts = segments.filter(isText);
  return {
    body: writeChanges(body, changes),
    segments: masked.size === 0 ? texts : texts.map((segment) => masked.get(segment) ?? segment),
  };
}
