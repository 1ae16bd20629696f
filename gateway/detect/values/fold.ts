// Folding of characters: what counts as the same letter, as white space, as nothing, as part of a word.

/** The folded unit of a character that is passed over. */
export const SKIP = 0;
/** The folded unit of white space. */
export const SPACE = 0x20;
/** The folded unit of a high surrogate whose pair `foldPair` may fold. */
export const PAIR = 0xd800;
/** The folded unit of a pair that stands for nothing in particular. */
export const OTHER = 0xfffd;

/** How many units of white space in a row a match may hold where one is written. */
export const MAX_GAP = 64;

/** The tables of folding, by UTF-16 unit. */
export type Folding = {
  /** The folded unit; `SKIP`, `SPACE` and `PAIR` as above. */
  readonly unit: Uint16Array;
  /** 1 where the unit is part of a word, in scripts that put space between words. */
  readonly word: Uint8Array;
};

// Letters of other scripts that look like a Latin one.
const LOOKALIKES =
  "аaеeоoрpсcуyхxіiјjѕsһhԁdԛqԝwӏlАaВbЕeКkМmНhОoРpСcТtУyХxІiЈjЅsοoνvρpΑaΒbΕeΖzΗhΙiΚkΜmΝnΟoΡpΤtΥyΧxıiɡgɑaℓl";

const INVISIBLE: readonly (readonly [number, number])[] = [
  [0x0000, 0x0000],
  [0x00ad, 0x00ad],
  [0x0300, 0x036f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x1ab0, 0x1aff],
  [0x1dc0, 0x1dff],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x20d0, 0x20ff],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfe20, 0xfe2f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
];

// Ranges in which compatibility decomposition may give an ASCII character: accented Latin, letterlike, enclosed, full width.
const DECOMPOSED: readonly (readonly [number, number])[] = [
  [0x00a1, 0x024f],
  [0x02b0, 0x02ff],
  [0x1d2c, 0x1dbf],
  [0x1e00, 0x1eff],
  [0x2010, 0x2027],
  [0x2030, 0x209f],
  [0x2100, 0x214f],
  [0x2460, 0x24ff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xffef],
];

// Where letters have two cases; what lies between has none, and is most of the plane.
const CASED: readonly (readonly [number, number])[] = [
  [0x0080, 0x0587],
  [0x10a0, 0x10ff],
  [0x13a0, 0x13ff],
  [0x1c80, 0x1cbf],
  [0x1e00, 0x218f],
  [0x24b6, 0x24e9],
  [0x2c00, 0x2d2f],
  [0xa640, 0xa7ff],
  [0xab30, 0xabbf],
  [0xff21, 0xff5a],
];

const SPACES = [0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff];

let folding: Folding | null = null;

/** Gives the tables of folding, which are built when they are first asked for. */
export function toFolding(): Folding {
  folding ??= createFolding();
  return folding;
}

function createFolding(): Folding {
  const unit = new Uint16Array(0x10000);
  const word = new Uint8Array(0x10000);
  for (let c = 0; c < 0x10000; c += 1) unit[c] = c;
  for (let c = 0x41; c <= 0x5a; c += 1) unit[c] = c + 0x20;
  for (const [from, to] of CASED) {
    for (let c = from; c <= to; c += 1) {
      const lower = String.fromCharCode(c).toLowerCase();
      if (lower.length === 1) unit[c] = lower.charCodeAt(0);
    }
  }
  for (const [from, to] of DECOMPOSED) {
    for (let c = from; c <= to; c += 1) unit[c] = toAscii(String.fromCharCode(c)) ?? unit[c] ?? c;
  }
  unit.fill(SPACE, 0x09, 0x0e);
  unit.fill(SPACE, 0x2000, 0x200b);
  for (const c of SPACES) unit[c] = SPACE;
  for (const [from, to] of INVISIBLE) unit.fill(SKIP, from, to + 1);
  for (let i = 0; i < LOOKALIKES.length; i += 2)
    unit[LOOKALIKES.charCodeAt(i)] = LOOKALIKES.charCodeAt(i + 1);
  for (const high of [0xd82f, 0xd834, 0xd835, 0xd83c, 0xdb40, 0xdb41, 0xdb42, 0xdb43]) unit[high] = PAIR;
  for (let c = 0x30; c < 0x2e80; c += 1) if (/[\p{L}\p{N}_]/u.test(String.fromCharCode(c))) word[c] = 1;
  for (let c = 0; c < 0x10000; c += 1) {
    const folded = unit[c] ?? SKIP;
    if (folded < 0x80 && word[folded] === 1) word[c] = 1;
  }
  return { unit, word };
}

/** Folds a surrogate pair: mathematical and enclosed letters to the plain one, tags to the character that they hide. */
export function foldPair(high: number, low: number): number {
  if (low < 0xdc00 || low > 0xdfff) return OTHER;
  const point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  if (point >= 0xe0000 && point <= 0xe007f) return isTagCharacter(point) ? toLower(point - 0xe0000) : SKIP;
  // Ignored by default, as Unicode has it (DerivedCoreProperties.txt): selectors, formats, and what is kept free for such.
  if (point >= 0xe0080 && point <= 0xe0fff) return SKIP;
  if ((point >= 0x1bca0 && point <= 0x1bca3) || (point >= 0x1d173 && point <= 0x1d17a)) return SKIP;
  if (point >= 0x1d400 && point <= 0x1d7ff) return toAscii(String.fromCodePoint(point)) ?? OTHER;
  // Squared and circled capitals have no decomposition of their own.
  if (point >= 0x1f130 && point <= 0x1f189 && (point - 0x1f130) % 32 < 26)
    return 0x61 + ((point - 0x1f130) % 32);
  if (point >= 0x1f1e6 && point <= 0x1f1ff) return 0x61 + point - 0x1f1e6;
  return OTHER;
}

/** Folds a plain text as the automaton reads it: runs of white space as one space, trimmed. */
export function foldText(text: string): string {
  const { unit } = toFolding();
  let out = "";
  for (let i = 0; i < text.length; i += 1) {
    const folded = unit[text.charCodeAt(i)] ?? SKIP;
    if (folded === SPACE && (out === "" || out.endsWith(" "))) continue;
    out += String.fromCharCode(folded);
  }
  return out.trimEnd();
}

function isTagCharacter(point: number): boolean {
  return point >= 0xe0020 && point <= 0xe007e;
}

function toLower(unit: number): number {
  return unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit;
}

function toAscii(character: string): number | null {
  const base = character.normalize("NFKD").replaceAll(/[\u0300-\u036f]/g, "");
  if (base.length !== 1 || base.charCodeAt(0) >= 0x80) return null;
  return toLower(base.charCodeAt(0));
}
