// Masks whole texts; JSON stays JSON.
import type { Finding, SegmentKind } from "../exchange.ts";
import { applyEdits, type Edit, type Editor } from "./edits.ts";
import { createJsonPlace } from "./json-place.ts";

/** A text with what was masked in it. */
export type MaskedText = { readonly text: string; readonly edits: readonly Edit[] };

/** Masks what was found in a whole text; null where nothing is masked. `place` says where it stands. Throws where a class is blocked. */
export function maskText(
  editor: Editor,
  text: string,
  findings: readonly Finding[],
  kind: SegmentKind,
  place?: string,
): MaskedText | null {
  const edits = findEdits(editor, text, findings, kind, place);
  return edits.length === 0 ? null : { text: applyEdits(text, edits), edits };
}

/** Gives the edits of a whole text. Throws where a class is blocked. */
export function findEdits(
  editor: Editor,
  text: string,
  findings: readonly Finding[],
  kind: SegmentKind,
  at?: string,
): readonly Edit[] {
  const edits: Edit[] = [];
  if (findings.length === 0) return edits;
  const place = createJsonPlace();
  editor.edit(edits, place.split(text, findings), kind, (start, end) => place.read(text, start, end), at);
  createJsonPlace().quote(text, edits, 0);
  return edits;
}
