// Offsets in characters, as other languages count them, as offsets in UTF-16 units.

/** Gives what turns ascending character offsets of a text into UTF-16 offsets; null past the text's end. */
export function createOffsets(text: string): (characters: number) => number | null {
  let at = 0;
  let seen = 0;
  return (characters) => {
    if (characters < seen) [at, seen] = [0, 0];
    for (; seen < characters; seen += 1) {
      if (at >= text.length) return null;
      const isPair =
        (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
      at += isPair ? 2 : 1;
    }
    return at;
  };
}
