// Counts signals of prompt injection in a request's texts by where they stand, each item once as long as it is resent.
import { INJECTION_PLACES } from "./exchange.ts";
import type { Injection, InjectionPlace, Segment } from "./exchange.ts";
import { isApart } from "./parse/apart.ts";
import { isPartOfJson } from "./segment.ts";
import type { ParsedItem, ParsedRequest } from "./parse/parsed.ts";
import { pushSlices } from "./scan-slowly.ts";
import { createTurns, SLICE } from "./turns.ts";

type Counts = Readonly<Record<string, number>>;

/** Finds signals in texts; equal digests find the same. */
export type SignalReader = {
  readonly digest: string;
  /** What each signal adds to a score. */
  readonly weights: ReadonlyMap<string, number>;
  scan(text: string): Counts | null;
  stream(): { push(piece: string): void; end(): Counts | null };
};

/** Signals by where they stand. */
export type PlacedSignals = { readonly [place in InjectionPlace]?: Counts };

const NOTHING: PlacedSignals = {};
/** A score is at most this. */
const MOST_SCORE = 100;

/** Gives where a text stands; null for instructions, which are the program's own and quote such sentences to warn of them. */
export function toPlace({ kind, part }: Pick<Segment, "kind" | "part">): InjectionPlace | null {
  if (part?.of === "file") return "file";
  if (isApart(part)) return null;
  if (kind === "instructions") return null;
  return kind === "tool_output" || kind === "message" || kind === "tool_definition" ? kind : "other";
}

/** Counts the signals in a request. */
export function countSignals(reader: SignalReader, request: ParsedRequest): PlacedSignals {
  let sum = remember(reader, request.restDerived, request.rest);
  sum = add(sum, countStart(reader, request));
  return countItems(reader, request.items.slice(request.start?.count ?? 0), sum);
}

/** Counts the signals in a long request before anything is asked of it, so that nobody else waits meanwhile. */
export async function countSignalsAhead(
  reader: SignalReader,
  { bytes, start, items, restDerived, rest }: ParsedRequest,
): Promise<void> {
  if (bytes.length <= SLICE) return;
  const spend = createTurns();
  const isStartKnown = start !== null && recall(reader, start.derived) !== null;
  const fresh = isStartKnown ? items.slice(start.count) : items;
  for (const { derived, segments } of [...fresh, { derived: restDerived, segments: rest }]) {
    if (recall(reader, derived) !== null) continue;
    const sum = new Placed();
    for (const segment of segments) {
      const { text } = segment;
      if (toPlace(segment) === null) sum.add(segment, null);
      else if (text.length <= SLICE) {
        await spend(text.length);
        sum.add(segment, reader.scan(text));
      } else {
        const stream = reader.stream();
        await pushSlices(text, spend, (piece) => stream.push(piece));
        sum.add(segment, stream.end());
      }
    }
    derived.set(toMemoKey(reader), new Remembered(sum.end()));
  }
}

/** Gives the hashes of the items in which a signal was found. */
export function listSignalled(reader: SignalReader, request: ParsedRequest): string[] {
  return request.items.flatMap(({ derived, segments, hash }) =>
    remember(reader, derived, segments) === NOTHING ? [] : [hash],
  );
}

/** Adds what was found in texts that no segment holds. */
export function addSignals(
  found: PlacedSignals,
  place: InjectionPlace,
  counts: Counts | null,
): PlacedSignals {
  return counts === null ? found : add(found, { [place]: counts });
}

/** Makes the facts. A place's score is what its signals add up to, each once; that of all is the highest. */
export function toInjection({ weights }: Pick<SignalReader, "weights">, found: PlacedSignals): Injection {
  if (found === NOTHING) return NO_INJECTION;
  const places: { -readonly [place in InjectionPlace]?: Injection["places"][place] } = {};
  let highest = 0;
  for (const place of INJECTION_PLACES) {
    const signals = found[place];
    if (signals === undefined) continue;
    const sum = Object.keys(signals).reduce((all, id) => all + (weights.get(id) ?? 0), 0);
    const score = Math.min(MOST_SCORE, sum);
    places[place] = { score, signals };
    highest = Math.max(highest, score);
  }
  return { score: highest, places };
}

