// Finds what can be read within bytes that are no text: runs of ASCII characters, alone or with a zero beside each.

/** Texts within bytes that come in pieces. */
export type TextRuns = {
  /** Gives what can be read in the next bytes, runs apart from each other by line breaks: each character a byte, or two (UTF-16). */
  push(bytes: Buffer): { readonly narrow: string; readonly wide: string };
  /** The runs that the bytes so far end in. */
  readonly open: { readonly narrow: OpenRun; readonly wide: OpenRun };
};

/** A run that may go on: how many characters it has, and whether it is one already. */
export type OpenRun = { readonly length: number; readonly isLong: boolean };

/** Shorter runs stand in any bytes by chance; between packed bytes, of which there are many, longer ones too. */
const LEAST = 8;
const LEAST_PACKED = 32;

/** How packed formats begin: pictures, sound, films and archives. */
const PACKED: readonly (readonly [at: number, bytes: string])[] = [
  [0, "\x89PNG"],
  [0, "\xff\xd8\xff"],
  [0, "GIF8"],
  [0, "RIFF"],
  [0, "OggS"],
  [0, "fLaC"],
  [0, "ID3"],
  [0, "\xff\xfb"],
  [0, "PK\x03\x04"],
  [0, "\x1f\x8b"],
  [0, "BZh"],
  [0, "\xfd7zXZ"],
  [0, "7z\xbc\xaf"],
  [0, "\x28\xb5\x2f\xfd"],
  [0, "\x1a\x45\xdf\xa3"],
  [4, "ftyp"],
];

/** Which bytes are characters of runs. */
const IS_TEXT = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d ? 1 : 0,
);

/** Begins at a file's beginning; with `isPart` anywhere in one that is packed. */
export function createTextRuns(isPart = false): TextRuns {
  let least: number | null = isPart ? LEAST_PACKED : null;
  const narrow = createRun(1);
  const wide = createRun(2);
  /** A zero that may stand beside a character of two bytes. */
  let isAfterZero = false;

  return {
    get open() {
      return { narrow: narrow.open, wide: wide.open };
    },
    push(bytes) {
      least ??= isPacked(bytes) ? LEAST_PACKED : LEAST;
      // Every byte of a file comes by here: two numbers, and a call where a run is over.
      let inNarrow = narrow.open.length;
      let inWide = wide.open.length;
      let narrowFrom = 0;
      let wideFrom = -1;
      for (let at = 0; at < bytes.length; at += 1) {
        const byte = bytes[at] ?? 0;
        const isText = IS_TEXT[byte] === 1;
        if (inWide > 0 && (isText ? !isAfterZero : byte !== 0 || isAfterZero)) {
          wide.close(bytes, wideFrom, at, inWide >= least);
          inWide = 0;
        }
        if (isText) {
          if (inNarrow === 0) narrowFrom = at;
          if (inWide === 0 || wideFrom < 0) wideFrom = at;
          inNarrow += 1;
          inWide += 1;
        } else if (inNarrow > 0) {
          narrow.close(bytes, narrowFrom, at, inNarrow >= least);
          inNarrow = 0;
        }
        isAfterZero = byte === 0;
      }
      narrow.keep(bytes, narrowFrom, inNarrow, inNarrow >= least);
      wide.keep(bytes, wideFrom, inWide, inWide >= least);
      return { narrow: narrow.take(), wide: wide.take() };
    },
  };
}

function isPacked(bytes: Buffer): boolean {
  const head = bytes.toString("latin1", 0, 16);
  return PACKED.some(([at, begin]) => head.startsWith(begin, at));
}

/** The runs of one width; `step`: how many bytes a character has. */
function createRun(step: 1 | 2) {
  /** What earlier bytes had of the run that is open, as long as it is too short. */
  let begun = "";
  let open: OpenRun = { length: 0, isLong: false };
  let out = "";

  function read(bytes: Buffer, from: number, end: number): string {
    if (step === 1) return bytes.toString("latin1", from, end);
    let text = "";
    for (let at = from; at >= 0 && at < end; at += step) text += String.fromCharCode(bytes[at] ?? 0);
    return text;
  }

  return {
    get open() {
      return open;
    },
    /** Ends the run; of these bytes it has those from `from`, where that is none below zero, to `end`. */
    close(bytes: Buffer, from: number, end: number, isLong: boolean): void {
      if (isLong) out += `${begun}${read(bytes, from, end)}\n`;
      begun = "";
    },
    /** Leaves the run open at the end of the bytes. */
    keep(bytes: Buffer, from: number, length: number, isLong: boolean): void {
      if (length > 0) begun += read(bytes, from, bytes.length);
      if (isLong) {
        out += begun;
        begun = "";
      }
      open = { length, isLong };
    },
    take(): string {
      const taken = out;
      out = "";
      return taken;
    },
  };
}
