// The events of one place of a response's output, kept until the item is whole, and held against it then.
import { GatewayError } from "../errors.ts";
import type { Json, JsonObject } from "../exchange.ts";
import { getAt, isList, isObject } from "../parse/pointer.ts";
import type { ResponseEvent } from "../parse/stream-event.ts";
import type { Entry } from "./gate.ts";

export type HeldItem = {
  readonly entries: Entry[];
  /** What was taken, each event with its entry. */
  readonly taken: readonly { readonly event: ResponseEvent; readonly entry: Entry }[];
  /** Takes one event of the place. */
  take(event: ResponseEvent, entry: Entry): void;
  /**
   * Throws `answer_unreadable` unless all that was streamed is what the whole item says: a program that puts its call
   * together from the pieces must get the call that was judged.
   */
  verify(item: JsonObject): void;
};

type Channel = { joined: string; readonly wholes: string[] };

/** Members of an item that its first event tells already. */
const STEADY = ["type", "id", "call_id", "name"] as const;

/** Begins to hold a place. */
export function createHeldItem(place: number): HeldItem {
  const base = `/output/${place}/`;
  const entries: Entry[] = [];
  const taken: { event: ResponseEvent; entry: Entry }[] = [];
  const channels = new Map<string, Channel>();
  let added: JsonObject | null = null;

  function channelAt(name: string): Channel {
    let channel = channels.get(name);
    if (channel === undefined) channels.set(name, (channel = { joined: "", wholes: [] }));
    return channel;
  }

  return {
    entries,
    taken,
    take(event, entry) {
      entries.push(entry);
      taken.push({ event, entry });
      if (event.item !== undefined) {
        if (event.type.endsWith(".done")) return;
        if (added !== null) throw unequal();
        added = event.item;
      }
      for (const { channel, text, whole, apart } of event.texts) {
        if (text === "" || apart !== undefined) continue;
        const known = channelAt(channel);
        if (whole) known.wholes.push(text);
        else known.joined += text;
      }
    },
    verify(item) {
      for (const key of STEADY) {
        const told = added?.[key];
        if (told !== undefined && told !== null && told !== item[key]) throw unequal();
      }
      const strings = new Set<string>();
      collectStrings(item, strings);
      for (const [name, { joined, wholes }] of channels) {
        const own = name.startsWith(base) ? getAt(item, name.slice(base.length - 1)) : undefined;
        const isSaid = (text: string): boolean => (own === undefined ? strings.has(text) : own === text);
        // A stream that is resumed within an item begins with the rest of a text.
        const isEnd = (text: string): boolean =>
          added === null &&
          [...(typeof own === "string" ? [own] : strings)].some((said) => said.endsWith(text));
        if (joined !== "" && !isSaid(joined) && !isEnd(joined)) throw unequal();
        if (!wholes.every(isSaid)) throw unequal();
      }
    },
  };
}

function unequal(): GatewayError {
  return new GatewayError("answer_unreadable", "The target streamed another tool call than it ended with.");
}

function collectStrings(value: Json, strings: Set<string>): void {
  if (typeof value === "string") strings.add(value);
  else if (isList(value)) for (const element of value) collectStrings(element, strings);
  else if (isObject(value)) for (const member of Object.values(value)) collectStrings(member, strings);
}
