// Finds signs that a text tries to instruct the model. No promise: a text without any may do so all the same.
import { hash } from "node:crypto";
import { GatewayError } from "../errors.ts";
import { judgeAddress } from "./signal-address.ts";
import {
  createPhrase,
  createSignalFolding,
  createUnspaced,
  endsWith,
  foldLiteral,
  LEFT,
  lookForStart,
  toBase64Forms,
  toKey,
} from "./signal-index.ts";
import type { Entry } from "./signal-index.ts";
import { MarkRuns } from "./signal-marks.ts";
import { OVERRIDES, SECRETS, UNSPACED } from "./signal-phrases.ts";
import type { SignalRow } from "./signal-table.ts";
import { SPACE } from "./values/fold.ts";
import { PlainText } from "./values/plain.ts";

/** How often each signal was found, by id. */
export type SignalCounts = Readonly<Record<string, number>>;

/** Finds signals in texts; equal digests find the same. */
export type SignalScanner = {
  readonly digest: string;
  /** What each signal adds to a score. */
  readonly weights: ReadonlyMap<string, number>;
  /** Counts the signals of a whole text; null where there is none. */
  scan(text: string): SignalCounts | null;
  /** Begins a text that comes in pieces; what is counted is that of the whole, however it is cut. */
  stream(): SignalStream;
};

/** A text that comes in pieces. */
export type SignalStream = { push(piece: string): void; end(): SignalCounts | null };

type Sight = "comment" | "comment_end" | "styled" | "image" | "address" | null;
type Sought = Entry & { readonly sight: Sight; readonly speaks: boolean };

type Tables = {
  readonly unit: Uint16Array;
  /** By key: where its entries stand in `buckets`; 0: none do. */
  readonly heads: Uint16Array;
  readonly buckets: readonly (readonly Sought[])[];
  /** Ids by what they are found by. */
  readonly ids: ReadonlyMap<string, string>;
};

/** Changes when the same tables would find something else. */
const VERSION = 1;
const BLOCK = 4096;
const MOST_ADDRESS = 512;
/** The last characters of a literal by which it is found. */
const LEAST = 3;
/** So far from where a comment begins, or a style that hides, a sentence belongs to it. */
const COMMENT_REACH = 4096;
const STYLE_REACH = 400;
const IMAGE_REACH = 200;
/** A label of a link that is longer is not looked back over. */
const MOST_LABEL = 96;

const SIGHTS: readonly (readonly [Exclude<Sight, null>, readonly string[]])[] = [
  ["comment", ["<!--", "[//]: # (", '[comment]: # "']],
  ["comment_end", ["-->"]],
  [
    "styled",
    [
      "display:none",
      "display: none",
      "visibility:hidden",
      "visibility: hidden",
      "font-size:0",
      "font-size: 0",
      "opacity:0",
      "opacity: 0",
      "color:white",
      "color: white",
      "color:#fff",
      "color: #fff",
      "color:transparent",
      "color: transparent",
      'aria-hidden="true"',
    ],
  ],
  ["image", ["<img"]],
  ["address", ["](http", "](//", "]: http", 'src="http', "src='http", "src=http", 'src="//']],
];

// One text is scanned at a time, so the block is everybody's.
const units = new Uint16Array(LEFT + BLOCK);

/** Compiles the rows. */
export function createSignalScanner(rows: readonly SignalRow[]): SignalScanner {
  const tables = compile(rows);
  return {
    digest: hash("sha256", JSON.stringify([VERSION, rows, OVERRIDES, SECRETS, UNSPACED])),
    weights: new Map(rows.map(({ id, weight }) => [id, weight])),
    scan: (text) => new SignalScan(tables).push(text, true),
    stream() {
      const scan = new SignalScan(tables);
      return { push: (piece) => void scan.push(piece, false), end: () => scan.push("", true) };
    },
  };
}

class SignalScan {
  readonly #tables: Tables;
  readonly #plain = new PlainText();
  readonly #marks: MarkRuns;
  #counts: Record<string, number> | null = null;
  #left: Uint16Array | null = null;
  /** How many folded characters came before the block, and the last one. */
  #base = 0;
  #last = 0;
  #key = 0;
  #commentAt = -1;
  #styledAt = -1;
  #imageAt = -1;
  /** The address that is read; null: none is. */
  #address: string | null = null;
  #isImage = false;
  #stops = "";

  constructor(tables: Tables) {
    this.#tables = tables;
    this.#marks = new MarkRuns((kind) => this.#addBy(kind));
  }

