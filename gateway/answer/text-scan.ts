// Scans the texts of a stream channel by channel, masks them, and says which bytes must wait because a value may still
// begin in them.
import { GatewayError } from "../errors.ts";
import type { Apart, Finding, SegmentKind, Text } from "../exchange.ts";
import { applyEdits, joinEdits, touches, type Edit, type Stretch } from "../mask/edits.ts";
import { createJsonPlace, type JsonPlace } from "../mask/json-place.ts";
import { requireUnmasked } from "../mask/masks.ts";
import type { RestoreStream } from "../mask/restore.ts";
import { toDropped } from "../mask/write-changes.ts";
import { dropChance } from "../segment.ts";
import type { AnswerContext, TextScanner } from "./context.ts";
import type { Entry, Gate } from "./gate.ts";
import { createTally } from "./tally.ts";
import type { Tally } from "./tally.ts";

export type TextScan = {
  readonly tally: Tally;
  /** UTF-16 units of model-written text so far. */
  readonly chars: number;
  /** Takes the next piece of a channel, which stands at `pointer` in the entry's event; the entry waits until it is decided. What stands nowhere by itself (null) is not masked. */
  push(channel: string, kind: SegmentKind, text: string, entry: Entry, pointer: string | null): void;
  /**
   * Takes a channel's whole text, which stands at `pointer` in the entry's event: a copy of what its pieces added up to is
   * not scanned again, and is masked as they were.
   */
  whole(channel: string, kind: SegmentKind, text: string, entry: Entry, pointer: string | null): void;
  /** Takes what is no text by itself, and must not hold a value all the same: see `Segment`. Throws where an id does. */
  apart(part: Apart, kind: SegmentKind, text: string, entry: Pick<Entry, "changes">, pointer: string): void;
  /** Ends a channel; what waited for it no longer does. */
  finish(channel: string): void;
  /** Gives the edits of a channel that has ended, or whose whole text was taken, as the program has it. */
  edits(channel: string): readonly Stretch[];
  /** As `edits`, without what is restored: what stands in the record. */
  masked(channel: string): readonly Stretch[];
  /** Gives the texts so far, as they were masked; a channel is named as the pointer that its text has in the whole answer. */
  readonly segments: () => Text[];
  /** Forgets a channel that has ended. */
  forget(channel: string): void;
  /** Lets go what waits although it is undecided. A value that turns out to have begun in it is refused. */
  letGo(): void;
  /** Ends all channels; what waited for them no longer does. */
  end(): void;
};

type Piece = {
  readonly text: string;
  readonly from: number;
  readonly until: number;
  readonly entry: Entry;
  readonly pointer: string | null;
};

type Channel = {
  readonly scanner: ReturnType<TextScanner["stream"]>;
  readonly kind: SegmentKind;
  text: string;
  /** What of the text is undecided, and where it begins: reading in the whole would copy that each time. */
  tail: string;
  tailFrom: number;
  isEnded: boolean;
  /** So much of the text has gone out as it was decided. */
  gone: number;
  readonly waiting: Piece[];
  readonly masked: Edit[];
  readonly restoring: RestoreStream;
  readonly restored: Stretch[];
  /** Both, by place. */
  edits: readonly Stretch[];
  readonly place: JsonPlace;
};

const NOTHING: ReturnType<TextScanner["stream"]> = { push: () => [], end: () => [], pending: 0 };
const NO_EDITS: readonly Stretch[] = [];
const MOST_CLEAN = 1000;
const TOKEN = { of: "token" } as const;

/**
 * Scans with `scanner`; with null nothing is scanned and nothing waits. `onNew` is called where a pattern was found that
 * was not found before, before it is masked: it may bring further masks.
 */
