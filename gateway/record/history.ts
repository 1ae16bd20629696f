// Digests the history that a request carries, so that the next turn finds the requests before it.
import type { Caller } from "../exchange.ts";

/** An item of the history that a request carries. */
export type HistoryItem = {
  /** The item's keyed hash. */
  readonly hash: string;
  /** The model wrote it: an assistant's message, a call, reasoning. What stood before it was a whole request. */
  readonly fromModel: boolean;
};

export type History = {
  /** The digest of all items, null where there are none. */
  readonly whole: string | null;
  /** The digests of earlier requests, shortest first; written out when asked for. */
  readonly earlier: { readonly count: number; at(index: number): string };
};

const LANES = 4;

/**
 * Digests the whole history, and each earlier part of it that was a request: one that ends where the model's next
 * items begin. The caller is part of each digest, so histories never meet across callers. The mixing (after MurmurHash3)
 * is not a cryptographic one: its input is keyed hashes, and a collision would only join two sessions of one caller.
 */
export function digestHistory(
  caller: Pick<Caller, "tenant" | "issuer" | "subject">,
  items: readonly HistoryItem[],
): History {
  const state = Uint32Array.of(0x9747b28c, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f);
  mix(state, JSON.stringify([caller.tenant, caller.issuer, caller.subject]));
  const cuts: number[] = [];
  let previousFromModel = true;
  for (const { hash, fromModel } of items) {
    if (fromModel && !previousFromModel)
      cuts.push(state[0] ?? 0, state[1] ?? 0, state[2] ?? 0, state[3] ?? 0);
    previousFromModel = fromModel;
    mix(state, hash);
  }
  return {
    whole: items.length === 0 ? null : toText([...state]),
    earlier: {
      count: cuts.length / LANES,
      at: (index) => toText(cuts.slice(index * LANES, (index + 1) * LANES)),
    },
  };
}

/** Mixes a text into the four lanes: four characters at a time, lane by lane, then each lane into the next. */
function mix(state: Uint32Array, text: string): void {
  let lane = 0;
  for (let at = 0; at < text.length; at += 4) {
    const word =
      text.charCodeAt(at) ^
      (text.charCodeAt(at + 1) << 8) ^
      (text.charCodeAt(at + 2) << 16) ^
      (text.charCodeAt(at + 3) << 24);
    const scrambled = Math.imul(word, 0xcc9e2d51);
    const mixed = (state[lane] ?? 0) ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
    state[lane] = Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64;
    lane = (lane + 1) % LANES;
  }
  const [a = 0, b = 0, c = 0, d = 0] = state;
  state[0] = a + b + text.length;
  state[1] = b + c;
  state[2] = c + d;
  state[3] = d + a;
}

function toText(lanes: readonly number[]): string {
  return lanes.map((lane) => lane.toString(16).padStart(8, "0")).join("");
}
