// Cuts texts into the pieces that a stream carries, and counts the simulated tokens.

/** Gives the number of simulated tokens of a text: one for four bytes of UTF-8. */
export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** Cuts a text into words with the space before them; what has no space is cut every 64 characters. */
export function wordPieces(text: string): readonly string[] {
  return text.match(/\s*\S{1,64}|\s+$/gu) ?? [];
}

/** Cuts a text into pieces of a few characters, as tool arguments arrive. */
export function shortPieces(text: string): readonly string[] {
  return text.match(/[^]{1,12}/gu) ?? [];
}

/** Cuts a text off after so many simulated tokens, never inside a character. */
export function cutToTokens(text: string, tokens: number): string {
  const bytes = Buffer.from(text).subarray(0, tokens * 4);
  return new TextDecoder("utf-8", { fatal: false }).decode(bytes).replace(/\uFFFD+$/u, "");
}
