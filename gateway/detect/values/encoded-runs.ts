// Looks into what is encoded as a whole: long runs of base64 (RFC 4648) or hexadecimal are decoded once, within a budget.
import { isAlphanumeric } from "./look.ts";

/** What is found in a text that was decoded: one detector of each class. */
export type FindInside = (text: string) => ReadonlyMap<string, string>;

/** Takes a finding: offsets are in the whole plain text. */
export type PutRun = (id: string, ofClass: string, start: number, end: number) => void;

/** A shorter run is a word, an id or a number. */
const LEAST = 24;
/** A longer run is decoded piece by piece; a multiple of what base64 decodes by. */
const PIECE = 8192;
/** So much of a piece is decoded first: most of what is no text shows it there. */
const HEAD = 64;
/** Of the characters of a text at most one in so many is none: what a picture decodes to has far more. */
const TEXT_SHARE = 10;

/** Follows the runs of one text. Each decision depends on the text alone, not on how it comes. */
export class EncodedRuns {
  readonly #find: FindInside;
  readonly #put: PutRun;
  #budget: number;
  #at = 0;
  /** Where the piece of a run begins that is not decided, -1: no run. */
  #start = -1;
  #padding = 0;
  #isLater = false;
  /** What was found in an earlier piece of the run: the rest belongs to it. */
  #classes: ReadonlyMap<string, string> = new Map();

  /** Decodes at most `budget` bytes of the text. */
  constructor(budget: number, find: FindInside, put: PutRun) {
    this.#budget = budget;
    this.#find = find;
    this.#put = put;
  }

  /** From here on the text may belong to a run that is not decided. */
  get open(): number {
    return this.#start === -1 ? Infinity : this.#start;
  }

  /** Reads on to `end`; `base` is the offset of the text's first character, `isLast` says that nothing follows. */
  read(text: string, base: number, end: number, isLast: boolean): void {
    while (this.#at < end) {
      const c = text.charCodeAt(this.#at - base);
      if (this.#start === -1) {
        if (isOfRun(c) && this.#budget > 0) this.#start = this.#at;
      } else if (c === 0x3d && this.#padding < 2) this.#padding += 1;
      else if (!isOfRun(c) || this.#padding > 0) {
        this.#end(text, base);
        continue;
      }
      this.#at += 1;
      if (this.#start !== -1 && this.#at - this.#start === PIECE) {
        this.#decide(text, base);
        this.#isLater = true;
        this.#start = this.#at;
      }
    }
    if (isLast && this.#start !== -1) this.#end(text, base);
  }

  /** Passes over what is a value already. */
  skip(to: number): void {
    if (to <= this.#at) return;
    this.#at = to;
    this.#drop();
  }

  /** Gives up the run that is not decided. */
  #drop(): void {
    this.#start = -1;
    this.#padding = 0;
    this.#isLater = false;
    this.#classes = new Map();
  }

  #end(text: string, base: number): void {
    this.#decide(text, base);
    this.#drop();
  }

  #decide(text: string, base: number): void {
    const run = text.slice(this.#start - base, this.#at - base);
    const body = this.#padding > 0 ? run.slice(0, -this.#padding) : run;
    if (this.#classes.size === 0 && (this.#isLater || body.length >= LEAST)) this.#classes = this.#look(body);
    if (run !== "") for (const [ofClass, id] of this.#classes) this.#put(id, ofClass, this.#start, this.#at);
  }

  #look(body: string): ReadonlyMap<string, string> {
    // Before a run of its own a path of an address may stand.
    const parts = body.split(/[+/_-]/);
    const longest = parts.reduce((best, part) => (part.length > best.length ? part : best), "");
    for (const tried of parts.length > 1 && longest.length >= LEAST ? [body, longest] : [body]) {
      for (const encoding of /^(?:[0-9a-fA-F]{2})+$/.test(tried) ? HEX_FIRST : BASE64) {
        const decoded = this.#decode(tried, encoding);
        const found = decoded === "" ? NOTHING : this.#find(decoded);
        if (found.size > 0) return found;
      }
    }
    return NOTHING;
  }

  /** Gives the text that a run stands for, empty where it is none or the budget is spent. */
  #decode(run: string, encoding: "hex" | "base64"): string {
    if (toText(Buffer.from(run.slice(0, HEAD), encoding)) === "") return "";
    const bytes = Buffer.from(run, encoding);
    if (bytes.length > this.#budget) {
      this.#budget = 0;
      return "";
    }
    this.#budget -= bytes.length;
    return toText(bytes);
  }
}

const HEX_FIRST = ["hex", "base64"] as const;
const BASE64 = ["base64"] as const;
const NOTHING: ReadonlyMap<string, string> = new Map();

/** Letters, digits and the signs of base64 and of base64 for URLs. */
function isOfRun(c: number): boolean {
  return isAlphanumeric(c) || c === 0x2b || c === 0x2f || c === 0x2d || c === 0x5f;
}

/** Reads bytes as UTF-8, or as UTF-16 where each second one is zero; empty where they are no text for the most part. */
function toText(bytes: Buffer): string {
  const isWide = bytes.length > 3 && bytes[1] === 0 && bytes[3] === 0;
  const text = bytes.toString(isWide ? "utf16le" : "utf8");
  let others = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === 0xfffd || c === 0x7f || (c < 0x20 && c !== 0x09 && c !== 0x0a && c !== 0x0d)) others += 1;
  }
  return others * TEXT_SHARE > text.length ? "" : text;
}
