// Reads multipart forms with the reader that Node has, so that the simulated API and the gateway do not share their mistakes.
import type { Json, JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { isObject } from "./read-json.ts";

/** A file of a form. */
export type FormFile = { readonly filename: string; readonly type: string; readonly bytes: Buffer };

/** A form: its fields and its files in their order. */
export type Form = {
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly files: readonly (FormFile & { readonly name: string })[];
};

/** Reads a form. Throws an `ApiError` of 400 where there is none. */
export async function readForm(contentType: string | undefined, bytes: Buffer): Promise<Form> {
  const type = contentType ?? "";
  const fields: { name: string; value: string }[] = [];
  const files: (FormFile & { name: string })[] = [];
  for (const [name, value] of await parse(type, bytes)) {
    if (typeof value === "string") fields.push({ name, value });
    else {
      const content = Buffer.from(await value.arrayBuffer());
      files.push({ name, filename: value.name, type: value.type, bytes: content });
    }
  }
  return { fields, files };
}

async function parse(type: string, bytes: Buffer): Promise<FormData> {
  if (!type.startsWith("multipart/form-data")) {
    throw new ApiError(400, "Invalid Content-Type header: expected 'multipart/form-data'.");
  }
  try {
    return await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
  } catch {
    throw new ApiError(400, "We could not parse the multipart body of your request.");
  }
}

/** Gives the text of a field, else null. */
export function fieldOf(form: Form, name: string): string | null {
  return form.fields.find((field) => field.name === name)?.value ?? null;
}

/** Gives the file of a field, else null; `image` is also found as `image[]`. */
export function fileOf(form: Form, name: string): FormFile | null {
  return form.files.find((file) => file.name === name || file.name === `${name}[]`) ?? null;
}

/** Makes an object of the fields: `a[b]` nests, `a[]` lists, numbers and booleans are read. */
export function toObject(form: Form): JsonObject {
  let whole: JsonObject = {};
  for (const { name, value } of form.fields) {
    const [first = "", ...path] = name.split(/[[\]]+/).filter((part) => part !== "");
    whole = withField(whole, [first, ...path], name.endsWith("[]"), toScalar(value));
  }
  return whole;
}

function withField(at: JsonObject, path: readonly string[], isListed: boolean, value: Json): JsonObject {
  const [key = "", ...rest] = path;
  const old = Object.hasOwn(at, key) ? at[key] : undefined;
  if (rest.length > 0) return { ...at, [key]: withField(isObject(old) ? old : {}, rest, isListed, value) };
  if (isListed) return { ...at, [key]: [...(Array.isArray(old) ? old : []), value] };
  return { ...at, [key]: value };
}

function toScalar(text: string): Json {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d{1,15}(?:\.\d+)?$/.test(text) ? Number(text) : text;
}
