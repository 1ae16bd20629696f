// Which values a decision masks, and how: of several masks for one class the strictest counts.
import { GatewayError } from "../errors.ts";
import { SEGMENT_KINDS } from "../exchange.ts";
import type { Effect, Finding, MaskOperator, SegmentKind } from "../exchange.ts";
import { toNoted, type MaskAccount } from "./account.ts";
import { FIELD_CLASS } from "../field-name.ts";
import { createFields, type Fields } from "./fields.ts";
import { isStricter } from "./operators.ts";

/** Which way a text goes. */
export type Direction = "request" | "answer";

/** How values of a class are masked, and by which rule. */
export type Mask = { readonly operator: MaskOperator; readonly code: string };

/** The masks of one exchange. They only become more, and stricter. */
export type Masks = {
  /** Whether anything is masked in this direction. */
  applies(direction: Direction): boolean;
  /** Gives the strictest mask for a class in a kind of text; null where it may pass. */
  pick(ofClass: string, kind: SegmentKind, direction: Direction): Mask | null;
  /** Gives how a value that was found is masked; null where it may pass. */
  pickFor(finding: Finding, kind: SegmentKind, direction: Direction): Mask | null;
  /** Gives the fields that are masked in a kind of text; null where none is. */
  fields(kind: SegmentKind, direction: Direction): Fields | null;
  /** Equal for equal fields, masked alike; null where none is masked. */
  readonly fieldsKey: string | null;
  /** Whether any value may come back. */
  restores(): boolean;
  /** Gives the classes whose values come back from placeholders in a kind of text of an answer. */
  restored(kind: SegmentKind): readonly string[];
  /** Gives the same where a value is only to be found and counted. */
  look(ofClass: string, kind: SegmentKind, direction: Direction): Mask | null;
  /** Takes what another phase decided. */
  add(effects: readonly Effect[]): void;
  /** What was masked so far. */
  readonly account: MaskAccount;
};

/**
 * Refuses an answer in which something stands that must be masked, where the gateway cannot write it anew.
 *
 * @throws GatewayError `policy_denied`.
 */
export function requireUnmasked(masks: Masks, findings: readonly Finding[], kind: SegmentKind): void {
  for (const finding of findings)
    if (masks.pickFor(finding, kind, "answer") !== null) throw toUnmaskableAnswer(masks, finding, kind);
}

/** Makes the refusal of an answer in which something stands that cannot be masked. */
export function toUnmaskableAnswer(
  masks: Masks,
  { id, class: ofClass }: { readonly id: string | null; readonly class: string },
  kind: SegmentKind,
): GatewayError {
  const fields = ofClass === FIELD_CLASS ? masks.fields(kind, "answer") : null;
  const mask = fields?.strictest ?? masks.pick(ofClass, kind, "answer");
  if (mask !== null) {
    const at = { direction: "answer", kind, place: null } as const;
    const noted = { ...toNoted({ id: "", class: ofClass }, mask, at, "unmaskable"), detector: id };
    masks.account.note(noted, null);
  }
  const code = mask?.code ?? "";
  const message = `Refused by policy (${code}). The answer holds a value of the class ${ofClass} that must be masked, and is of a kind that the gateway does not write anew.`;
  return new GatewayError("policy_denied", message, { publicCode: code });
}

const NONE: readonly string[] = [];

/** Opens the masks of one exchange. */
export function createMasks(account: MaskAccount): Masks {
  const effects: Effect[] = [];
  const named: Effect[] = [];
  /** Those that put placeholders into requests. */
  const given: Effect[] = [];
  const fields = new Map<string, Fields | null>();
  const masks: Masks = {
    account,
    applies: (direction) =>
      effects.some((effect) => effect.direction === undefined || effect.direction === direction),
    pick(ofClass, kind, direction) {
      const mask = masks.look(ofClass, kind, direction);
      return mask?.operator === "detect" ? null : mask;
    },
    look(ofClass, kind, direction) {
      let strictest: Mask | null = null;
      for (const effect of effects) {
        if (effect.class !== ofClass) continue;
        if (!isFor(effect, kind, direction)) continue;
        const operator = effect.with ?? "redact";
        if (strictest === null || isStricter(operator, strictest.operator))
          strictest = { operator, code: effect.code };
      }
      return strictest;
    },
    pickFor({ class: ofClass, field }, kind, direction) {
      if (field === undefined) return masks.pick(ofClass, kind, direction);
      return field.operator === "detect" ? null : field;
    },
    fields(kind, direction) {
      if (named.length === 0) return null;
      const key = `${direction} ${kind}`;
      const known = fields.get(key);
      if (known !== undefined) return known;
      const own = createFields(named.filter((effect) => isFor(effect, kind, direction)));
      fields.set(key, own);
      return own;
    },
    get fieldsKey() {
      return named.length === 0 ? null : JSON.stringify(named);
    },
    restores: () => SEGMENT_KINDS.some((kind) => masks.restored(kind).length > 0),
    restored(kind) {
      if (given.length === 0) return NONE;
      const classes = new Set(given.flatMap((effect) => effect.class ?? []));
      // Secrets never come back, nor does what one of several masks keeps.
      classes.delete("secret");
      return [...classes].filter((ofClass) =>
        given.every((effect) => effect.class !== ofClass || effect.restore?.includes(kind) === true),
      );
    },
    add(more) {
      effects.push(...more);
      named.push(...more.filter((effect) => effect.fields !== undefined));
      given.push(...more.filter((effect) => effect.with === "placeholder" && effect.direction !== "answer"));
      fields.clear();
    },
  };
  return masks;
}

function isFor(effect: Effect, kind: SegmentKind, direction: Direction): boolean {
  if (effect.direction !== undefined && effect.direction !== direction) return false;
  return effect.kinds === undefined || effect.kinds.includes(kind);
}
