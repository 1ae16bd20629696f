// Adds up what items come to, so that a history that is resent is added up once.

import type { Reference, RequestFacts, ToolFacts } from "../exchange.ts";
import type { Budget } from "./budget.ts";
import type { ItemHead } from "./item.ts";
import type { ParsedItem } from "./parsed.ts";
import type { Sink } from "./sink.ts";

/** What is kept beside the hash of an item or of a body's rest. */
export type Measured = {
  readonly hash: string;
  readonly chars: number;
  readonly textBytes: number;
  readonly derived: Map<string, unknown>;
  /** What it takes off the budget of a request. */
  readonly cost: Readonly<Budget>;
};

/** An item as the cache keeps it, without a place in a body. */
export type KnownItem = Measured & {
  readonly value: ParsedItem["value"];
  readonly head: ItemHead;
  readonly sink: Sink;
  readonly bytes: number;
  /** What keeping it costs, in bytes. */
  readonly weight: number;
};

/** The first items of a list, and what they come to. Never changed, because requests share it. */
export type Sums = {
  readonly items: readonly ParsedItem[];
  readonly cost: Readonly<Budget>;
  readonly chars: number;
  readonly textBytes: number;
  readonly roles: Readonly<Record<string, number>>;
  readonly media: RequestFacts["media"];
  readonly tools: readonly ToolFacts[];
  readonly references: readonly Reference[];
  readonly opaque: readonly string[];
  /** Item types that nobody knows, each once. */
  readonly unknown: readonly string[];
  /** A memo for later stages, of what they find in all these items together. */
  readonly derived: Map<string, unknown>;
};

/** The sums of no items. */
export const NO_ITEMS: Sums = {
  items: [],
  cost: { values: 0, segments: 0 },
  chars: 0,
  textBytes: 0,
  roles: {},
  media: { images: 0, audio: 0, files: 0 },
  tools: [],
  references: [],
  opaque: [],
  unknown: [],
  derived: new Map(),
};

/** Gives the sums of some items and of those that follow them; `toPointer` says where an item stands. */
export function addUp(
  sums: Sums,
  following: readonly KnownItem[],
  toPointer: (index: number) => string,
): Sums {
  if (following.length === 0) return sums;
  const items = sums.items.slice();
  const tools = sums.tools.slice();
  const references = sums.references.slice();
  const opaque = sums.opaque.slice();
  const unknown = new Set(sums.unknown);
  const roles = { ...sums.roles };
  let { chars, textBytes } = sums;
  let { images, audio, files } = sums.media;
  let { values, segments } = sums.cost;
  for (const known of following) {
    const pointer = toPointer(items.length);
    const { head, sink, cost } = known;
    items.push({
      hash: known.hash,
      pointer,
      value: known.value,
      segments: sink.segments,
      type: head.type,
      role: head.role,
      id: head.id,
      callId: head.callId,
      callOutput: head.callOutput,
      bytes: known.bytes,
      derived: known.derived,
    });
    roles[head.role] = (roles[head.role] ?? 0) + 1;
    chars += known.chars;
    textBytes += known.textBytes;
    images += sink.images;
    audio += sink.audio;
    files += sink.files;
    values += cost.values;
    segments += cost.segments;
    for (const tool of sink.tools) tools.push(tool);
    for (const type of sink.unknown) unknown.add(type);
    for (const place of sink.opaque) opaque.push(pointer + place);
    for (const reference of sink.references)
      references.push({ ...reference, pointer: pointer + reference.pointer });
  }
  return {
    items,
    cost: { values, segments },
    chars,
    textBytes,
    roles,
    media: { images, audio, files },
    tools,
    references,
    opaque,
    unknown: [...unknown],
    derived: new Map(),
  };
}
