// Reads addresses of currencies and keys to them: runs of letters and digits with a check sum.
import { isAlphanumeric, isDigit, waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";
import type { CoinRow } from "./table.ts";
import type { Words } from "./words.ts";

type Coin = CoinRow & { readonly kind: Kind; readonly near: number | null };

/** What a run is tried at, besides digits: rare letters, since 1 address in 250 has no digit. With them it is 1 in 20,000. */
export const COIN_LETTERS = ["j", "q", "z"];
/** The longest run that is an address or a key. */
const LONGEST = 112;
/** The first digit or rare letter stands at most so far behind a run's beginning. */
const MAX_BEFORE = 80;
/** So many characters are one stretch in which check sums are counted. */
const STRETCH = 2048;
const NO_COINS: readonly Coin[] = [];

/** Makes the reader; its triggers are digits and `COIN_LETTERS`. Readers have numbers of their own. */
export function createCoinReader(rows: readonly CoinRow[], words: Words, number: number): Reader {
  const byFirst: Coin[][] = [];
  const anyFirst: Coin[] = [];
  for (const row of rows) {
    const near = row.words === undefined ? null : words.toGroup(row.words);
    const coin: Coin = { ...row, near, kind: { id: row.id, class: row.class, rank: near === null ? 1 : 2 } };
    if (row.beginnings.length === 0) anyFirst.push(coin);
    for (const first of new Set(row.beginnings.map((beginning) => beginning.charCodeAt(0))))
      (byFirst[first] ??= []).push(coin);
  }
  const shortest = Math.min(...rows.map(({ least }) => least));
  const anyNear = words.toGroup(anyFirst.flatMap((row) => row.words ?? []));
  return (look, start) => {
    const { text } = look;
    if (!isAlphanumeric(text.charCodeAt(start))) return true;
    let from = start;
    for (; from > 0; from -= 1) {
      const c = text.charCodeAt(from - 1);
      if (!isAlphanumeric(c)) break;
      // Only the first of a run is looked at.
      if (isTrigger(c) || start - from === MAX_BEFORE) return true;
    }
    const first = byFirst[text.charCodeAt(from)] ?? NO_COINS;
    const others = look.hasWord(anyNear, from) ? anyFirst : NO_COINS;
    if (first.length === 0 && others.length === 0) return true;
    let to = start + 1;
    const stop = Math.min(text.length, from + LONGEST + 1);
    while (to < stop && isAlphanumeric(text.charCodeAt(to))) to += 1;
    if (to - from > LONGEST) return true;
    if (to >= text.length && !look.isFinal) return waitFrom(look, from);
    if (to - from < shortest) return true;
    const coin = findCoin(look, first, others, { from, to, number });
    if (coin !== null) look.add(coin.kind, from - prefixLength(text, from, coin), to);
    return true;
  };
}

type Run = { readonly from: number; readonly to: number; readonly number: number };

function findCoin(look: Look, first: readonly Coin[], others: readonly Coin[], at: Run): Coin | null {
  const { from, to, number } = at;
  const length = to - from;
  let run = "";
  for (const coins of [first, others]) {
    for (const coin of coins) {
      if (length < coin.least || length > coin.most) continue;
      if (run === "") run = look.text.slice(from, to);
      if (coin.beginnings.length > 0 && !coin.beginnings.some((one) => run.startsWith(one))) continue;
      if (coin.near !== null && !look.hasWord(coin.near, from) && !isAll(look, from, to, coin)) continue;
      const verdict = coin.check(run);
      if (verdict === "none") continue;
      if (verdict === "valid") return coin;
      // What looks like one so often is taken for one: a text must not ask for digests without end.
      if (look.fail(number, from, from + STRETCH) || verdict()) return coin;
    }
  }
  return null;
}

/** Says whether a run is all there is of a text, and says by its beginning what it is. */
function isAll(look: Look, from: number, to: number, coin: Coin): boolean {
  return coin.beginnings.length > 0 && look.isStart(from) && look.isFinal && to === look.text.length;
}

function isTrigger(c: number): boolean {
  const lower = c | 0x20;
  return isDigit(c) || lower === 0x6a || lower === 0x71 || lower === 0x7a;
}

function prefixLength(text: string, from: number, { prefix }: Coin): number {
  if (prefix === undefined || from < prefix.length) return 0;
  return text.slice(from - prefix.length, from).toLowerCase() === prefix ? prefix.length : 0;
}
