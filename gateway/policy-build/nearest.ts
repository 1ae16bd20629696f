// Finds what somebody may have meant by a misspelt word.

/** Gives the word with the fewest letters added, dropped or changed: at most a third of its own, or two. Null without one. */
export function toNearest(wrong: string, words: Iterable<string>): string | null {
  let best: string | null = null;
  // Of a short word two letters are all.
  let least = Math.min(Math.max(2, Math.floor(wrong.length / 3)), wrong.length - 1) + 1;
  for (const word of words) {
    const far = toDistance(wrong, word);
    if (far >= least) continue;
    [best, least] = [word, far];
  }
  return best;
}

function toDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      line.push(Math.min((line[column - 1] ?? 0) + 1, (above[column] ?? 0) + 1, changed));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
