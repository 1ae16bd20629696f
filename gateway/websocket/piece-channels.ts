// Tells which texts that come in pieces end with an event of a realtime target, since nothing else says so.
import type { JsonObject } from "../exchange.ts";
import type { OtherText } from "../parse/other-answer.ts";

/** The channels that end before an event, and those that end with it. */
export type PieceEnds = { readonly before: readonly string[]; readonly after: readonly string[] };

export type PieceChannels = {
  /** Takes the texts of an event. */
  take(texts: readonly OtherText[], value: JsonObject): PieceEnds;
};

/** A text that comes in pieces: the item that it is of, and how long it has become. */
type Pieces = { readonly of: string | null; readonly chars: number };

/** Texts that may come in pieces side by side. */
const MOST_CHANNELS = 64;
/** What is longer is searched in parts. */
const MOST_CHARS = 1_000_000;
/** After it nothing is said any more. */
const LAST = "session.closed";

/** Begins without any. */
export function createPieceChannels(): PieceChannels {
  /** What was heard last stands last. */
  const channels = new Map<string, Pieces>();
  return {
    take(texts, value) {
      const item = toItem(value);
      const isLast = value["type"] === LAST;
      const before: string[] = [];
      for (const [channel, { of }] of channels)
        if (isLast || (of !== null && of === item && !texts.some((text) => text.channel === channel)))
          before.push(channel);
      for (const channel of before) channels.delete(channel);
      const after: string[] = [];
      for (const { channel, text, continues } of texts) {
        if (!continues) continue;
        const chars = (channels.get(channel)?.chars ?? 0) + text.length;
        channels.delete(channel);
        if (chars > MOST_CHARS) after.push(channel);
        else channels.set(channel, { of: item, chars });
      }
      for (const channel of channels.keys()) {
        if (channels.size <= MOST_CHANNELS) break;
        channels.delete(channel);
        after.push(channel);
      }
      return { before, after };
    },
  };
}

/** The item whose text an event is about. */
function toItem({ item_id: id }: JsonObject): string | null {
  return typeof id === "string" ? id : null;
}
