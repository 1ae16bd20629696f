// What the address of a link or an image carries: a place for data, or data.

export type AddressSignal = "image_placeholder" | "link_placeholder" | "image_data";

/** A value that is longer and has nothing but these is no name, size or colour. */
const LEAST_OPAQUE = 64;

/** Judges an address in lower case, of at most some hundred characters; null where it carries nothing. */
export function judgeAddress(address: string, isImage: boolean): AddressSignal | null {
  const query = findQuery(address);
  if (hasPlaceholder(isImage ? withoutHost(address) : query))
    return isImage ? "image_placeholder" : "link_placeholder";
  if (!isImage || query === "") return null;
  return query.endsWith("=") || hasOpaque(query) ? "image_data" : null;
}

function findQuery(address: string): string {
  const at = address.search(/[?#]/);
  return at === -1 ? "" : address.slice(at + 1);
}

function withoutHost(address: string): string {
  const at = address.indexOf("//");
  const slash = at === -1 ? -1 : address.indexOf("/", at + 2);
  const query = address.indexOf("?");
  const from = slash === -1 ? query : query === -1 ? slash : Math.min(slash, query);
  return from === -1 ? "" : address.slice(from);
}

/** `{x}`, `[x]`, `<x>`, `$x`, `%s`, or words that say what to put there. */
function hasPlaceholder(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charAt(i);
    const next = text.charCodeAt(i + 1);
    if ((c === "{" || c === "[" || c === "<") && isLetterOrOpen(next)) return true;
    if (c === "$" && isLetterOrOpen(next)) return true;
    if (c === "%" && text.charAt(i + 1) === "s" && !isWord(text.charCodeAt(i + 2))) return true;
  }
  return WORDED.some((word) => text.includes(word));
}

const WORDED: readonly string[] = [
  "=insert_",
  "=insert-",
  "=insert ",
  "=your_",
  "=your-",
  "=secret_here",
  "=data_here",
  "=conversation_here",
];

function isLetterOrOpen(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || c > 0x7f || c === 0x7b;
}

function isWord(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
}

function hasOpaque(query: string): boolean {
  let length = 0;
  for (let i = 0; i < query.length; i += 1) {
    const c = query.charCodeAt(i);
    const belongs = isWord(c) || c === 0x2b || c === 0x2f || c === 0x2d || c === 0x5f;
    length = belongs ? length + 1 : 0;
    if (length >= LEAST_OPAQUE) return true;
  }
  return false;
}
