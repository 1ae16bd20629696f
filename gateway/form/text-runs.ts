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

/** Begins at a file's beginning; with `isPart` anywhere in one that is packed. */
export function createTextRuns(isPart = false): TextRuns {
  let least: number | null = isPart ? LEAST_PACKED : null;
  const narrow = createRun();
  const wide = createRun();
  /** A zero that may stand beside a character of two bytes. */
  let isAfterZero = false;

  return {
    get open() {
      return { narrow: narrow.open, wide: wide.open };
    },
    push(bytes) {
      least ??= isPacked(bytes) ? LEAST_PACKED : LEAST;
      for (const byte of bytes) {
        const isText = (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
        if (isText) {
          if (!isAfterZero) wide.close();
          narrow.add(byte, least);
          wide.add(byte, least);
        } else {
          narrow.close();
          if (byte !== 0 || isAfterZero) wide.close();
        }
        isAfterZero = byte === 0;
      }
      return { narrow: narrow.take(), wide: wide.take() };
    },
  };
}

function isPacked(bytes: Buffer): boolean {
  const head = bytes.toString("latin1", 0, 16);
  return PACKED.some(([at, begin]) => head.startsWith(begin, at));
}

function createRun() {
  /** The run's beginning, as long as it is too short. */
  let begun = "";
  let isLong = false;
  let length = 0;
  let out = "";
  return {
    get open(): OpenRun {
      return { length, isLong };
    },
    add(byte: number, least: number): void {
      length += 1;
      if (isLong) out += String.fromCharCode(byte);
      else {
        begun += String.fromCharCode(byte);
        isLong = begun.length >= least;
        if (isLong) out += begun;
      }
    },
    close(): void {
      if (isLong) out += "\n";
      begun = "";
      isLong = false;
      length = 0;
    },
    take(): string {
      const taken = out;
      out = "";
      return taken;
    },
  };
}