export function createTextScan(
  scanner: TextScanner | null,
  gate: Gate,
  { masks, editor, restorer }: Pick<AnswerContext, "masks" | "editor" | "restorer">,
  onNew: () => void,
): TextScan {
  const channels = new Map<string, Channel>();
  const tally = createTally();
  /** Ids in which nothing stands: most events repeat one. */
  const clean = new Set<string>();

  function takeId(kind: SegmentKind, text: string): void {
    const key = `${kind} ${text}`;
    if (scanner === null || clean.has(key)) return;
    const found = dropChance({ text, part: TOKEN }, scanner.scan(text, kind, "answer"));
    if (found.length > 0) {
      if (tally.add(found)) onNew();
      requireUnmasked(masks, found, kind);
      return;
    }
    if (clean.size >= MOST_CLEAN) clean.clear();
    clean.add(key);
  }

  /** Tokens that spell another text than the one beside them may go on spelling a value in the next event. */
  function isDropped(
    { isUnlike }: Extract<Apart, { of: "logprobs" }>,
    kind: SegmentKind,
    text: string,
  ): boolean {
    if (scanner === null || !masks.applies("answer")) return false;
    const found = scanner.scan(text, kind, "answer");
    return isUnlike || found.some((one) => masks.pickFor(one, kind, "answer") !== null);
  }

  function edit(channel: Channel, name: string, findings: readonly Finding[]): void {
    const { masked, kind, tail, tailFrom } = channel;
    // A number that is masked may go on.
    if (findings.length === 0 && masked.at(-1)?.isBare !== true) return;
    const first = masked.length;
    const split = channel.place.split(tail, findings, tailFrom);
    editor.edit(masked, split, kind, (start, end) => tail.slice(start - tailFrom, end - tailFrom), name);
    if ((masked[first]?.start ?? channel.gone) < channel.gone)
      throw new GatewayError(
        "policy_denied",
        "A value that must be masked had begun before it was known as one.",
      );
    channel.place.quote(tail, masked, first, tailFrom);
    channel.edits = joinEdits(masked, channel.restored);
  }

  function restore(channel: Channel, piece: string): void {
    const all = channel.restoring.push(piece);
    if (all.length === 0) return;
    // Of what has begun to go out nothing is put back.
    const found = all.filter(({ start }) => start >= channel.gone);
    if (found.length === 0) return;
    channel.restored.push(...found);
    channel.edits = joinEdits(channel.masked, channel.restored);
  }

  function open(kind: SegmentKind, text: string, own: TextScanner | null): Channel {
    const masked: Edit[] = [];
    return {
      scanner: own === null ? NOTHING : own.stream(kind),
      kind,
      text,
      tail: text,
      tailFrom: 0,
      isEnded: own === null,
      gone: 0,
      waiting: [],
      masked,
      restoring: restorer.stream(kind),
      restored: [],
      edits: masked,
      place: createJsonPlace(),
    };
  }

  function change({ edits }: Channel, { text, from, until, entry, pointer }: Piece): void {
    if (edits.length === 0 || pointer === null || !touches(edits, from, until)) return;
    entry.changes.push({ pointer, from: text, to: applyEdits(text, edits, from), edits: null });
  }

  /** Leaves what is decided behind. */
  function leave(channel: Channel, decided: number): void {
    const { tail, tailFrom, place } = channel;
    if (decided <= tailFrom) return;
    place.skip(tail, tailFrom, decided);
    channel.tail = tail.slice(decided - tailFrom);
    channel.tailFrom = decided;
  }

  function release(channel: Channel, decided: number): void {
    while (channel.waiting[0] !== undefined && channel.waiting[0].until <= decided) {
      const first = channel.waiting.shift();
      if (first === undefined) return;
      channel.gone = first.until;
      change(channel, first);
      gate.release(first.entry);
    }
  }

  function finish(channel: Channel, name: string): void {
    if (channel.isEnded) return;
    channel.isEnded = true;
    const found = channel.scanner.end();
    if (tally.add(found)) onNew();
    edit(channel, name, found);
    release(channel, channel.text.length);
  }

  const scan: TextScan & { chars: number } = {
    tally,
    chars: 0,
    push(name, kind, text, entry, pointer) {
      scan.chars += text.length;
      if (scanner === null || text === "") return;
      let channel = channels.get(name);
      if (channel === undefined || channel.isEnded) {
        channel = open(kind, "", scanner);
        channels.set(name, channel);
      }
      const from = channel.text.length;
      const found = channel.scanner.push(text);
      channel.text += text;
      channel.tail += text;
      if (tally.add(found)) onNew();
      edit(channel, name, found);
      restore(channel, text);
      const until = channel.text.length;
      const known = until - Math.max(channel.scanner.pending, channel.restoring.pending);
      const decided = channel.place.settle(channel.tail, channel.tailFrom, known);
      release(channel, decided);
      leave(channel, decided);
      const piece = { text, from, until, entry, pointer };
      if (decided < until) {
        entry.waits += 1;
        channel.waiting.push(piece);
      } else {
        channel.gone = until;
        change(channel, piece);
      }
    },
    whole(name, kind, text, entry, pointer) {
      if (scanner === null || text === "") return;
      let channel = channels.get(name);
      if (channel !== undefined) finish(channel, name);
      if (channel === undefined || channel.text !== text) {
        scan.chars += channel === undefined ? text.length : 0;
        channel = open(kind, text, null);
        channels.set(name, channel);
        const found = scanner.scan(text, kind, "answer");
        if (tally.add(found)) onNew();
        edit(channel, name, found);
        restore(channel, text);
      }
      const { edits } = channel;
      if (edits.length > 0 && pointer !== null)
        entry.changes.push({ pointer, from: text, to: applyEdits(text, edits), edits });
    },
    apart(part, kind, text, entry, pointer) {
      if (part.of === "token") takeId(kind, text);
      else if (isDropped(part, kind, text)) entry.changes.push(toDropped(pointer));
    },
    finish(name) {
      const channel = channels.get(name);
      if (channel !== undefined) finish(channel, name);
    },
    edits: (name) => channels.get(name)?.edits ?? NO_EDITS,
    masked: (name) => channels.get(name)?.masked ?? NO_EDITS,
    segments: () =>
      [...channels].map(([pointer, { kind, text, masked }]) => ({
        pointer,
        kind,
        role: "assistant",
        text: applyEdits(text, masked),
      })),
    forget: (name) => void channels.delete(name),
    letGo() {
      for (const [name, channel] of channels) {
        const found = channel.scanner.cut?.() ?? [];
        if (tally.add(found)) onNew();
        edit(channel, name, found);
        release(channel, channel.text.length);
      }
    },
    end() {
      for (const [name, channel] of channels) finish(channel, name);
    },
  };
  return scan;
}
