// The digest of Ethereum and Monero: Keccak-256 as it was before SHA-3 changed its padding, of texts of one block.
// https://keccak.team/keccak_specs_summary.html

/** A block holds so many bytes, of which the padding takes at least one. */
const RATE = 136;
const ROUNDS = 24;

type Tables = {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly turns: Uint8Array;
  readonly places: Uint8Array;
};

let tables: Tables | null = null;

/** Gives the constants of the rounds, by their shift register, how far each lane is turned, and where it goes. */
function toTables(): Tables {
  if (tables !== null) return tables;
  const low = new Int32Array(ROUNDS);
  const high = new Int32Array(ROUNDS);
  const turns = new Uint8Array(25);
  let register = 1;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let bit = 0; bit < 7; bit += 1) {
      const place = 2 ** bit - 1;
      if ((register & 1) === 1) {
        if (place < 32) low[round] = (low[round] ?? 0) | (1 << place);
        else high[round] = (high[round] ?? 0) | (1 << (place - 32));
      }
      register = (register << 1) ^ ((register >> 7) * 0x171);
    }
  }
  let x = 1;
  let y = 0;
  for (let step = 0; step < ROUNDS; step += 1) {
    turns[x + 5 * y] = (((step + 1) * (step + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  const places = turns.map((_, lane) => {
    const [column, row] = [lane % 5, Math.floor(lane / 5)];
    return (row + 5 * ((2 * column + 3 * row) % 5)) * 2;
  });
  tables = { low, high, turns, places };
  return tables;
}

/**
 * Gives the digest of fewer than 136 bytes.
 *
 * @returns 32 bytes
 */
export function keccak256(message: Uint8Array): Uint8Array {
  if (message.length >= RATE) throw new RangeError("The message is longer than one block.");
  const block = new Uint8Array(200);
  block.set(message);
  block[message.length] = 1;
  block[RATE - 1] = (block[RATE - 1] ?? 0) | 0x80;
  const lanes = new Int32Array(block.buffer);
  permute(lanes);
  return block.slice(0, 32);
}

const columns = new Int32Array(10);
const moved = new Int32Array(50);

/** Changes the state in place: lane `i` is the words `2i` (low) and `2i + 1` (high). */
function permute(state: Int32Array): void {
  const { low, high, turns, places } = toTables();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let word = 0; word < 10; word += 1) {
      columns[word] =
        (state[word] ?? 0) ^
        (state[word + 10] ?? 0) ^
        (state[word + 20] ?? 0) ^
        (state[word + 30] ?? 0) ^
        (state[word + 40] ?? 0);
    }
    let column = 0;
    for (let lane = 0; lane < 25; lane += 1) {
      const left = column === 0 ? 8 : column - 2;
      const right = column === 8 ? 0 : column + 2;
      const lowRight = columns[right] ?? 0;
      const highRight = columns[right + 1] ?? 0;
      const a = (state[2 * lane] ?? 0) ^ (columns[left] ?? 0) ^ ((lowRight << 1) | (highRight >>> 31));
      const b =
        (state[2 * lane + 1] ?? 0) ^ (columns[left + 1] ?? 0) ^ ((highRight << 1) | (lowRight >>> 31));
      column = right;
      const turn = turns[lane] ?? 0;
      const to = places[lane] ?? 0;
      const first = turn < 32 ? a : b;
      const second = turn < 32 ? b : a;
      const bits = turn & 31;
      moved[to] = bits === 0 ? first : (first << bits) | (second >>> (32 - bits));
      moved[to + 1] = bits === 0 ? second : (second << bits) | (first >>> (32 - bits));
    }
    for (let y = 0; y < 50; y += 10) {
      for (let x = 0; x < 10; x += 1) {
        const next = x < 8 ? x + 2 : x - 8;
        const afterNext = x < 6 ? x + 4 : x - 6;
        state[y + x] = (moved[y + x] ?? 0) ^ (~(moved[y + next] ?? 0) & (moved[y + afterNext] ?? 0));
      }
    }
    state[0] = (state[0] ?? 0) ^ (low[round] ?? 0);
    state[1] = (state[1] ?? 0) ^ (high[round] ?? 0);
  }
}
