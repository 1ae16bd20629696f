// Reads addresses of networks: IPv4 and IPv6 (RFC 4291), and MAC addresses.
import { isIPv6 } from "node:net";
import { isMadeMac } from "../../stand-ins.ts";
import { isAlphanumeric, isDigit, isHex, isWord, waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";

const MAX_IPV6 = 45;
const LEAST_IPV6 = 6;
const MAC = 17;

/** Makes the reader of IPv6 and of MAC addresses with colons; its trigger is `:`. */
export function createColonReader(ip: Kind, mac: Kind): Reader {
  return (look: Look, at: number): boolean => {
    const { text } = look;
    if (at + 1 >= text.length) {
      if (look.isFinal) return true;
      return at > 0 && isHex(text.charCodeAt(at - 1))
        ? waitFrom(look, Math.max(0, at - 4))
        : waitFrom(look, at);
    }
    const next = text.charCodeAt(at + 1);
    if (!isHex(next) && next !== 0x3a) return true;
    let from = at;
    while (from > 0 && at - from < 5 && isHex(text.charCodeAt(from - 1))) from -= 1;
    if (at - from > 4 || (at === from && next !== 0x3a)) return true;
    if (from > 0 && isInside(text.charCodeAt(from - 1))) return true;
    let to = at;
    let colons = 0;
    while (to < text.length && to - from <= MAX_IPV6 && isOfAddress(text.charCodeAt(to))) {
      if (text.charCodeAt(to) === 0x3a) colons += 1;
      to += 1;
    }
    if (to >= text.length && !look.isFinal) return waitFrom(look, from);
    if (to < text.length && isWord(text.charCodeAt(to))) return true;
    if (colons < 2) return true;
    while (to > from && (text[to - 1] === "." || (text[to - 1] === ":" && text[to - 2] !== ":"))) to -= 1;
    const value = text.slice(from, to);
    if (isMadeMac(value)) return true;
    if (isMac(value, 0x3a)) look.add(mac, from, to);
    else if (value.length >= LEAST_IPV6 && /\d/.test(value) && isIPv6(value)) look.add(ip, from, to);
    return true;
  };
}

/** Makes the reader of MAC addresses with dashes; its trigger is `-`. */
export function createDashReader(mac: Kind): Reader {
  return (look: Look, at: number): boolean => {
    const { text } = look;
    const from = at - 2;
    if (from < 0 || !isHex(text.charCodeAt(from)) || !isHex(text.charCodeAt(from + 1))) return true;
    if (from > 0 && isInside(text.charCodeAt(from - 1))) return true;
    for (let i = at; i < from + MAC; i += 1) {
      if (i >= text.length) return look.isFinal ? true : waitFrom(look, from);
      if (!isMacCharacter(text.charCodeAt(i), i - from, 0x2d)) return true;
    }
    const to = from + MAC;
    if (to >= text.length && !look.isFinal) return waitFrom(look, from);
    if (to < text.length && isInside(text.charCodeAt(to))) return true;
    look.add(mac, from, to);
    return true;
  };
}

/**
 * Reads an IPv4 address that begins at `from`: gives its end, -1 where more text must come, -2 where there is none.
 */
export function readIpv4(text: string, from: number, isFinal: boolean): number {
  let i = from;
  for (let octet = 0; octet < 4; octet += 1) {
    let value = 0;
    const first = i;
    while (i < text.length && i - first < 3 && isDigit(text.charCodeAt(i))) {
      value = value * 10 + text.charCodeAt(i) - 0x30;
      i += 1;
    }
    if (i >= text.length && !isFinal) return -1;
    if (i === first || value > 255 || (i - first > 1 && text[first] === "0")) return -2;
    if (octet === 3) break;
    if (text[i] !== ".") return -2;
    i += 1;
  }
  if (i < text.length && isWord(text.charCodeAt(i))) return -2;
  if (text[i] === "." || text[i] === "-") {
    if (i + 1 >= text.length && !isFinal) return -1;
    if (isWord(text.charCodeAt(i + 1))) return -2;
  }
  return i;
}

/** Letters, digits, and what parts the groups of an address. */
function isInside(c: number): boolean {
  return isAlphanumeric(c) || c === 0x3a || c === 0x2e || c === 0x5f || c === 0x2d;
}

function isOfAddress(c: number): boolean {
  return isHex(c) || c === 0x3a || c === 0x2e;
}

function isMac(value: string, separator: number): boolean {
  if (value.length !== MAC) return false;
  for (let i = 0; i < MAC; i += 1) if (!isMacCharacter(value.charCodeAt(i), i, separator)) return false;
  return true;
}

function isMacCharacter(c: number, index: number, separator: number): boolean {
  return index % 3 === 2 ? c === separator : isHex(c);
}
