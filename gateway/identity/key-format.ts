// The form of our keys: a prefix, 33 random characters of base62 (196 bits), and a checksum that tells a typing error.
import { hash as digest, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PREFIX = "tg_";
/** The clients take nothing but what begins with `ek_` for a client secret. */
const SECRET_PREFIX = "ek_tg_";
const ACCESS_PREFIX = "tg_at_";
const REFRESH_PREFIX = "tg_rt_";
const SESSION_PREFIX = "tg_cs_";
const LINK_PREFIX = "tg_cl_";
const RANDOM_LENGTH = 33;
const CHECKSUM_LENGTH = 6;
const KEY = new RegExp(`^tg_[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);
const SECRET = new RegExp(`^ek_tg_[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);
const ACCESS = new RegExp(`^tg_at_[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);
const SESSION = new RegExp(`^tg_cs_[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);
const LINK = new RegExp(`^tg_cl_[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);
const REFRESH = new RegExp(`^tg_rt_[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);

/** Makes a key. It is shown once and never stored. */
export function createKeyText(): string {
  return createText(PREFIX);
}

/** Makes a client secret. It is shown once and never stored. */
export function createClientSecretText(): string {
  return createText(SECRET_PREFIX);
}

/** Makes a short-lived token. It is shown once and never stored. */
export function createAccessText(): string {
  return createText(ACCESS_PREFIX);
}

/** Makes a refresh token. It is shown once and never stored. */
export function createRefreshText(): string {
  return createText(REFRESH_PREFIX);
}

/** Makes what a browser holds of a session in the console. */
export function createSessionText(): string {
  return createText(SESSION_PREFIX);
}

/** Makes the secret of a one-time link. It is shown once and never stored. */
export function createLinkText(): string {
  return createText(LINK_PREFIX);
}

/** Says whether a text is meant as any credential of ours, though it be mistyped: nobody else is shown it. */
export function isOurs(text: string): boolean {
  return text.startsWith(PREFIX) || text.startsWith(SECRET_PREFIX);
}

/** Says whether a text is a short-lived token of ours, as of a key. */
export function isAccessText(text: string): boolean {
  return ACCESS.test(text) && isWhole(text);
}

/** Says whether a text is a refresh token of ours, as of a key. */
export function isRefreshText(text: string): boolean {
  return REFRESH.test(text) && isWhole(text);
}

/** Says whether a text is a key of ours, typed without error; whether it was ever issued, the database knows. */
export function isKeyText(text: string): boolean {
  return KEY.test(text) && isWhole(text);
}

/** Says whether a text is what a browser holds of a session, as of a key. */
export function isSessionText(text: string): boolean {
  return SESSION.test(text) && isWhole(text);
}

/** Says whether a text is the secret of a one-time link, as of a key. */
export function isLinkText(text: string): boolean {
  return LINK.test(text) && isWhole(text);
}

/** Says whether a text is a client secret of ours, as of a key. */
export function isClientSecretText(text: string): boolean {
  return SECRET.test(text) && isWhole(text);
}

function createText(prefix: string): string {
  let body = prefix;
  while (body.length < prefix.length + RANDOM_LENGTH) {
    for (const byte of randomBytes(48)) {
      // 248 is the greatest multiple of 62 in a byte: what is above would favour some characters.
      if (byte < 248 && body.length < prefix.length + RANDOM_LENGTH) body += ALPHABET.charAt(byte % 62);
    }
  }
  return body + toChecksum(body);
}

function isWhole(text: string): boolean {
  return toChecksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH);
}

/** Gives what is stored of a key. It has 196 random bits, so a plain digest can't be searched. */
export function hashKey(key: string): Buffer {
  return digest("sha256", key, "buffer");
}

/** Gives what people may see of a key. */
export function toHint(key: string): string {
  return `${PREFIX}…${key.slice(-4)}`;
}

function toChecksum(body: string): string {
  let rest = crc32(body);
  let text = "";
  for (let index = 0; index < CHECKSUM_LENGTH; index += 1) {
    text = ALPHABET.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}
