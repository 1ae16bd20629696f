// The lists that say what is masked, and of what the originals are kept: an operator's and a bundle's alike.

import { z } from "zod";
import { MASK_OPERATORS, SEGMENT_KINDS } from "../exchange.ts";
import { FIELD_CLASS, isFieldName, MOST_FIELDS } from "../field-name.ts";

const text = z.string().min(1).max(256);
const kinds = z.array(z.enum(SEGMENT_KINDS)).min(1);
const fieldName = text.refine(isFieldName, {
  error: "no field: a name, the end of a path (customer.ssn) or a JSON pointer (/customer/ssn)",
});

const mask = z
  .strictObject({
    class: text.optional(),
    fields: z.array(fieldName).min(1).max(MOST_FIELDS).optional(),
    with: z.enum(MASK_OPERATORS).optional(),
    direction: z.enum(["request", "answer"]).optional(),
    kinds: kinds.optional(),
    groups: z.array(text).min(1).optional(),
    restore: kinds.optional(),
  })
  .refine((one) => (one.class === undefined) !== (one.fields === undefined), {
    error: "a class or fields, one of them",
  })
  .refine((one) => one.restore === undefined || one.fields === undefined, {
    error: "what fields hold is never restored",
  })
  .refine((one) => one.restore === undefined || one.with === "placeholder", {
    error: "restore goes with: placeholder",
  })
  .refine((one) => one.restore === undefined || one.class !== "secret", {
    error: "secrets are never restored",
  });

/** Describes `lists.masks`. */
export const masksSchema = z.array(mask).max(1_000);

/** Describes `lists.originals`. */
export const originalsSchema = z
  .array(text)
  .max(10_000)
  .refine((classes) => !classes.includes("secret"), { error: "secrets are never kept" });

/** Gives the classes that the lists name, by list. */
export function toNamedClasses({
  masks = [],
  originals = [],
}: {
  readonly masks?: z.infer<typeof masksSchema> | undefined;
  readonly originals?: readonly string[] | undefined;
}): Readonly<Record<string, readonly string[]>> {
  return {
    "lists.masks": masks.flatMap((one) => one.class ?? []),
    "lists.originals": originals.filter((one) => one !== FIELD_CLASS),
  };
}
