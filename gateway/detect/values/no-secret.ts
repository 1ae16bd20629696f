// Tells from a value alone that it is no secret: a placeholder, a reference to where the secret is, a name or a word.
import { holdsStandIn, isMade } from "../../stand-ins.ts";

/** So much of a value is looked at. */
const MOST = 512;

/** Parts, between signs, that only placeholders have. */
const MARKERS = new Set(
  (
    "your yours example examples sample placeholder changeme change replaceme replace insert fake todo redacted " +
    "hidden masked removed omitted undefined null none xxxx yyyy zzzz foobar lorem ipsum mustermann beispiel exemple " +
    "ejemplo esempio exemplo voorbeeld"
  ).split(" "),
);
/** What no chance puts into a key, wherever in a value it stands. */
const CONTAINED =
  /example|placeholder|changeme|change[-_]me|replaceme|redacted|dummy|yourpass|yoursecret|yourtoken|yourkey|xxxxx|\*{4}|\.{4}|•{2}|#{5}|<%|%>|\{\{[\w.-]+[}|]|\$\{[A-Za-z_][\w.]*[:}(]|\$\([a-z]{2}[\w./-]*(?:\)|$)|#\{[a-z][\w.]*\}/i;
/** Words that, with nothing but small numbers beside them, describe a secret instead of being one. */
const FILLERS = new Set(
  (
    "a access account bar foo admin api apikey app auth bearer client credential credentials database db default demo dev " +
    "development enter field for get goes guest here id in is it jwt key keys local localhost login me my name new not " +
    "of old or pass passphrase passwd password passwort private prod production public put pwd read real refresh root " +
    "secret secrets service session set shared signing some staging string super test tests testing the this to " +
    "token tokens use user username value very webhook with"
  ).split(" "),
);
/** What secrets are read from. */
const ROOTS = new Set(
  (
    "process env environ environment os config conf cfg settings self this ctx context request req params props " +
    "state options opts args user data input body event secrets vars var local module vault system deno bun import " +
    "app credentials creds github inputs steps values each terraform aws azurerm google kubernetes"
  ).split(" "),
);

