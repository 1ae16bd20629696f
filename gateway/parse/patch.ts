// Changes single members of a JSON body, at any depth: every other byte stays as it came.

import { cutBody } from "./cut.ts";
import type { Json } from "../exchange.ts";
import type { BodyLayout, Span } from "./parsed.ts";

/** A change of the member that a path of names leads to. */
export type Patch = { readonly path: readonly string[] } & (
  | { readonly does: "set"; readonly value: Json }
  | { readonly does: "drop" }
  /** Elements of a list, by their index. */
  | { readonly does: "take"; readonly indexes: ReadonlySet<number> }
);

/**
 * Gives the body with the changes, one after the other. What a path leads through is made where it is absent and
 * something is set; what is not there is neither dropped nor taken. The bytes must be a JSON object that was parsed.
 */
export function patchBody(bytes: Buffer, patches: readonly Patch[]): Buffer {
  let patched = bytes;
  for (const patch of patches) patched = patchMember(patched, patch.path, patch);
  return patched;
}

function patchMember(bytes: Buffer, path: readonly string[], patch: Patch): Buffer {
  const [key = "", ...rest] = path;
  const layout = cutBody(bytes, key, () => null);
  if (layout === null) throw new RangeError("Only an object has members.");
  const index = layout.members.findIndex((member) => member.key === key);
  const span = layout.members[index]?.value;
  const isInner = span !== undefined && rest.length > 0 && bytes[span.start] === OPEN_BRACE;
  if (isInner) {
    const inner = patchMember(bytes.subarray(span.start, span.end), rest, patch);
    return splice(bytes, span, inner);
  }
  if (patch.does === "set") return setMember(bytes, layout, key, wrap(rest, patch.value));
  if (span === undefined || rest.length > 0) return bytes;
  if (patch.does === "drop") {
    const spans = layout.members.map(({ start, value }) => ({ start, end: value.end }));
    return without(bytes, spans, new Set([index]));
  }
  if (layout.items === null) return bytes;
  const base = span.start;
  const spans = layout.items.spans.map(({ start, end }) => ({ start: base + start, end: base + end }));
  return layout.items.list ? without(bytes, spans, patch.indexes) : bytes;
}

function setMember(bytes: Buffer, { members, close }: BodyLayout, key: string, value: Json): Buffer {
  const text = JSON.stringify(value);
  const member = members.find((one) => one.key === key);
  if (member !== undefined) return splice(bytes, member.value, Buffer.from(text));
  const comma = members.length > 0 ? "," : "";
  return splice(bytes, { start: close, end: close }, Buffer.from(`${comma}${JSON.stringify(key)}:${text}`));
}

function wrap(path: readonly string[], value: Json): Json {
  return path.reduceRight<Json>((inner, key) => ({ [key]: inner }), value);
}

function splice(bytes: Buffer, { start, end }: Span, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)]);
}

/** Leaves out some of the spans that stand beside each other, each with one of the commas round it. */
function without(bytes: Buffer, spans: readonly Span[], indexes: ReadonlySet<number>): Buffer {
  const first = spans[0];
  const last = spans.at(-1);
  if (first === undefined || last === undefined || indexes.size === 0) return bytes;
  const pieces = [bytes.subarray(0, first.start)];
  for (const [index, { start, end }] of spans.entries()) {
    if (indexes.has(index)) continue;
    const before = spans[index - 1];
    const from = pieces.length === 1 || before === undefined ? start : before.end;
    pieces.push(bytes.subarray(from, end));
  }
  return Buffer.concat([...pieces, bytes.subarray(last.end)]);
}

const OPEN_BRACE = 0x7b;
