// Edits of a text: which stretches are replaced, and what of the edited text stands for a stretch of the original.
import { GatewayError } from "../errors.ts";
import { SEGMENT_KINDS } from "../exchange.ts";
import type { Finding, MaskOperator, SegmentKind } from "../exchange.ts";
import { isStricter, needsValue, replaceValue } from "./operators.ts";
import type { Direction, Masks } from "./masks.ts";
import type { Placeholders } from "./placeholders.ts";

/** One replaced stretch; offsets are UTF-16 units of the original. */
export type Edit = {
  readonly start: number;
  end: number;
  text: string;
  readonly operator: MaskOperator;
  readonly class: string;
};

/** Makes edits of findings. */
export type Editor = {
  /** Adds the edits of findings in order; `read` gives a stretch of the original. Throws where a class is blocked. */
  edit(edits: Edit[], findings: readonly Finding[], kind: SegmentKind, read: Read): void;
};

type Read = (start: number, end: number) => string;

/** A value that is longer than this is redacted whatever the operator. */
const MAX_VALUE = 4096;

/**
 * Makes the editor of one exchange in one direction. `onMasked` is told the class of each value that was masked. Where
 * there is no session to give placeholders, tokens stand in their place.
 */
export function createEditor(
  masks: Masks,
  direction: Direction,
  key: Buffer,
  onMasked: (ofClass: string, code: string) => void,
  placeholders: Placeholders | null = null,
): Editor {
  /** Classes of which values come back. */
  let kept: ReadonlySet<string> | null = null;

  function toEdit(
    { start, end }: Pick<Edit, "start" | "end">,
    asked: MaskOperator,
    ofClass: string,
    read: Read,
  ): Edit {
    const isWhole = !needsValue(asked) || end - start <= MAX_VALUE;
    const operator = isWhole ? asked : "redact";
    const value = needsValue(operator) ? read(start, end) : "";
    return { start, end, text: toText(operator, ofClass, value), operator, class: ofClass };
  }

  function toText(operator: MaskOperator, ofClass: string, value: string): string {
    if (operator !== "placeholder") return replaceValue(operator, ofClass, value, key);
    if (placeholders === null) return replaceValue("token", ofClass, value, key);
    kept ??= new Set(SEGMENT_KINDS.flatMap((kind) => masks.restored(kind)));
    return direction === "request" && kept.has(ofClass)
      ? placeholders.keep(ofClass, value)
      : placeholders.give(ofClass, value);
  }

  return {
    edit(edits, findings, kind, read) {
      for (const { class: ofClass, start, end, isMore } of findings) {
        const mask = masks.pick(ofClass, kind, direction);
        if (mask === null) continue;
        if (mask.operator === "block") {
          throw new GatewayError("policy_denied", `Refused by policy (${mask.code}): ${ofClass}.`, {
            publicCode: mask.code,
          });
        }
        const last = edits.at(-1);
        if (last !== undefined && (start < last.end || (isMore === true && start === last.end))) {
          const isWider = end > last.end;
          last.end = Math.max(last.end, end);
          if (isMore === true) continue;
          // The stricter of two that overlap stands for both.
          const isOther = isStricter(mask.operator, last.operator);
          if (isOther || (isWider && needsValue(last.operator)))
            edits.splice(
              -1,
              1,
              toEdit(last, isOther ? mask.operator : last.operator, isOther ? ofClass : last.class, read),
            );
          continue;
        }
        onMasked(ofClass, mask.code);
        edits.push(toEdit({ start, end }, mask.operator, ofClass, read));
      }
    },
  };
}

/** Gives what stands for `text`, which begins at `from` of the original. An edit's text stands where the edit begins. */
export function applyEdits(text: string, edits: readonly Edit[], from = 0): string {
  const to = from + text.length;
  let out = "";
  let at = from;
  for (const edit of edits) {
    if (edit.end <= at) continue;
    if (edit.start >= to) break;
    if (edit.start > at) out += text.slice(at - from, edit.start - from);
    if (edit.start >= from) out += edit.text;
    at = Math.min(edit.end, to);
  }
  return at === from && out === "" ? text : out + text.slice(at - from);
}

/** Puts what is restored among what is masked, by place; where they overlap, what is masked stays. */
export function joinEdits(masked: readonly Edit[], restored: readonly Edit[]): readonly Edit[] {
  if (restored.length === 0) return masked;
  const joined = [...masked];
  for (const edit of restored) if (!touches(masked, edit.start, edit.end)) joined.push(edit);
  return joined.sort((a, b) => a.start - b.start);
}

/** Says whether any edit touches a stretch. */
export function touches(edits: readonly Edit[], start: number, end: number): boolean {
  return edits.some((edit) => edit.start < end && edit.end > start);
}

/** Gives where an offset of the original lies in the edited text: within an edit, its end or its beginning. */
export function shiftOffset(offset: number, edits: readonly Edit[], isEnd: boolean): number {
  let shift = 0;
  for (const { start, end, text } of edits) {
    if (end <= offset) shift += text.length - (end - start);
    else if (start < offset) return start + shift + (isEnd ? text.length : 0);
  }
  return offset + shift;
}
