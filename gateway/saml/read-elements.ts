// Reads the elements of an XML text before any parser sees it: a small, strict part of XML, so that no two parsers can read it
// differently. Linear in its length.
import { SamlRefusal } from "./refusal.ts";

/** One element: names without their prefixes, `text` without that of the elements in it. */
export type Element = {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly parent: Element | null;
  text: string;
};

/** What a text may measure. */
export type XmlLimits = { readonly chars: number; readonly elements: number };

const MOST_DEEP = 32;
const MOST_ATTRIBUTES = 64;

const NAME = String.raw`(?:[A-Za-z_][\w.\-]*:)?[A-Za-z_][\w.\-]*`;
const VALUE = String.raw`"[^"<]*"|'[^'<]*'`;
const TAG = String.raw`<(/?)(${NAME})((?:\s+${NAME}\s*=\s*(?:${VALUE}))*)\s*(/?)>`;
const ATTRIBUTE = String.raw`(${NAME})\s*=\s*(?:${VALUE})`;
const ENTITIES = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** Gives all elements, in the order in which they begin. Throws a `SamlRefusal` for whatever else XML knows. */
export function readElements(xml: string, limits: XmlLimits): readonly Element[] {
  if (xml.length > limits.chars) throw new SamlRefusal("size");
  requireCharacters(xml);
  const tag = new RegExp(TAG, "y");
  const found: Element[] = [];
  const open: { readonly element: Element; readonly written: string }[] = [];
  let at = 0;
  while (at < xml.length) {
    const begins = xml.indexOf("<", at);
    const end = begins === -1 ? xml.length : begins;
    const text = decode(xml.slice(at, end));
    const inside = open.at(-1)?.element;
    if (inside !== undefined) inside.text += text;
    else if (text.trim() !== "") throw new SamlRefusal("form", "text outside of the root");
    if (begins === -1) break;
    tag.lastIndex = begins;
    const [whole, closing, written, listed, selfClosing] = tag.exec(xml) ?? [];
    if (whole === undefined || written === undefined) throw new SamlRefusal("form", "not a plain tag");
    at = begins + whole.length;
    if (closing === "/") {
      if (listed !== "" || selfClosing !== "" || open.pop()?.written !== written)
        throw new SamlRefusal("form", "tags that don't match");
      continue;
    }
    if (open.length === 0 && found.length > 0) throw new SamlRefusal("form", "several roots");
    if (open.length >= MOST_DEEP || found.length >= limits.elements) throw new SamlRefusal("size");
    const attributes = readAttributes(listed ?? "");
    const element = { name: toLocal(written), attributes, parent: inside ?? null, text: "" };
    found.push(element);
    if (selfClosing !== "/") open.push({ element, written });
  }
  if (open.length > 0 || found.length === 0) throw new SamlRefusal("form", "it ends too early");
  return found;
}

/** Takes the declaration off that a text may begin with, and writes line ends as an XML parser reads them. */
export function toPlainXml(text: string): string {
  const trimmed = text.replace(/\r\n?/g, "\n").trim();
  const declared = /^<\?xml\s[^<>?]{0,200}\?>/.exec(trimmed)?.[0].length ?? 0;
  return trimmed.slice(declared).trim();
}

/** Gives the names of an element and those around it, the outermost first. */
export function toPath(element: Element): string {
  const names: string[] = [];
  for (let at: Element | null = element; at !== null; at = at.parent) names.unshift(at.name);
  return names.join("/");
}

/** Attributes keep their local names: in what is signed none has two of one local name but declarations. */
function readAttributes(listed: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  const written = new Set<string>();
  for (const [whole, name] of listed.matchAll(new RegExp(ATTRIBUTE, "g"))) {
    if (name === undefined || written.has(name)) throw new SamlRefusal("form", "an attribute twice");
    written.add(name);
    if (written.size > MOST_ATTRIBUTES) throw new SamlRefusal("size");
    if (name === "xmlns" || name.startsWith("xmlns:")) continue;
    const value = whole.slice(name.length).replace(/^\s*=\s*/, "");
    const local = toLocal(name);
    if (attributes.has(local)) throw new SamlRefusal("form", "an attribute in two namespaces");
    attributes.set(local, decode(value.slice(1, -1)));
  }
  return attributes;
}

function toLocal(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** Refuses what XML 1.0 has no place for: control characters and halves of characters. */
function requireCharacters(xml: string): void {
  if (!xml.isWellFormed()) throw new SamlRefusal("form", "half a character");
  for (let index = 0; index < xml.length; index += 1) {
    const code = xml.charCodeAt(index);
    const isControl = code < 0x20 && code !== 0x09 && code !== 0x0a;
    if (isControl || code === 0xfffe || code === 0xffff) throw new SamlRefusal("form", "a control character");
  }
}

function decode(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(?:(\w{1,4});|#(\d{1,7});|#x([\da-fA-F]{1,6});)?/g, (_whole, name, decimal, hex) => {
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    const plain = name === undefined ? toCharacter(code) : ENTITIES.get(name);
    if (plain === undefined) throw new SamlRefusal("form", "an entity");
    return plain;
  });
}

function toCharacter(code: number): string | undefined {
  const isPlain = code === 0x09 || code === 0x0a || code === 0x0d || (code >= 0x20 && code < 0xd800);
  return isPlain || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff)
    ? String.fromCodePoint(code)
    : undefined;
}
