// How addresses and keys of currencies are written, each code once: with its check sum, the cheap tests first.
import { hash } from "node:crypto";
import { keccak256 } from "./keccak.ts";

/** What a run is; a function where all fits but the check sum, which takes time: it says whether that does too. */
export type Verdict = "valid" | "none" | (() => boolean);

const BITCOIN = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** https://xrpl.org/docs/references/protocol/data-types/base58-encodings */
export const RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

const NONE = 0xff;
const valuesOf = new Map<string, Uint8Array>();

/** Gives the values of an alphabet's characters by their codes; `NONE` where there is none. */
function toValues(alphabet: string): Uint8Array {
  let values = valuesOf.get(alphabet);
  if (values === undefined) {
    values = new Uint8Array(128).fill(NONE);
    for (let value = 0; value < alphabet.length; value += 1) values[alphabet.charCodeAt(value)] = value;
    valuesOf.set(alphabet, values);
  }
  return values;
}

/** Gives the number that letters and digits of base 58 are, in so many bytes; null where they are none or more. */
function decodeBase58(text: string, size: number, alphabet = BITCOIN): Uint8Array | null {
  const values = toValues(alphabet);
  const bytes = new Uint8Array(size);
  let used = 0;
  for (let at = 0; at < text.length; at += 1) {
    let carry = values[text.charCodeAt(at)] ?? NONE;
    if (carry === NONE) return null;
    let place = 0;
    for (; place < used || carry > 0; place += 1) {
      if (place === size) return null;
      carry += (bytes[size - 1 - place] ?? 0) * 58;
      bytes[size - 1 - place] = carry & 0xff;
      carry >>= 8;
    }
    used = place;
  }
  // A leading zero byte is one leading character, no more and no less.
  let zeros = 0;
  while (zeros < text.length && text.charAt(zeros) === alphabet.charAt(0)) zeros += 1;
  return used === size - zeros ? bytes : null;
}

/** Checks Base58Check: a version, so many bytes in all, and four bytes of a double SHA-256. */
export function checkBase58(
  run: string,
  versions: readonly string[],
  sizes: readonly number[],
  alphabet = BITCOIN,
): Verdict {
  for (const size of sizes) {
    const bytes = decodeBase58(run, size + 4, alphabet);
    if (bytes === null) continue;
    const text = Buffer.from(bytes.buffer).toString("hex", 0, 4);
    if (!versions.some((version) => text.startsWith(version))) continue;
    return () => {
      const digest = hash("sha256", hash("sha256", bytes.subarray(0, size), "buffer"), "buffer");
      return digest.subarray(0, 4).equals(bytes.subarray(size));
    };
  }
  return "none";
}

/** Checks nothing but that letters and digits of base 58 make so many bytes, and are of both cases with a digit. */
export function checkBareBase58(run: string, size: number): Verdict {
  if (!/\d/.test(run) || !/[a-z]/.test(run) || !/[A-Z]/.test(run)) return "none";
  return decodeBase58(run, size) === null ? "none" : "valid";
}

const CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BECH32 = 1;
const BECH32M = 0x2bc830a3;
const CHECKSUM = 6;
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** Gives the remainder of Bech32's code (BIP 173) over a prefix and the characters after it; -1 where one is none. */
function bech32Rest(prefix: string, data: string): number {
  let rest = 1;
  const add = (value: number): void => {
    const top = rest >>> 25;
    rest = ((rest & 0x1ffffff) << 5) ^ value;
    for (let bit = 0; bit < 5; bit += 1) if (((top >> bit) & 1) === 1) rest ^= GENERATORS[bit] ?? 0;
  };
  for (let at = 0; at < prefix.length; at += 1) add(prefix.charCodeAt(at) >> 5);
  add(0);
  for (let at = 0; at < prefix.length; at += 1) add(prefix.charCodeAt(at) & 31);
  const values = toValues(CHARSET);
  for (let at = 0; at < data.length; at += 1) {
    const value = values[data.charCodeAt(at)] ?? NONE;
    if (value === NONE) return -1;
    add(value);
  }
  return rest;
}

/** Gives what stands behind `prefix` and `1`, in small letters; null where the run is of both cases or begins else. */
function readBech32(run: string, prefix: string): string | null {
  const lower = run.toLowerCase();
  if ((run !== lower && run !== run.toUpperCase()) || !lower.startsWith(`${prefix}1`)) return null;
  return lower.slice(prefix.length + 1);
}

/** Checks Bech32 (BIP 173). */
export function checkBech32(run: string, prefix: string): Verdict {
  const data = readBech32(run, prefix);
  return data !== null && data.length > CHECKSUM && bech32Rest(prefix, data) === BECH32 ? "valid" : "none";
}

