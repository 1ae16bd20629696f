// Writes a changed body: what an edit does not touch keeps its bytes.

import type { Json } from "../exchange.ts";
import type { BodyLayout, ParsedRequest, Span } from "./parsed.ts";

/** Changes to a body. */
export type BodyEdits = {
  /** Indexes of items that are left out. */
  readonly drop?: ReadonlySet<number>;
  /** Items that take another's place, by its index. */
  readonly replace?: ReadonlyMap<number, Json>;
  /** Items that go before the first one. */
  readonly prepend?: readonly Json[];
  /** Members of the top level that are replaced or added; not the one that holds the items. */
  readonly set?: Readonly<Record<string, Json>>;
};

type Patch = { readonly span: Span; readonly text: Buffer | string };

/**
 * Gives the request's body with the edits. The bytes of members and items that no edit names are those that came.
 * An `input` that is a string becomes a list where an item is put before it.
 */
export function rewriteBody(parsed: ParsedRequest, edits: BodyEdits): Buffer {
  const { layout } = parsed;
  const set = Object.entries(edits.set ?? {});
  if ((layout?.items ?? null) === null && edits.prepend !== undefined && edits.prepend.length > 0) {
    set.push([parsed.route.operation.startsWith("chat.") ? "messages" : "input", edits.prepend]);
  }
  // A request without a body gets one.
  if (layout === null) return Buffer.from(writeObject(set));
  const patches: Patch[] = [];
  const items = layout.items;
  const changesItems =
    (edits.drop?.size ?? 0) > 0 || (edits.replace?.size ?? 0) > 0 || (edits.prepend?.length ?? 0) > 0;
  if (items !== null && changesItems) {
    const replacement = edits.replace?.get(0);
    const isAlone = !items.list && (edits.prepend?.length ?? 0) === 0 && (edits.drop?.size ?? 0) === 0;
    const text =
      isAlone && replacement !== undefined
        ? JSON.stringify(replacement)
        : writeItems(parsed.bytes, items, edits);
    patches.push({ span: items.member.value, text });
  }
  const added: [string, Json][] = [];
  for (const [key, value] of set) {
    const member = layout.members.find((candidate) => candidate.key === key);
    if (member === undefined) added.push([key, value]);
    else if (member !== items?.member) patches.push({ span: member.value, text: JSON.stringify(value) });
  }
  if (added.length > 0) {
    const text = writeMembers(added);
    patches.push({
      span: { start: layout.close, end: layout.close },
      text: layout.members.length > 0 ? `,${text}` : text,
    });
  }
  return apply(parsed.bytes, patches);
}

function apply(bytes: Buffer, patches: readonly Patch[]): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { span, text } of patches.toSorted((a, b) => a.span.start - b.span.start)) {
    pieces.push(bytes.subarray(at, span.start), typeof text === "string" ? Buffer.from(text) : text);
    at = span.end;
  }
  pieces.push(bytes.subarray(at));
  return Buffer.concat(pieces);
}

function writeItems(bytes: Buffer, items: NonNullable<BodyLayout["items"]>, edits: BodyEdits): Buffer {
  const pieces: Buffer[] = [];
  for (const item of edits.prepend ?? []) pieces.push(Buffer.from(JSON.stringify(item)));
  const base = items.member.value.start;
  for (const [index, { start, end }] of items.spans.entries()) {
    if (edits.drop?.has(index) === true) continue;
    const replacement = edits.replace?.get(index);
    const raw =
      replacement === undefined
        ? bytes.subarray(base + start, base + end)
        : Buffer.from(JSON.stringify(replacement));
    pieces.push(
      items.list ? raw : Buffer.concat([Buffer.from('{"role":"user","content":'), raw, Buffer.from("}")]),
    );
  }
  const comma = Buffer.from(",");
  const separated = pieces.flatMap((piece, index) => (index === 0 ? [piece] : [comma, piece]));
  return Buffer.concat([Buffer.from("["), ...separated, Buffer.from("]")]);
}

function writeObject(members: readonly [string, Json][]): string {
  return `{${writeMembers(members)}}`;
}

function writeMembers(members: readonly [string, Json][]): string {
  return members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",");
}
