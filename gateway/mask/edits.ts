// Edits of a text: which stretches are replaced, and what of the edited text stands for a stretch of the original.
import { GatewayError } from "../errors.ts";
import { SEGMENT_KINDS } from "../exchange.ts";
import type { FieldValue, Finding, MaskOperator, SegmentKind } from "../exchange.ts";
import { createCleanLook, toNoted, type MaskOutcome, type OpenNote } from "./account.ts";
import { readField, replaceField } from "./field-values.ts";
import { FIELD_CLASS } from "../field-name.ts";
import { isStricter, MAX_VALUE, needsValue, replaceValue } from "./operators.ts";
import type { Direction, Mask, Masks } from "./masks.ts";
import type { Placeholders } from "./placeholders.ts";

/** A stretch and what stands in its place; offsets are UTF-16 units of the original. */
export type Stretch = { readonly start: number; readonly end: number; readonly text: string };

type Replacement = { text: string; operator: MaskOperator; class: string };

/** One masked stretch. */
export type Edit = Replacement & {
  start: number;
  end: number;
  /** It stands for a value of JSON that is no string, and its text has quotes. */
  isBare?: boolean;
  /** It is the value of a field, and its text the JSON that stands for it. */
  readonly isField: boolean;
  /** Its line of the account, which a value of any length goes on in. */
  readonly note: OpenNote;
};

/** Makes edits of findings. */
export type Editor = {
  /**
   * Adds the edits of findings in order; `read` gives a stretch of the original, `place` says where that stands. Throws
   * where a class is blocked.
   */
  edit(edits: Edit[], findings: readonly Finding[], kind: SegmentKind, read: Read, place?: string): void;
};

type Read = (start: number, end: number) => string;
type Place = Pick<Stretch, "start" | "end">;

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
  const { account } = masks;
  /** The lines of values that are only found and go on, by the edits of their text and by class. */
  const found = new WeakMap<readonly Edit[], Map<string, OpenNote>>();
  /** Classes of which values come back. */
  let kept: ReadonlySet<string> | null = null;

  /** Writes what stands in a stretch's place. */
  function replace(asked: MaskOperator, ofClass: string, { start, end }: Place, read: Read): Replacement {
    const isWhole = !needsValue(asked) || end - start <= MAX_VALUE;
    const operator = isWhole ? asked : "redact";
    const value = needsValue(operator) ? read(start, end) : "";
    return { text: toText(operator, ofClass, value), operator, class: ofClass };
  }

  function toFieldText(field: FieldValue, written: string, length: number): string {
    return replaceField(field, written, length, (operator, value) => toText(operator, FIELD_CLASS, value));
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
    edit(edits, findings, kind, read, place) {
      const at = { direction, kind, place: place ?? null };
      function note(finding: Finding, mask: Mask, outcome: MaskOutcome): OpenNote {
        const { start, end } = finding;
        const isClean = isCleanAt(start, end);
        const written = read(start, end);
        const value = finding.field === undefined ? written : readField(written);
        return account.note(toNoted(finding, mask, at, outcome), value, { isClean });
      }
      const isCleanAt = createCleanLook(findings);
      for (const finding of findings) {
        const { class: ofClass, start, end, isMore, field } = finding;
        const mask = field ?? masks.look(ofClass, kind, direction);
        if (mask === null) continue;
        if (mask.operator === "detect") {
          const open = found.get(edits) ?? new Map<string, OpenNote>();
          if (isMore === true) open.get(ofClass)?.push(read(start, end));
          else found.set(edits, open.set(ofClass, note(finding, mask, "detected")));
          continue;
        }
        if (mask.operator === "block") {
          note(finding, mask, "blocked");
          throw toBlocked(mask.code, ofClass, direction);
        }
        const last = edits.at(-1);
        if (last !== undefined && (start < last.end || (isMore === true && start === last.end))) {
          const isWider = end > last.end;
          last.end = Math.max(last.end, end);
          if (isMore === true) {
            last.note.push(read(start, end));
            continue;
          }
          note(finding, mask, "masked");
          // What stands for a field stands for all that is in it. Else the stricter of two that overlap stands for both.
          if (last.isField) continue;
          if (isStricter(mask.operator, last.operator))
            Object.assign(last, replace(mask.operator, ofClass, last, read));
          else if (isWider && needsValue(last.operator))
            Object.assign(last, replace(last.operator, last.class, last, read));
          continue;
        }
        const instead =
          field === undefined
            ? replace(mask.operator, ofClass, finding, read)
            : {
                text: toFieldText(field, read(start, end), end - start),
                operator: mask.operator,
                class: ofClass,
              };
        // What was masked before: an answer repeats it.
        if (field !== undefined && instead.text === read(start, end)) continue;
        onMasked(ofClass, mask.code);
        const noted = note(finding, mask, "masked");
        edits.push({ start, end, isField: field !== undefined, ...instead, note: noted });
      }
    },
  };
}

/** Gives what stands for `text`, which begins at `from` of the original. An edit's text stands where the edit begins. */
export function applyEdits(text: string, edits: readonly Stretch[], from = 0): string {
  const to = from + text.length;
  let out = "";
  let at = from;
  for (let index = findFirst(edits, from); index < edits.length; index += 1) {
    const edit = edits[index];
    if (edit === undefined || edit.start >= to) break;
    if (edit.start > at) out += text.slice(at - from, edit.start - from);
    if (edit.start >= from) out += edit.text;
    at = Math.min(edit.end, to);
  }
  return at === from && out === "" ? text : out + text.slice(at - from);
}

/** Puts what is restored among what is masked, by place; where they overlap, what is masked stays. */
export function joinEdits(masked: readonly Stretch[], restored: readonly Stretch[]): readonly Stretch[] {
  if (restored.length === 0) return masked;
  const joined = [...masked];
  for (const edit of restored) if (!touches(masked, edit.start, edit.end)) joined.push(edit);
  return joined.sort((a, b) => a.start - b.start);
}

/** Says whether any edit touches a stretch. */
export function touches(edits: readonly Stretch[], start: number, end: number): boolean {
  const first = edits[findFirst(edits, start)];
  return first !== undefined && first.start < end;
}

/** Gives the index of the first edit that ends behind an offset: they stand in order. */
function findFirst(edits: readonly Stretch[], offset: number): number {
  let low = 0;
  let high = edits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edits[middle]?.end ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Gives where an offset of the original lies in the edited text: within an edit, its end or its beginning. */
export type Shift = (offset: number, isEnd: boolean) => number;

/** Makes what shifts offsets by the edits as they are. */
export function createShift(edits: readonly Stretch[]): Shift {
  /** By how much the edits before each shift what follows. */
  const before: number[] = [];
  let sum = 0;
  for (const { start, end, text } of edits) {
    before.push(sum);
    sum += text.length - (end - start);
  }
  return (offset, isEnd) => {
    const index = findFirst(edits, offset);
    const edit = edits[index];
    const shift = before[index] ?? sum;
    if (edit === undefined || edit.start >= offset) return offset + shift;
    return edit.start + shift + (isEnd ? edit.text.length : 0);
  };
}

function toBlocked(code: string, ofClass: string, direction: Direction): GatewayError {
  const remedy = direction === "request" ? " Take it out, or ask whoever keeps the policy." : "";
  const message = `Refused by policy (${code}). The ${direction} holds a value of the class ${ofClass}, which may not pass.${remedy}`;
  return new GatewayError("policy_denied", message, { publicCode: code });
}