/** `$VAR`, `%VAR%`, `%(name)s`, `@VAR@`, `{var}`, `<var>`, `[var]`, `:var`, `****`. */
const VARIABLE =
  /^(?:\$[A-Z_]+\d{0,2}|\$(?:env:)?[a-z_]+|\$[a-z]+(?:[A-Z][a-z]+)+|%(?:[A-Z_]+|[a-z_]+)%|%\([a-z_]+\)[a-z]|@[A-Za-z_]+@|\{[A-Za-z_.-]*\}|<.*|\[[A-Za-z_.\s-]*\]|:[a-z_]+|[?*.#_xX•-]+)$/;
/** Values that a tool resolves or deciphers. */
const RESOLVED =
  /^(?:!(?:vault|secret|ref|sub|env|getatt|importvalue|join|select|reference|include)\b|env[(:]|enc\[|enc\(|\{cipher\}|vault:|op:\/\/|ref\+|ssm:|arn:|file:|https?:\/\/|data:|secretsmanager:|projects\/|urn:|keyvault|\.{1,2}\/[\w.-]+(?:\/|$)|~\/[\w.-]+(?:\/|$)|[a-z]:[\\/][\w.-]{3})/i;
/** A call or an element, perhaps cut off at a blank: `getPassword(user)`, `os.environ[`, `derive(secrets.key,`. */
const CALL = /^!?([A-Za-z_$#][\w$.?:#!]*)[([]/;
/** A regular expression, a flag of a command line, a number in a list. */
const CODE =
  /^(?:\/\^?\(?\[[^\]/]{1,40}\][+*?{)]|\/\^?(?:\(\?|\\[wdsb.])|--[a-z][a-z-]*(?:=|$)|-?\d+(?:\.\d+)?(?:[,)\]};]*$|,[a-z_]+:)|[A-Za-z_]{3,}\[\d{1,3}\]|[A-Za-z]-[A-Za-z]\d-\d)/;
/** Names of ciphers and digests hold numbers that say nothing. */
const ALGORITHM =
  /[xX]509|(?<![A-Za-z0-9])(?:sha|md|aes|rsa|utf|base|oauth|rs|hs|es|ps|ed)[-_]?\d{1,5}(?![A-Za-z0-9])|(?<![A-Za-z0-9])(?:o|cl|r|p)\d{2,3}k(?![A-Za-z0-9])/g;
const CASED = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g;

/**
 * Says that a value is a placeholder, a reference, a type, a path or a word, and so no secret. Of values that
 * are left to chance and hold a digit it takes fewer than 1 in 10,000 for one; with all signs, brackets and dollars
 * among them, fewer than 1 in 500. Linear in the value's length.
 */
export function isPlaceholder(value: string): boolean {
  const text = toAscii(value.length > MOST ? value.slice(0, MOST) : value);
  if (/^[A-Za-z][a-z]*$/.test(text)) return true;
  // What a variable falls back to, and what stands before the next parameter of a URL, decide alone.
  const part =
    /^\$\{[A-Za-z_]\w*:?-([^}]+)\}?$/.exec(text)?.[1] ?? /^([^&=]+)&[A-Za-z_]{3}[\w.-]*=/.exec(text)?.[1];
  if (part !== undefined) return part.length < 6 ? /^[A-Za-z]*$/.test(part) : isPlaceholder(part);
  if (holdsStandIn(text) || isMade(text)) return true;
  if (VARIABLE.test(text) || RESOLVED.test(text) || CONTAINED.test(text) || CODE.test(text)) return true;
  const name = CALL.exec(text)?.[1];
  if (name !== undefined && isName(name, /[)\]([{,;]$/.test(text))) return true;
  return isMonotonous(text) || isSequence(text) || isDescription(text) || isWords(text);
}

/** Writes letters beyond ASCII as ones of it, so that words of other languages are words. */
function toAscii(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  return text.replace(/\p{Lu}/gu, toCapital).replace(/\p{L}/gu, toSmall);
}

function toCapital(letter: string): string {
  return letter < "\x80" ? letter : "A";
}

function toSmall(letter: string): string {
  return letter < "\x80" ? letter : "a";
}

/** Hardly any different characters, or digits and signs alone: a number, a date, a version. */
function isMonotonous(text: string): boolean {
  if (/^[\d.,:/+_-]*$/.test(text)) return true;
  const most = text.length >= 16 ? 4 : 3;
  // Characters that were seen, at most as many as matter; small and capital letters are one.
  let seen = "";
  for (const character of text.toLowerCase()) {
    if (seen.includes(character)) continue;
    if (Array.from(seen).length === most) return false;
    seen += character;
  }
  return true;
}

const SEQUENCES = ["0123456789", "1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl"];
const LEAST_SEQUENCE = 4;

/** Runs of the alphabet, of digits or of keys beside one another make up half of it or more. */
function isSequence(text: string): boolean {
  const lower = text.toLowerCase();
  let covered = 0;
  let at = 0;
  while (at < lower.length) {
    let length = 0;
    for (const sequence of SEQUENCES) length = Math.max(length, runLength(lower, at, sequence));
    if (length >= LEAST_SEQUENCE) covered += length;
    at += length >= LEAST_SEQUENCE ? length : 1;
  }
  return covered >= 8 && covered * 2 >= lower.length;
}

function runLength(text: string, at: number, sequence: string): number {
  let index = sequence.indexOf(text.charAt(at));
  if (index === -1) return 0;
  // Most characters are not followed by their neighbour.
  if (text.charCodeAt(at + 1) !== sequence.charCodeAt(index + 1)) return 1;
  let length = 0;
  while (index < sequence.length && text.charAt(at + length) === sequence.charAt(index)) {
    length += 1;
    index += 1;
  }
  return length;
}

/** `your-api-key`, `my_secret_token_1`: a part that only placeholders have, or fillers and small numbers alone. */
function isDescription(text: string): boolean {
  const parts = text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== "");
  if (parts.some((part) => MARKERS.has(part))) return true;
  if (!/^[\w.-]+$/.test(text) || parts.length < 2) return false;
  return parts.every((part) => FILLERS.has(part) || /^\d{1,3}$/.test(part));
}

/** `dbPassword`, `refresh-token`, `settings.S3_SECRET`, `/etc/ssl/key.pem`, `string|null`: letters that read as words. */
function isWords(written: string): boolean {
  const text = written.replace(/\?\.|!\.|\.#|\.\*/g, ".").replace(ALGORITHM, "Sha");
  if (!/^[\w./:|,@*&?!()[\]{};$#-]+$/.test(text)) return false;
  const parts = text.split(/[^A-Za-z0-9]+/).filter((part) => part !== "");
  const first = parts[0];
  if (first === undefined) return true;
  // A sign such as `!` in the middle is a password's, at the end it is a sentence's or a program's.
  if (/[!*&?@()[\]{}$#]/.test(text.slice(text.indexOf(first), lastIndexOfWord(text)))) return false;
  const isPath =
    (text.startsWith("/") && text === text.toLowerCase()) ||
    (ROOTS.has(first.toLowerCase()) && text.charAt(first.length) === ".");
  const isKnownPath =
    parts.length > 1 && parts.some((part) => part.length > 2 && FILLERS.has(part.toLowerCase()));
  return parts.every(
    (part) =>
      isWord(part, parts.length > 1) || ((isPath || isKnownPath) && /^[A-Za-z]{0,7}\d{1,3}$/.test(part)),
  );
}

/** What is called: a path of names with few digits, or a name of words where the brackets or a known word say so. */
function isName(written: string, isClosed: boolean): boolean {
  const parts = written.split(/[^A-Za-z0-9]+/).filter((part) => part !== "");
  if (written.length < 4) return false;
  if (written.includes(".") && parts.length > 1) {
    return parts.every((part) => {
      const letters = part.replace(/\d{1,3}/, "");
      return isWord(letters, true) && (isClosed || part.length > 1);
    });
  }
  return parts.every((part) => isWord(part, true) && (isClosed || isKnown(part)));
}

function isKnown(part: string): boolean {
  return (part.match(CASED) ?? []).some((word) => {
    const lower = word.toLowerCase();
    return lower.length > 2 && (FILLERS.has(lower) || ROOTS.has(lower));
  });
}

/** Letters that change their case no more often than `camelCase` does, and have vowels where they are long. */
function isWord(part: string, hasOthers: boolean): boolean {
  if (!/^[A-Za-z]+$/.test(part)) return false;
  const cased = part.match(CASED) ?? [];
  if (cased.length === 1) return true;
  const least =
    hasOthers || cased.some((word) => FILLERS.has(word.toLowerCase()) && word.length > 2) ? 2.5 : 3.5;
  return (
    part.length / cased.length >= least && cased.every((word) => word.length < 4 || /[aeiouy]/i.test(word))
  );
}

function lastIndexOfWord(text: string): number {
  let last = text.length;
  while (last > 0 && !/[A-Za-z0-9]/.test(text.charAt(last - 1))) last -= 1;
  return last;
}
