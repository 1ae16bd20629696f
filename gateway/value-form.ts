// The form in which a value is compared, by its class: equal values have one however they are written, others have not.
import { toPlain } from "./detect/values/plain.ts";

/** `number`: without separators, in capitals. `address`: the domain in small letters. `exact`: as it is. */
export type ValueForm = "number" | "address" | "exact";

/** Every form that a value of an unknown class may have been named in. */
export const VALUE_FORMS: readonly ValueForm[] = ["number", "address", "exact"];

/** Takes the plain text of a value in pieces, and gives what of its form is settled. */
type FormReader = {
  push(piece: string): string;
  /** Gives the rest. */
  end(): string;
};

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

/** Opens what brings one value into a form. */
export function openForm(form: ValueForm): FormReader {
  if (form === "number")
    return { push: (piece) => piece.replaceAll(SEPARATORS, "").toUpperCase(), end: () => "" };
  if (form === "exact") return { push: (piece) => piece, end: () => "" };
  /** What stands from the last `@` on: the domain, if no other comes. */
  let domain = "";
  return {
    push(piece) {
      const text = domain + piece;
      const at = text.lastIndexOf("@");
      domain = at === -1 ? "" : text.slice(at);
      return at === -1 ? text : text.slice(0, at);
    },
    end: () => domain.toLowerCase(),
  };
}

/** Gives a value without its escapes. */
export function unescapeValue(value: string): string {
  return toPlain(value);
}

/** Gives a whole value of a class, as it is written, in the form in which it is compared. */
export function toCompared(ofClass: string, value: string): string {
  const form = openForm(toForm(ofClass));
  return form.push(toPlain(value)) + form.end();
}
