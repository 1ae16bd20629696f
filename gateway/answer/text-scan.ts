// Scans the texts of a stream channel by channel, and says which bytes must wait because a match may still begin in them.
import type { Segment, SegmentKind } from "../exchange.ts";
import type { TextScanner } from "./context.ts";
import type { Entry, Gate } from "./gate.ts";
import { createTally } from "./tally.ts";
import type { Tally } from "./tally.ts";

export type TextScan = {
  readonly tally: Tally;
  /** UTF-16 units of model-written text so far. */
  readonly chars: number;
  /** Takes the next piece of a channel, carried by `entry`, which waits until the piece is decided. */
  push(channel: string, kind: SegmentKind, text: string, entry: Entry): void;
  /** Takes a channel's whole text: a copy of what its pieces added up to is not scanned again. */
  whole(channel: string, kind: SegmentKind, text: string): void;
  /** Gives the texts so far; a channel is named as the pointer that its text has in the whole answer. */
  readonly segments: () => Segment[];
  /** Ends all channels; what waited for them no longer does. */
  end(): void;
};

type Channel = {
  readonly scanner: ReturnType<TextScanner["stream"]>;
  readonly kind: SegmentKind;
  text: string;
  isEnded: boolean;
  readonly waiting: { readonly until: number; readonly entry: Entry }[];
};

const NOTHING = { push: () => [], end: () => [], pending: 0 };

/**
 * Scans with `scanner`; with null nothing is scanned and nothing waits. `onNew` is called where a pattern was found that
 * was not found before, once what waits is known.
 */
export function createTextScan(scanner: TextScanner | null, gate: Gate, onNew: () => void): TextScan {
  const channels = new Map<string, Channel>();
  const tally = createTally();

  function release(channel: Channel, decided: number): void {
    while (channel.waiting[0] !== undefined && channel.waiting[0].until <= decided) {
      const first = channel.waiting.shift();
      if (first !== undefined) gate.release(first.entry);
    }
  }

  function finish(channel: Channel): boolean {
    if (channel.isEnded) return false;
    channel.isEnded = true;
    const isNew = tally.add(channel.scanner.end());
    release(channel, channel.text.length);
    return isNew;
  }

  const scan: TextScan & { chars: number } = {
    tally,
    chars: 0,
    push(name, kind, text, entry) {
      scan.chars += text.length;
      if (scanner === null || text === "") return;
      let channel = channels.get(name);
      if (channel === undefined || channel.isEnded) {
        channel = { scanner: scanner.stream(kind), kind, text: "", isEnded: false, waiting: [] };
        channels.set(name, channel);
      }
      const isNew = tally.add(channel.scanner.push(text));
      channel.text += text;
      const decided = channel.text.length - channel.scanner.pending;
      release(channel, decided);
      if (decided < channel.text.length) {
        entry.waits += 1;
        channel.waiting.push({ until: channel.text.length, entry });
      }
      if (isNew) onNew();
    },
    whole(name, kind, text) {
      if (scanner === null || text === "") return;
      const channel = channels.get(name);
      let isNew = channel === undefined ? false : finish(channel);
      if (channel?.text !== text) {
        scan.chars += channel === undefined ? text.length : 0;
        channels.set(name, { scanner: NOTHING, kind, text, isEnded: true, waiting: [] });
        if (tally.add(scanner.scan(text, kind, "answer"))) isNew = true;
      }
      if (isNew) onNew();
    },
    segments: () =>
      [...channels].map(([pointer, { kind, text }]) => ({ pointer, kind, role: "assistant", text })),
    end() {
      let isNew = false;
      for (const channel of channels.values()) if (finish(channel)) isNew = true;
      if (isNew) onNew();
    },
  };
  return scan;
}
