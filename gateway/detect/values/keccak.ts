// The digest of Ethereum and Monero: Keccak-256 as it was before SHA-3 changed its padding, of texts of one block.
// https://keccak.team/keccak_specs_summary.html

/** A block holds so many bytes, of which the padding takes at least one. */
const RATE = 136;
const ROUNDS = 24;

type Tables = { readonly low: Uint32Array; readonly high: Uint32Array; readonly turns: Uint8Array };

let tables: Tables | null = null;

/** Gives the constants of the rounds, by their shift register, and how far each lane is turned. */
function toTables(): Tables {
  if (tables !== null) return tables;
  const low = new Uint32Array(ROUNDS);
  const high = new Uint32Array(ROUNDS);
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
  tables = { low, high, turns };
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
  const lanes = new Uint32Array(block.buffer);
  permute(lanes);
  return block.slice(0, 32);
}

/** Changes the state in place: lane `i` is the words `2i` (low) and `2i + 1` (high). */
function permute(state: Uint32Array): void {
  const { low, high, turns } = toTables();
  const columns = new Uint32Array(10);
  const moved = new Uint32Array(50);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let word = 0; word < 10; word += 1) {
      columns[word] =
        (state[word] ?? 0) ^
        (state[word + 10] ?? 0) ^
        (state[word + 20] ?? 0) ^
        (state[word + 30] ?? 0) ^
        (state[word + 40] ?? 0);
    }
    for (let x = 0; x < 5; x += 1) {
      const left = ((x + 4) % 5) * 2;
      const right = ((x + 1) % 5) * 2;
      const lowRight = columns[right] ?? 0;
      const highRight = columns[right + 1] ?? 0;
      const lowMix = (columns[left] ?? 0) ^ ((lowRight << 1) | (highRight >>> 31));
      const highMix = (columns[left + 1] ?? 0) ^ ((highRight << 1) | (lowRight >>> 31));
      for (let y = 0; y < 50; y += 10) {
        state[y + 2 * x] = (state[y + 2 * x] ?? 0) ^ lowMix;
        state[y + 2 * x + 1] = (state[y + 2 * x + 1] ?? 0) ^ highMix;
      }
    }
    for (let x = 0; x < 5; x += 1) {
      for (let y = 0; y < 5; y += 1) {
        const from = x + 5 * y;
        const to = (y + 5 * ((2 * x + 3 * y) % 5)) * 2;
        const turn = turns[from] ?? 0;
        const a = state[turn < 32 ? 2 * from : 2 * from + 1] ?? 0;
        const b = state[turn < 32 ? 2 * from + 1 : 2 * from] ?? 0;
        const bits = turn % 32;
        moved[to] = bits === 0 ? a : (a << bits) | (b >>> (32 - bits));
        moved[to + 1] = bits === 0 ? b : (b << bits) | (a >>> (32 - bits));
      }
    }
    for (let y = 0; y < 50; y += 10) {
      for (let x = 0; x < 10; x += 1) {
        state[y + x] =
          (moved[y + x] ?? 0) ^ (~(moved[y + ((x + 2) % 10)] ?? 0) & (moved[y + ((x + 4) % 10)] ?? 0));
      }
    }
    state[0] = (state[0] ?? 0) ^ (low[round] ?? 0);
    state[1] = (state[1] ?? 0) ^ (high[round] ?? 0);
  }
}
