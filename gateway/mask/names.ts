// Masks names that a program or a model chose, for what is written down or told of an exchange. A name counts wherever it
// stands: what is masked in any text, either way, is masked in it, and before policy has said anything all that is found.
import type { Effect, Finding, SegmentKind } from "../exchange.ts";
import type { RequestScanner } from "../findings.ts";
import { createMaskAccount } from "./account.ts";
import { createEditor } from "./edits.ts";
import { maskText } from "./mask-text.ts";
import { createMasks, type Direction } from "./masks.ts";

/** Says whether anything stands in a name; a name that comes again and again is searched once. */
export type NameScanner = UseScanner & { holdsValue(name: string): boolean };

/** Finds in texts, and knows the uses of them that it tells apart. */
type UseScanner = Pick<RequestScanner, "scan"> & {
  readonly uses: readonly (readonly [kind: SegmentKind, direction: Direction])[];
};

/** The names of one exchange. */
export type Names = {
  /** Gives a name as it may be written down and told. */
  mask(name: string): string;
  /** Gives an id that may be written down: where a value stands in it, its keyed hash. */
  id(id: string): string;
  /** Takes what another phase masks. */
  add(effects: readonly Effect[]): void;
};

const UNNAMED = { push: () => undefined, end: () => "" };
/** No detector knows a value that is shorter. */
const SHORTEST = 5;
const LONGEST_KNOWN = 256;
const MOST_KNOWN = 10_000;

/** Makes the scanner of names of one policy. */
export function createNameScanner(scanner: UseScanner): NameScanner {
  const clean = new Set<string>();

  function scan(text: string, kind: SegmentKind, direction: Direction, isPart?: boolean): readonly Finding[] {
    return scanner.scan(text, kind, direction, isPart);
  }

  return {
    uses: scanner.uses,
    scan,
    holdsValue(name) {
      if (name.length < SHORTEST || clean.has(name)) return false;
      const stem = toStem(name);
      const texts = stem === name ? [name] : [name, stem];
      if (scanner.uses.some(([kind, way]) => texts.some((text) => scan(text, kind, way).length > 0)))
        return true;
      if (name.length > LONGEST_KNOWN) return false;
      if (clean.size >= MOST_KNOWN) clean.clear();
      clean.add(name);
      return false;
    },
  };
}

/** Opens the names of one exchange. `masked` is null where policy has not said yet what is masked. */
export function createNames(
  scanner: NameScanner,
  masked: { readonly effects: readonly Effect[]; readonly key: Buffer } | null,
  digest: (text: string) => string,
): Names {
  const masks = createMasks(createMaskAccount(() => UNNAMED));
  const key = masked?.key ?? Buffer.alloc(0);
  const seen = new Set<string>();

  function maskUse(text: string, kind: SegmentKind, direction: Direction): string {
    const findings = scanner.scan(text, kind, direction);
    if (findings.length === 0) return text;
    if (masked === null) {
      const fresh = findings.map((finding) => finding.class).filter((one) => !seen.has(one));
      masks.add(fresh.map((one) => ({ code: "", class: one, with: "redact" })));
      for (const one of fresh) seen.add(one);
    }
    const editor = createEditor(masks, direction, key, () => undefined);
    return maskText(editor, text, findings, kind)?.text ?? text;
  }

  function maskAll(text: string): string {
    return scanner.uses.reduce((left, [kind, direction]) => maskUse(left, kind, direction), text);
  }

  const names: Names = {
    mask(name) {
      if (!scanner.holdsValue(name)) return name;
      const masked = maskAll(name);
      const stem = toStem(masked);
      return maskAll(stem) + masked.slice(stem.length);
    },
    id: (id) => (scanner.holdsValue(id) ? `hash:${digest(id)}` : id),
    add(effects) {
      masks.add(effects.map(toAnywhere));
    },
  };
  names.add(masked?.effects ?? []);
  return names;
}

/** Gives a file's name without its extension, which could be taken for the end of a host's name. */
function toStem(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot === -1 ? name : name.slice(0, dot);
}

/** A name is of no kind of text and goes no way; nothing is refused for one that is only written down. */
function toAnywhere({ code, class: ofClass, with: asked }: Effect): Effect {
  const operator = asked === "block" ? "redact" : asked;
  return {
    code,
    ...(ofClass !== undefined && { class: ofClass }),
    ...(operator !== undefined && { with: operator }),
  };
}