/** The facts of a request in which nothing was found. */
export const NO_INJECTION: Injection = { score: 0, places: {} };

function countStart(reader: SignalReader, { start, items }: ParsedRequest): PlacedSignals {
  if (start === null) return NOTHING;
  const known = recall(reader, start.derived);
  if (known !== null) return known;
  const sum = countItems(reader, items.slice(0, start.count), NOTHING);
  start.derived.set(toMemoKey(reader), new Remembered(sum));
  return sum;
}

function countItems(reader: SignalReader, items: readonly ParsedItem[], from: PlacedSignals): PlacedSignals {
  let sum = from;
  for (const { derived, segments } of items) sum = add(sum, remember(reader, derived, segments));
  return sum;
}

class Remembered {
  readonly found: PlacedSignals;
  constructor(found: PlacedSignals) {
    this.found = found;
  }
}

const memoKeys = new WeakMap<SignalReader, string>();

/** Beside the findings, whose key is their scanner's digest. Put together once: it is asked for with each item. */
function toMemoKey(reader: SignalReader): string {
  const known = memoKeys.get(reader);
  if (known !== undefined) return known;
  const key = `signals ${reader.digest}`;
  memoKeys.set(reader, key);
  return key;
}

function recall(reader: SignalReader, memo: ReadonlyMap<string, unknown>): PlacedSignals | null {
  const known = memo.get(toMemoKey(reader));
  return known instanceof Remembered ? known.found : null;
}

function remember(
  reader: SignalReader,
  memo: Map<string, unknown>,
  segments: readonly Segment[],
): PlacedSignals {
  const known = recall(reader, memo);
  if (known !== null) return known;
  const found = countAll(reader, segments);
  memo.set(toMemoKey(reader), new Remembered(found));
  return found;
}

function countAll(reader: SignalReader, segments: readonly Segment[]): PlacedSignals {
  const sum = new Placed();
  for (const segment of segments)
    sum.add(segment, toPlace(segment) === null ? null : reader.scan(segment.text));
  return sum.end();
}

/** Adds up texts. What stands in a JSON text counts as it stands there, or in its parts with their escapes read: whichever is more. */
class Placed {
  #sum = NOTHING;
  #whole = NOTHING;
  #parts = NOTHING;
  #pointer: string | null = null;

  add({ pointer, kind, part }: Segment, counts: Counts | null): void {
    const isPart = isPartOfJson(part);
    if (!isPart || pointer !== this.#pointer) {
      this.end();
      this.#pointer = pointer;
    }
    const place = toPlace({ kind, part });
    if (place === null || counts === null) return;
    if (isPart) this.#parts = add(this.#parts, { [place]: counts });
    else this.#whole = add(this.#whole, { [place]: counts });
  }

  end(): PlacedSignals {
    this.#sum = add(this.#sum, pickMore(this.#whole, this.#parts));
    this.#whole = NOTHING;
    this.#parts = NOTHING;
    return this.#sum;
  }
}

function pickMore(whole: PlacedSignals, parts: PlacedSignals): PlacedSignals {
  return parts === NOTHING ? whole : merge(whole, parts, Math.max);
}

function add(a: PlacedSignals, b: PlacedSignals): PlacedSignals {
  if (b === NOTHING) return a;
  if (a === NOTHING) return b;
  return merge(a, b, (one, other) => one + other);
}

function merge(
  a: PlacedSignals,
  b: PlacedSignals,
  join: (one: number, other: number) => number,
): PlacedSignals {
  const merged: { -readonly [place in InjectionPlace]?: Counts } = {};
  for (const place of INJECTION_PLACES) {
    const [one, other] = [a[place], b[place]];
    if (one === undefined || other === undefined) {
      const only = one ?? other;
      if (only !== undefined) merged[place] = only;
      continue;
    }
    const sum: Record<string, number> = { ...one };
    for (const id of Object.keys(other)) sum[id] = join(sum[id] ?? 0, other[id] ?? 0);
    merged[place] = sum;
  }
  return merged;
}
