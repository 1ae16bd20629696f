// The form in which a value is compared, by its class: equal values have one however they are written, others have not.
import { toPlain } from "./detect/values/plain.ts";

/** `number`: without separators, in capitals. `address`: in small letters, as nearly every mail server reads it. `exact`: as it is. */
export type ValueForm = "number" | "address" | "exact";

/** Every form that a value of an unknown class may have been named in. */
export const VALUE_FORMS: readonly ValueForm[] = ["number", "address", "exact"];

/** What a number may be written with or without. */
const SEPARATORS = /[\s()./\p{Pd}]/gu;
/** Classes of numbers that somebody gives out, in which separators only help to read. */
const NUMBERS: ReadonlySet<string> = new Set([
  "credit_card",
  "phone",
  "national_id",
  "bank_account",
  "passport",
  "driving_licence",
]);

/** Says in which form values of a class are compared. */
export function toForm(ofClass: string): ValueForm {
  if (NUMBERS.has(ofClass)) return "number";
  return ofClass === "email" ? "address" : "exact";
}

/** Brings a value's plain text, or a piece of it, into a form. */
export function bringInto(form: ValueForm, text: string): string {
  if (form === "exact") return text;
  return form === "address" ? text.toLowerCase() : text.replaceAll(SEPARATORS, "").toUpperCase();
}

/** Gives a value without its escapes. */
export function unescapeValue(value: string): string {
  return toPlain(value);
}

/** Gives a whole value of a class, as it is written, in the form in which it is compared. */
export function toCompared(ofClass: string, value: string): string {
  return bringInto(toForm(ofClass), toPlain(value));
}
