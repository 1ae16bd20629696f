// Masks texts for the record, where nothing is refused any more: what is blocked is redacted.
import type { Effect, Segment } from "../exchange.ts";
import type { RequestScanner } from "../findings.ts";
import { isPartOfJson } from "../segment.ts";
import { createMaskAccount, toPlace } from "./account.ts";
import { createEditor } from "./edits.ts";
import { withFields } from "./field-scan.ts";
import { maskText } from "./mask-text.ts";
import { createMasks } from "./masks.ts";
import type { Placeholders } from "./placeholders.ts";

const UNNAMED = { push: () => undefined, end: () => "" };

/**
 * Gives texts of a request as they may be kept: with the `placeholders` of its session, as the target is sent them, but in
 * files. Parts of a JSON text stand in that text already.
 */
export function maskTexts(
  segments: readonly Segment[],
  scanner: RequestScanner,
  effects: readonly Effect[],
  key: Buffer,
  placeholders: Placeholders,
): Segment[] {
  const masks = createMasks(createMaskAccount(() => UNNAMED));
  masks.add(effects.map((effect) => (effect.with === "block" ? { ...effect, with: "redact" } : effect)));
  const inFiles = createEditor(masks, "request", key, () => undefined);
  const editor = createEditor(masks, "request", key, () => undefined, placeholders);
  const fielded = withFields(scanner, masks);
  return segments.flatMap((segment): Segment[] => {
    const { text, kind, part, pointer } = segment;
    if (isPartOfJson(part)) return [];
    const found = fielded.scan(text, kind, "request");
    const masked = maskText(part?.of === "file" ? inFiles : editor, text, found, kind);
    return [{ ...segment, pointer: toPlace(pointer), text: masked?.text ?? text }];
  });
}
