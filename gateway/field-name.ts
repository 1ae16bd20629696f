// Names of fields of JSON texts as policy writes them: a member's name, the end of a path, or a pointer.

/** The class under which values of fields are told. */
export const FIELD_CLASS = "field";

/** One mask names no more fields. */
export const MOST_FIELDS = 64;

const MOST_CHARS = 256;
const MOST_STEPS = 32;
const POINTER_STEP = /^(?:[^~]|~[01])+$/;

/** The steps to a field. */
export type FieldPath = {
  readonly steps: readonly string[];
  /** The steps lead from the root, and `*` among them is any item of a list; else they are the end of a path. */
  readonly isPointer: boolean;
};

/** Says whether a policy may name a field so. */
export function isFieldName(name: unknown): boolean {
  return typeof name === "string" && readFieldName(name) !== null;
}

/** Reads `ssn`, `customer.ssn` or `/customer/ssn`; null for what is none of them. */
export function readFieldName(name: string): FieldPath | null {
  if (name === "" || name.length > MOST_CHARS) return null;
  const isPointer = name.startsWith("/");
  const written = isPointer ? name.slice(1).split("/") : name.split(".");
  if (written.length > MOST_STEPS) return null;
  const isValid = isPointer
    ? written.every((step) => POINTER_STEP.test(step))
    : written.every((step) => step.trim() !== "" && step !== "*");
  if (!isValid) return null;
  const steps = isPointer ? written.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~")) : written;
  return { steps, isPointer };
}

/** Says whether a mask names as many fields as it may, and each as it may. */
export function areFieldNames(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.length <= MOST_FIELDS && value.every(isFieldName);
}
