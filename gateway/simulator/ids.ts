// Makes ids that say which answer and position they belong to, so that any simulator can check them without a store.
import { createHash, randomBytes } from "node:crypto";

/** What an id of the simulator says. */
export type IdParts = {
  /** With its separator: `resp_`, `msg_`, `chatcmpl-`. */
  readonly prefix: string;
  /** Shared by all ids of one answer. */
  readonly nonce: string;
  /** Position of the item in the answer's output. */
  readonly index: number;
  /** The item follows a reasoning item, without which it may not be sent back. */
  readonly afterReasoning: boolean;
};

/** Makes one nonce an answer: random, or a count below a fixed seed so that a run can be repeated. */
export function createNonceSource(seed: string | null): () => string {
  let count = 0;
  return () => {
    count += 1;
    if (seed === null) return randomBytes(12).toString("hex");
    return createHash("sha256").update(`${seed}:${count}`).digest("hex").slice(0, 24);
  };
}

/** Writes an id: prefix, nonce, position and check digits. */
export function makeId(prefix: string, nonce: string, index = 0, afterReasoning = false): string {
  const position = (afterReasoning ? "1" : "0") + index.toString(16).padStart(3, "0");
  return prefix + nonce + position + checkDigits(prefix, nonce, position);
}

/** Reads an id back; null where no simulator issued it. */
export function readId(id: string): IdParts | null {
  const match = /^([a-z]+[_-])([0-9a-f]{24})([01][0-9a-f]{3})([0-9a-f]{20})$/.exec(id);
  if (match === null) return null;
  const [, prefix = "", nonce = "", position = "", digits = ""] = match;
  if (checkDigits(prefix, nonce, position) !== digits) return null;
  return {
    prefix,
    nonce,
    index: Number.parseInt(position.slice(1), 16),
    afterReasoning: position[0] === "1",
  };
}

function checkDigits(prefix: string, nonce: string, position: string): string {
  return createHash("sha256").update(`simulated ${prefix}${nonce}${position}`).digest("hex").slice(0, 20);
}
