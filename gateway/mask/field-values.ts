// The values of fields that a reader meets, as findings: whole once they are over, in parts where they are too long to be kept.
import type { FieldValue, Finding, MaskOperator } from "../exchange.ts";
import { FIELD_CLASS } from "../field-name.ts";
import { FIXED, MAX_VALUE, needsValue } from "./operators.ts";
import { readStandIn } from "../stand-ins.ts";
import type { FieldMask } from "./fields.ts";

/** A string with its quotes is itself; what is another value has one that stands for all of its type. */
const STAND_INS = { number: "0", boolean: "false", list: "[]", object: "{}" } as const;
const SHOWN = /^\*{12}[A-Za-z0-9*]{4}$/;

/** Collects what a reader finds. One value at a time is open. */
export class FieldValues {
  /** Where the value that is open begins; -1 where none is, or so much of it was given out. */
  openFrom = -1;
  #field: FieldValue | null = null;
  #start = 0;
  #isBegun = false;
  #found: Finding[] = [];

  /** Begins a value. */
  open(start: number, type: FieldValue["type"], depth: number, { operator, code }: FieldMask): void {
    this.#field = { type, depth, operator, code };
    this.#start = start;
    this.openFrom = start;
    this.#isBegun = false;
  }

  /** Ends it. */
  close(end: number): void {
    this.#add(end);
    this.openFrom = -1;
    this.#field = null;
  }

  /** Forgets it: it may stay as it is. */
  leave(): void {
    if (!this.#isBegun) this.openFrom = -1;
  }

  /** Gives what was found, with what is there of a value that is too long to wait for. */
  give(at: number): readonly Finding[] {
    if (this.openFrom !== -1 && (this.#isBegun || at - this.#start > MAX_VALUE)) {
      this.#add(at);
      this.openFrom = at;
    }
    if (this.#found.length === 0) return NONE;
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #add(end: number): void {
    const field = this.#field;
    if (field === null || (this.#isBegun && end === this.#start)) return;
    const isMore = this.#isBegun;
    this.#found.push({ id: FIELD_CLASS, class: FIELD_CLASS, start: this.#start, end, isMore, field });
    this.#start = end;
    this.#isBegun = true;
  }
}

const NONE: readonly Finding[] = [];

/**
 * Gives what stands in the place of a field's value, as JSON at its depth. `mask` gives what stands for a string; `written`
 * is the value as it was written, quotes and escapes included, and `length` how long it is in the text as it came.
 */
export function replaceField(
  { type, depth, operator }: FieldValue,
  written: string,
  length: number,
  mask: (operator: MaskOperator, value: string) => string,
): string {
  if (type !== "string") return STAND_INS[type];
  const isWhole = length <= MAX_VALUE;
  const value = needsValue(operator) && isWhole ? readField(written) : "";
  const asked = needsValue(operator) && !isWhole ? "redact" : operator;
  const text = isStandIn(value) ? value : mask(asked, value);
  let json = `"${text}"`;
  for (let i = 0; i < depth; i += 1) json = JSON.stringify(json).slice(1, -1);
  return json;
}

/** Gives the value of a field as a text: a string without its quotes and escapes, in however many strings it stands. */
export function readField(written: string): string {
  let text = written;
  while (text.startsWith("\\")) {
    const outer = parse(`"${text}"`);
    if (outer === null) break;
    text = outer;
  }
  const first = text.charAt(0);
  if (first !== '"' && first !== "'") return text;
  const value = first === '"' ? parse(text) : null;
  return value ?? text.slice(1, text.length > 1 && text.endsWith(first) ? -1 : undefined);
}

/** What was masked before stays as it is. */
function isStandIn(value: string): boolean {
  return value === FIXED || SHOWN.test(value) || readStandIn(value, 0, true) === value.length;
}

function parse(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}