  push(piece: string, isFinal: boolean): SignalCounts | null {
    this.#marks.push(piece);
    this.#plain.push(piece, isFinal);
    const { text, base } = this.#plain;
    this.#run(text, this.#read - base, isFinal);
    this.#read = base + text.length;
    this.#plain.release(this.#read);
    if (isFinal && this.#address !== null) this.#judge();
    return this.#counts;
  }

  /** How far the plain text was read. */
  #read = 0;

  #run(text: string, from: number, isFinal: boolean): void {
    const { unit, heads } = this.#tables;
    let count = this.#left?.length ?? 0;
    if (this.#left !== null) units.set(this.#left);
    let key = this.#key;
    let last = this.#last;
    let isAddress = this.#address !== null;
    const most = units.length;
    for (let i = from; i < text.length; i += 1) {
      const c = unit[text.charCodeAt(i)] ?? 0;
      if (c <= SPACE && (c === 0 || (c === SPACE && last === SPACE))) continue;
      last = c;
      if (count === most) {
        units.copyWithin(0, count - LEFT, count);
        this.#base += count - LEFT;
        count = LEFT;
      }
      units[count] = c;
      count += 1;
      key = ((key << 5) ^ c) & 0x7fff;
      const head = heads[key] ?? 0;
      if (head === 0 && !isAddress) continue;
      if (isAddress) this.#take(c);
      if (head !== 0) this.#look(head, count);
      isAddress = this.#address !== null;
    }
    this.#key = key;
    this.#last = last;
    if (isFinal) return;
    const kept = Math.min(count, LEFT);
    this.#left = units.slice(count - kept, count);
    this.#base += count - kept;
  }

  #look(head: number, end: number): void {
    const floor = Math.max(0, end - LEFT);
    const before = { units, floor, isStart: this.#base + floor === 0 };
    for (const entry of this.#tables.buckets[head] ?? []) {
      if (!endsWith(units, floor, end, entry.literal)) continue;
      if (!entry.look(before, end - entry.literal.length)) continue;
      if (entry.sight === null) this.#add(entry.id, entry.speaks, this.#base + end);
      else this.#see(entry.sight, entry.literal, end, floor);
    }
  }

  #see(sight: Exclude<Sight, null>, literal: string, end: number, floor: number): void {
    const at = this.#base + end;
    if (sight === "comment") this.#commentAt = at;
    else if (sight === "comment_end") this.#commentAt = -1;
    else if (sight === "styled") this.#styledAt = at;
    else if (sight === "image") this.#imageAt = at;
    else if (this.#address === null) {
      const isMarkup = literal.startsWith("src");
      if (isMarkup && (this.#imageAt === -1 || at - this.#imageAt > IMAGE_REACH)) return;
      const start = end - literal.length;
      this.#isImage = isMarkup || isImageLabel(start, Math.max(floor, start - MOST_LABEL));
      this.#stops = toStops(literal);
      this.#address = literal.slice(literal.search(/h|\/\//));
    }
  }

  #take(c: number): void {
    const character = String.fromCharCode(c);
    if (this.#stops.includes(character)) this.#judge();
    else {
      this.#address += character;
      if ((this.#address?.length ?? 0) >= MOST_ADDRESS) this.#judge();
    }
  }

  #judge(): void {
    const found = judgeAddress(this.#address ?? "", this.#isImage);
    this.#address = null;
    if (found !== null) this.#addBy(found);
  }

  #addBy(kind: string): void {
    const id = this.#tables.ids.get(kind);
    if (id !== undefined) this.#add(id, false, 0);
  }

  #add(id: string, speaks: boolean, at: number): void {
    this.#counts ??= {};
    this.#counts[id] = (this.#counts[id] ?? 0) + 1;
    if (!speaks) return;
    const isCommented = this.#commentAt !== -1 && at - this.#commentAt <= COMMENT_REACH;
    const isStyled = this.#styledAt !== -1 && at - this.#styledAt <= STYLE_REACH;
    if (isCommented || isStyled) this.#addBy("hidden");
  }
}

/** Gives what ends an address that begins so. */
function toStops(literal: string): string {
  if (literal.startsWith("]")) return literal.startsWith("](") ? `)"` : ` "`;
  return literal.startsWith("src=h") ? " >" : `"'`;
}

/** Says whether the label that ends before `start` is an image's. */
function isImageLabel(start: number, floor: number): boolean {
  for (let at = start - 1; at >= floor; at -= 1) if (units[at] === 0x5b) return units[at - 1] === 0x21;
  return false;
}

function compile(rows: readonly SignalRow[]): Tables {
  const unit = createSignalFolding();
  const fold = (text: string): string => foldLiteral(text, unit);
  const ids = new Map<string, string>();
  const sought: Sought[] = [];
  for (const { id, finds, speaks = false } of rows) {
    const put = (literal: string, look: Entry["look"]): void =>
      void sought.push({ id, literal, look, speaks, sight: null });
    if ("literals" in finds) for (const literal of finds.literals) put(fold(literal), lookForStart);
    else if ("phrases" in finds) putPhrases(finds.phrases, put, fold);
    else if ("base64" in finds) {
      for (const form of finds.base64.flatMap(toBase64Forms)) put(fold(form), () => true);
    } else if ("hidden" in finds) ids.set("hidden", id);
    else ids.set("invisible" in finds ? finds.invisible : finds.address, id);
  }
  for (const [sight, literals] of SIGHTS)
    for (const literal of literals)
      sought.push({ id: "", literal: fold(literal), look: () => true, speaks: false, sight });
  if (sought.some(({ literal }) => literal.length < LEAST))
    throw new GatewayError("detector_failed", "A signal's text is too short to be looked for.");
  const buckets: Sought[][] = [[]];
  const heads = new Uint16Array(0x8000);
  for (const entry of sought) {
    let key = 0;
    for (let i = entry.literal.length - LEAST; i < entry.literal.length; i += 1)
      key = toKey(key, entry.literal.charCodeAt(i));
    if (heads[key] === 0) heads[key] = buckets.push([]) - 1;
    buckets[heads[key] ?? 0]?.push(entry);
  }
  return { unit, heads, buckets, ids };
}

function putPhrases(
  which: "override" | "secrets",
  put: (literal: string, look: Entry["look"]) => void,
  fold: (text: string) => string,
): void {
  for (const row of which === "override" ? OVERRIDES : SECRETS) {
    const look = createPhrase(row, fold);
    for (const last of row.last) put(fold(last), look);
  }
  if (which === "secrets") return;
  for (const parts of UNSPACED) {
    const before = parts.map((part) => part.map(fold));
    let ends = [""];
    while (ends.some(({ length }) => length < LEAST)) {
      const part = before.pop() ?? [];
      ends = part.flatMap((one) => ends.map((end) => one + end));
    }
    const look = createUnspaced(before);
    for (const end of ends) put(end, look);
  }
}
