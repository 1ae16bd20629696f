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
  if (findings.length === 0) return null;
  const edits: Edit[] = [];
  editor.edit(edits, findings, kind, (start, end) => text.slice(start, end), place);
  if (edits.length === 0) return null;
  createJsonPlace().quote(text, edits, 0);
  return { text: applyEdits(text, edits), edits };
}
