// The Shannon entropy of short texts.

const counts = new Uint16Array(128);

/** Gives the entropy of a text in bits a character; what is not ASCII counts as one character. At most 1024 are read. */
export function toEntropy(text: string): number {
  counts.fill(0);
  const length = Math.min(text.length, 1024);
  for (let i = 0; i < length; i += 1) {
    const c = text.charCodeAt(i);
    const slot = c < 128 ? c : 127;
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  let sum = 0;
  for (const count of counts) if (count > 0) sum -= count * Math.log2(count / length);
  return length === 0 ? 0 : sum / length;
}
