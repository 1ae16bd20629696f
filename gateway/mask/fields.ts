// The fields that masks name, and which of them the place of a value in a JSON text is.
import type { Effect, MaskOperator } from "../exchange.ts";
import { readFieldName, type FieldPath } from "../field-name.ts";
import { isStricter } from "./operators.ts";

/** How a field is masked, and by which rule. */
export type FieldMask = { readonly operator: MaskOperator; readonly code: string };

/** A step of the path to a value: a member's name, or the number of an item. */
export type Step = { key: string; readonly isItem: boolean };

/** The fields of one kind of text in one direction. */
export type Fields = {
  /** No name is longer than so many characters. */
  readonly longest: number;
  /** Of all masks the strictest: for what is nested deeper than is read. */
  readonly strictest: FieldMask;
  /** Gives the strictest mask of the value at a path; `roots` are the lengths that the path had where a text begins. */
  match(path: readonly Step[], roots: readonly number[]): FieldMask | null;
};

type Field = FieldPath & { readonly mask: FieldMask };

/** Puts the fields of effects together; null where they name none. */
export function createFields(effects: readonly Effect[]): Fields | null {
  const byLast = new Map<string, Field[]>();
  let strictest: FieldMask | null = null;
  let longest = 0;

  function add(field: Field): void {
    const last = field.steps.at(-1) ?? "";
    byLast.set(last, [...(byLast.get(last) ?? []), field]);
    longest = Math.max(longest, ...field.steps.map((step) => step.length));
  }

  for (const effect of effects) {
    const mask = { operator: effect.with ?? "redact", code: effect.code };
    for (const name of effect.fields ?? []) {
      const path = readFieldName(name);
      if (path === null) continue;
      strictest = toStricter(strictest, mask);
      add({ ...path, mask });
      // A member may have a dot in its name.
      if (!path.isPointer && path.steps.length > 1) add({ steps: [name], isPointer: false, mask });
    }
  }
  if (strictest === null) return null;
  return {
    longest,
    strictest,
    match(path, roots) {
      const last = path.at(-1);
      if (last === undefined) return null;
      let found = pick(byLast.get(last.key), path, roots, null);
      if (last.isItem) found = pick(byLast.get("*"), path, roots, found);
      return found;
    },
  };
}

/** Gives the stricter of two masks. */
export function toStricter(one: FieldMask | null, other: FieldMask): FieldMask {
  return one === null || isStricter(other.operator, one.operator) ? other : one;
}

function pick(
  candidates: readonly Field[] | undefined,
  path: readonly Step[],
  roots: readonly number[],
  known: FieldMask | null,
): FieldMask | null {
  let found = known;
  for (const { steps, isPointer, mask } of candidates ?? []) {
    const isMatch = isPointer ? roots.some((root) => isAt(path, root, steps)) : isEndOf(path, steps);
    if (isMatch) found = toStricter(found, mask);
  }
  return found;
}

function isAt(path: readonly Step[], root: number, steps: readonly string[]): boolean {
  if (path.length - root !== steps.length) return false;
  return steps.every((step, index) => {
    const there = path[root + index];
    return there !== undefined && (there.key === step || (there.isItem && step === "*"));
  });
}

/** Items of lists between the members do not count. */
function isEndOf(path: readonly Step[], steps: readonly string[]): boolean {
  if (path.at(-1)?.isItem !== false) return false;
  let left = steps.length;
  for (let at = path.length - 1; at >= 0 && left > 0; at -= 1) {
    const there = path[at];
    if (there === undefined || there.isItem) continue;
    if (there.key !== steps[left - 1]) return false;
    left -= 1;
  }
  return left === 0;
}
