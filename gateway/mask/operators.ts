// What takes a masked value's place. All of it is ASCII without quotes or backslashes, so that it fits into JSON as it is.
import { createHmac } from "node:crypto";
import { MASK_OPERATORS, type MaskOperator } from "../exchange.ts";
import { toRedaction, toTagged } from "../stand-ins.ts";
import { toCompared, unescapeValue } from "../value-form.ts";
import { toSurrogate } from "./surrogates.ts";

/** What `fixed` writes. */
export const FIXED = "********";
/** Of a shorter value four characters would be more than a quarter. */
const LEAST_LAST4 = 12;
/** Classes of which no character may be shown. */
const NEVER_SHOWN: ReadonlySet<string> = new Set(["secret"]);

/** A value that is longer than this is redacted where the operator needs the whole of it. */
export const MAX_VALUE = 4096;

const VALUE_OPERATORS: ReadonlySet<MaskOperator> = new Set(["last4", "surrogate", "placeholder", "token"]);

/** Says whether an operator needs the whole value: one that is too long to be kept is redacted. */
export function needsValue(operator: MaskOperator): boolean {
  return VALUE_OPERATORS.has(operator);
}

/** Says whether one operator shows less of a value than another. */
export function isStricter(a: MaskOperator, b: MaskOperator): boolean {
  return MASK_OPERATORS.indexOf(a) > MASK_OPERATORS.indexOf(b);
}

/**
 * Gives what stands for a value of a class. `redact`: `[REDACTED:email]`; `fixed`: eight asterisks; `token`: the same for
 * the same value within a tenant, so that it can be joined, `[EMAIL_<16 characters>]`; `surrogate`: the same in the value's
 * shape, where there is one; `last4`: asterisks and the last four characters of
 * the value without its escapes. `key` is the tenant's.
 */
export function replaceValue(operator: MaskOperator, ofClass: string, value: string, key: Buffer): string {
  if (operator === "fixed") return FIXED;
  if (operator === "token") return toTagged(ofClass, digest(ofClass, value, key));
  if (operator === "surrogate") return toSurrogate(ofClass, value, key) ?? toRedaction(ofClass);
  const shown = operator === "last4" ? unescapeValue(value).replaceAll(/[^\p{L}\p{N}]/gu, "") : "";
  const isShown = shown.length >= LEAST_LAST4 && !NEVER_SHOWN.has(ofClass);
  return isShown ? `************${toAscii(shown.slice(-4))}` : toRedaction(ofClass);
}

/** Of the form in which values of the class are compared: escapes never count, separators where they only help to read. */
function digest(ofClass: string, value: string, key: Buffer): Buffer {
  return createHmac("sha256", key)
    .update(`${ofClass}\0${toCompared(ofClass, value)}`)
    .digest();
}

function toAscii(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]/g, "*");
}