/** Checks an address of segregated witness: Bech32 for version 0 (BIP 173), Bech32m for those after it (BIP 350). */
export function checkSegwit(run: string, prefix: string): Verdict {
  const data = readBech32(run, prefix);
  if (data === null || data.length <= CHECKSUM + 1) return "none";
  const version = CHARSET.indexOf(data.charAt(0));
  const bytes = Math.floor(((data.length - CHECKSUM - 1) * 5) / 8);
  if (version < 0 || version > 16 || bytes < 2 || bytes > 40) return "none";
  if (version === 0 && bytes !== 20 && bytes !== 32) return "none";
  return bech32Rest(prefix, data) === (version === 0 ? BECH32 : BECH32M) ? "valid" : "none";
}

/** The generators of CashAddr's code in two halves: 8 bits and 32. */
const CASH_HIGH = [0x98, 0x79, 0xf3, 0xae, 0x1e];
const CASH_LOW = [0xf2bc8e61, 0xb76d99e2, 0x3e5fb3c4, 0x2eabe2a8, 0x4f43e470];

/** Checks CashAddr: 40 bits over the prefix, written or not, and the characters after it. */
export function checkCash(run: string, prefix: string): Verdict {
  const lower = run.toLowerCase();
  if (run !== lower && run !== run.toUpperCase()) return "none";
  const values = toValues(CHARSET);
  for (let at = 0; at < lower.length; at += 1) if (values[lower.charCodeAt(at)] === NONE) return "none";
  return () => isCash(values, lower, prefix);
}

function isCash(values: Uint8Array, data: string, prefix: string): boolean {
  let high = 0;
  let low = 1;
  const add = (value: number): void => {
    const top = high >> 3;
    high = ((high & 7) << 5) | (low >>> 27);
    low = (low << 5) ^ value;
    for (let bit = 0; bit < 5; bit += 1) {
      if (((top >> bit) & 1) === 0) continue;
      high ^= CASH_HIGH[bit] ?? 0;
      low ^= CASH_LOW[bit] ?? 0;
    }
  };
  for (let at = 0; at < prefix.length; at += 1) add(prefix.charCodeAt(at) & 31);
  add(0);
  for (let at = 0; at < data.length; at += 1) add(values[data.charCodeAt(at)] ?? 0);
  return high === 0 && low === 1;
}

/** Checks EIP-55: the case of 40 hexadecimal digits says what their digest is. */
export function checkEvm(run: string): Verdict {
  if (!/^0x[0-9a-fA-F]{40}$/.test(run)) return "none";
  const digits = run.slice(2);
  const lower = digits.toLowerCase();
  if (digits === lower || digits === digits.toUpperCase()) return "none";
  return () => hasDigestInCase(digits, lower);
}

function hasDigestInCase(digits: string, lower: string): boolean {
  const digest = keccak256(Buffer.from(lower, "latin1"));
  for (let at = 0; at < 40; at += 1) {
    const nibble = ((digest[at >> 1] ?? 0) >> (at % 2 === 0 ? 4 : 0)) & 15;
    const c = lower.charAt(at);
    if (digits.charAt(at) !== (nibble > 7 ? c.toUpperCase() : c)) return false;
  }
  return true;
}

/** Eleven characters are eight bytes; what is left at the end is shorter. */
const MONERO_BLOCK = 11;
const MONERO_SIZES: readonly number[] = [0, -1, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8];

/** Checks an address of Monero: its version, and four bytes of a digest. */
export function checkMonero(run: string, versions: readonly number[]): Verdict {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < run.length; at += MONERO_BLOCK) {
    const block = run.slice(at, at + MONERO_BLOCK);
    const bytes = decodePadded(block, MONERO_SIZES[block.length] ?? -1);
    if (bytes === null || (at === 0 && !versions.includes(bytes[0] ?? 0))) return "none";
    parts.push(bytes);
  }
  return () => {
    const all = Buffer.concat(parts);
    return all.subarray(-4).equals(keccak256(all.subarray(0, -4)).subarray(0, 4));
  };
}

/** Gives a block's bytes, whose size is known, so that leading characters for zero say nothing. */
function decodePadded(block: string, size: number): Uint8Array | null {
  if (size < 0) return null;
  const values = toValues(BITCOIN);
  const bytes = new Uint8Array(size);
  for (let at = 0; at < block.length; at += 1) {
    let carry = values[block.charCodeAt(at)] ?? NONE;
    if (carry === NONE) return null;
    for (let place = size - 1; place >= 0; place -= 1) {
      carry += (bytes[place] ?? 0) * 58;
      bytes[place] = carry & 0xff;
      carry >>= 8;
    }
    if (carry > 0) return null;
  }
  return bytes;
}
