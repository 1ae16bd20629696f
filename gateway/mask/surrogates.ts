// Surrogates: values of the same shape that nobody has, and that no detector takes for values.
import { createHmac } from "node:crypto";
import { toMadeEmail, toMadeMac } from "../stand-ins.ts";

/** Gives so many symbols of an alphabet, the same for the same value under the same key. */
type Draw = (count: number, alphabet: string) => string;
type Surrogate = (value: string, draw: (plain: string) => Draw) => string | null;

const DIGITS = "0123456789";
/** Without vowels no word comes about, and digits would begin numbers. */
const CONSONANTS = "bcdfghjklmnprstv";
const HEX_LETTERS = "abcdef";

/** ISO/IEC 7812 gives no issuer a number that begins with four zeros. */
const CARD_HEAD = "0000";
const CARD = /^\d(?:[ -]?\d){13,18}$/;
const IBAN = /^[A-Za-z]{2}\d{2}[A-Za-z\d -]{8,50}$/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV6 = /^[\da-f]{1,4}:[\da-f:]+$/i;
const MAC = /^(?:[\da-f]{2}[:-]){5}[\da-f]{2}$/i;
/** `+`, and groups of digits with what parts them. */
const ABROAD = /^\+\d[\d\s()./\u2011\u2013-]{6,}$/;
/** The form of North America, where it stands without its code. */
const AMERICAN = /^\(?[2-9]\d{2}(?:\) ?|[ ./-])[2-9]\d{2}[ .-]\d{4}$/;
/** Calling codes (ITU-T E.164) have one, two or three digits. */
const CODE = /^(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})/;
/** Plans in which a number may begin with a zero after the code. */
const ZERO_PLANS = new Set(["7", "39", "225", "229", "241", "242", "378"]);
const LEAST_NATIONAL = 7;

const SURROGATES: Readonly<Record<string, Surrogate>> = {
  email: toEmail,
  phone: toPhone,
  credit_card: toCard,
  bank_account: toIban,
  ip_address: toIp,
  mac_address: toMac,
};

/**
 * Gives a value of the same shape, the same for the same value within a tenant; null where there is none that is sure to be
 * nobody's.
 */
export function toSurrogate(ofClass: string, value: string, key: Buffer): string | null {
  const make = Object.hasOwn(SURROGATES, ofClass) ? SURROGATES[ofClass] : undefined;
  return make?.(value, (plain) => createDraw(`surrogate\0${ofClass}\0${plain}`, key)) ?? null;
}

function createDraw(seed: string, key: Buffer): Draw {
  const digest = createHmac("sha512", key).update(seed).digest();
  let at = 0;
  return (count, alphabet) => {
    let drawn = "";
    for (let i = 0; i < count; i += 1) {
      drawn += alphabet.charAt((digest[at % digest.length] ?? 0) % alphabet.length);
      at += 1;
    }
    return drawn;
  };
}

/** RFC 6761: no name under `.invalid` ever leads anywhere. */
function toEmail(value: string, open: (plain: string) => Draw): string | null {
  const at = value.lastIndexOf("@");
  if (at < 1) return null;
  const length = value.length <= 20 ? 10 : value.length <= 32 ? 14 : 18;
  return toMadeEmail(open(value.toLowerCase())(length, CONSONANTS));
}

/** After a calling code no number begins with two zeros but in a few plans, which have no surrogate. */
function toPhone(value: string, open: (plain: string) => Draw): string | null {
  if (/[a-z]/i.test(value)) return null;
  const written = AMERICAN.test(value) ? `+1 ${value}` : value.replace(/\(0\)/, " ");
  if (!ABROAD.test(written)) return null;
  const digits = written.replaceAll(/\D/g, "");
  const code = CODE.exec(digits)?.[0];
  if (code === undefined || ZERO_PLANS.has(code) || digits.length < code.length + LEAST_NATIONAL) return null;
  if (digits.length > 15) return null;
  const body = `${code}00${open(digits)(digits.length - code.length - 3, DIGITS)}`;
  // Dots: no number begins within such groups, and they are no hardware address.
  return `+${lay(written.slice(1), body + toWrongDigit(body), ".")}`;
}

function toCard(value: string, open: (plain: string) => Draw): string | null {
  if (!CARD.test(value)) return null;
  const digits = value.replaceAll(/\D/g, "");
  const body = CARD_HEAD + open(digits)(digits.length - CARD_HEAD.length - 1, DIGITS);
  return (body + toWrongDigit(body)).replaceAll(/.{4}(?=.)/g, "$&-");
}

/** Check digits of `00` are not given out (ISO 13616). */
function toIban(value: string, open: (plain: string) => Draw): string | null {
  if (!IBAN.test(value)) return null;
  const compact = value.replaceAll(/[ -]/g, "").toUpperCase();
  if (compact.length > 34) return null;
  const draw = open(compact);
  const body = compact
    .slice(4)
    // Digits behind a letter would begin numbers of their own.
    .replace(/[A-Z].*$/, (rest) => draw(rest.length, CONSONANTS).toUpperCase())
    .replaceAll(/\d/g, () => draw(1, DIGITS))
    .replaceAll(/.{1,4}/g, "-$&")
    // No card number begins with a zero.
    .replaceAll(/-\d/g, "-0");
  return `${compact.slice(0, 2)}00${body}`;
}

/**
 * Of IPv4 in 0.0.0.0/8, which is no host's (RFC 6890); of IPv6 in a000::/3 or c000::/3, which IANA gives to nobody
 * (RFC 4291), in letters alone.
 */
function toIp(value: string, open: (plain: string) => Draw): string | null {
  const draw = open(value.toLowerCase());
  if (IPV4.test(value)) {
    const octets = Array.from(draw(3, BYTES), (one) => one.charCodeAt(0));
    return `0.${octets.join(".")}`;
  }
  if (!IPV6.test(value)) return null;
  return draw(1, "abcd") + value.slice(1).replaceAll(/[\da-f]/gi, () => draw(1, HEX_LETTERS));
}

const BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));

function toMac(value: string, open: (plain: string) => Draw): string | null {
  if (!MAC.test(value)) return null;
  return toMadeMac(open(value.toLowerCase().replaceAll("-", ":"))(2, "0123456789ABCDEF"));
}

/** Lays digits into the groups of a written number. */
function lay(written: string, digits: string, separator: string): string {
  let at = 0;
  return written
    .replaceAll(/^\D+|\D+$/g, "")
    .replaceAll(/\D+/g, separator)
    .replaceAll(/\d/g, () => {
      at += 1;
      return digits.charAt(at - 1);
    });
}

/** Gives a digit after which Luhn's formula fails: the one after the right one. */
function toWrongDigit(body: string): string {
  let sum = 0;
  for (let i = 0; i < body.length; i += 1) {
    const digit = Number(body.charAt(body.length - 1 - i));
    const doubled = i % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return String((11 - (sum % 10)) % 10);
}
