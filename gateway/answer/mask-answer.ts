// Finds what stands in the texts of a whole answer, and masks it where the answer goes out.
import type { Finding, Json, Segment } from "../exchange.ts";
import { maskText } from "../mask/mask-text.ts";
import { writeChanges, type Change } from "../mask/write-changes.ts";
import { getAt } from "../parse/pointer.ts";
import { isPartOfJson } from "../segment.ts";
import type { AnswerContext } from "./context.ts";

/** What stands in one text of the answer. */
export type Found = { readonly segment: Segment; readonly findings: readonly Finding[] };

/** A body as it goes out, and its texts. */
export type MaskedAnswer = { readonly body: Json; readonly segments: readonly Segment[] };

/** Searches the texts, where a rule or a mask asks for it. */
export function findAll(context: AnswerContext, segments: readonly Segment[]): readonly Found[] {
  const { judge, masks, scanner } = context;
  if (!judge.speaksIn("whole") && !masks.applies("answer")) return [];
  return segments.flatMap((segment) => {
    const findings = scanner.scan(segment.text, segment.kind, "answer", isPartOfJson(segment.part));
    return findings.length === 0 ? [] : [{ segment, findings }];
  });
}

/** Masks the body that goes out. Throws where a value stands where it cannot be masked. */
export function maskAnswer(
  context: AnswerContext,
  found: readonly Found[],
  body: Json,
  segments: readonly Segment[],
): MaskedAnswer {
  const changes = found.flatMap(({ segment: { pointer, text, kind, part }, findings }): Change[] => {
    const masked = isPartOfJson(part) ? null : maskText(context.editor, text, findings, kind, pointer);
    if (masked === null) return [];
    // What a denied call said is gone.
    if (part === undefined && getAt(body, pointer) !== text) return [];
    const place = part === undefined ? pointer : `${pointer}/\0`;
    return [{ pointer: place, from: text, to: masked.text, edits: masked.edits }];
  });
  if (changes.length === 0) return { body, segments };
  const masked = segments.map((segment) => {
    const change = changes.find(({ pointer, from }) => pointer === segment.pointer && from === segment.text);
    return change === undefined ? segment : { ...segment, text: change.to };
  });
  return { body: writeChanges(body, changes), segments: masked };
}
