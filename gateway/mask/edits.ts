// Edits of a text: which stretches are replaced, and what of the edited text stands for a stretch of the original.
import { GatewayError } from "../errors.ts";
import type { Finding, MaskOperator, SegmentKind } from "../exchange.ts";
import { toNoted, type OpenNote } from "./account.ts";
import { isStricter, needsValue, replaceValue } from "./operators.ts";
import type { Direction, Masks } from "./masks.ts";

/** One replaced stretch; offsets are UTF-16 units of the original. */
export type Edit = {
  readonly start: number;
  end: number;
  text: string;
  operator: MaskOperator;
  readonly class: string;
  /** Its line of the account, which a value of any length goes on in. */
  readonly note: OpenNote;
};

/** Makes edits of findings. */
export type Editor = {
  /**
   * Adds the edits of findings in order; `read` gives a stretch of the original, `place` says where that stands. Throws
   * where a class is blocked.
   */
  edit(
    edits: Edit[],
    findings: readonly Finding[],
    kind: SegmentKind,
    read: (start: number, end: number) => string,
    place?: string,
  ): void;
};

/** A value that is longer than this is redacted whatever the operator. */
const MAX_VALUE = 4096;

/** Makes the editor of one exchange in one direction. `onMasked` is told the class of each value that was masked. */
export function createEditor(
  masks: Masks,
  direction: Direction,
  key: Buffer,
  onMasked: (ofClass: string, code: string) => void,
): Editor {
  const { account } = masks;
  /** The line of a value that is only found and goes on, by the edits of its text. */
  const found = new WeakMap<readonly Edit[], OpenNote>();
  return {
    edit(edits, findings, kind, read, place) {
      const at = { direction, kind, place: place ?? null };
      for (const finding of findings) {
        const { class: ofClass, start, end, isMore } = finding;
        const mask = masks.look(ofClass, kind, direction);
        if (mask === null) continue;
        if (mask.operator === "detect") {
          if (isMore === true) found.get(edits)?.push(read(start, end));
          else found.set(edits, account.note(toNoted(finding, mask, at, "detected"), read(start, end)));
          continue;
        }
        if (mask.operator === "block") {
          account.note(toNoted(finding, mask, at, "blocked"), read(start, end));
          throw new GatewayError("policy_denied", `Refused by policy (${mask.code}): ${ofClass}.`, {
            publicCode: mask.code,
          });
        }
        const last = edits.at(-1);
        if (last !== undefined && (start < last.end || (isMore === true && start === last.end))) {
          last.end = Math.max(last.end, end);
          if (isMore === true) last.note.push(read(start, end));
          else account.note(toNoted(finding, mask, at, "masked"), read(start, end));
          if (isMore !== true && isStricter(mask.operator, last.operator)) {
            last.operator = mask.operator;
            last.text = replaceValue(mask.operator, ofClass, "", key);
          }
          continue;
        }
        onMasked(ofClass, mask.code);
        const isWhole = !needsValue(mask.operator) || end - start <= MAX_VALUE;
        const operator = isWhole ? mask.operator : "redact";
        const value = needsValue(operator) ? read(start, end) : "";
        edits.push({
          start,
          end,
          text: replaceValue(operator, ofClass, value, key),
          operator,
          class: ofClass,
          note: account.note(toNoted(finding, mask, at, "masked"), read(start, end)),
        });
      }
    },
  };
}

/** Gives what stands for `text`, which begins at `from` of the original. An edit's text stands where the edit begins. */
export function applyEdits(text: string, edits: readonly Edit[], from = 0): string {
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

/** Says whether any edit touches a stretch. */
export function touches(edits: readonly Edit[], start: number, end: number): boolean {
  const first = edits[findFirst(edits, start)];
  return first !== undefined && first.start < end;
}

/** Gives the index of the first edit that ends behind an offset: they stand in order. */
function findFirst(edits: readonly Edit[], offset: number): number {
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
export function shiftOffset(offset: number, edits: readonly Edit[], isEnd: boolean): number {
  let shift = 0;
  for (const { start, end, text } of edits) {
    if (end <= offset) shift += text.length - (end - start);
    else if (start < offset) return start + shift + (isEnd ? text.length : 0);
  }
  return offset + shift;
}
