// Puts together what rules want of a request's parameters: the strictest bound of each, and no contradiction.
import { GatewayError } from "../errors.ts";
import type { Effect, Settable, ToolName } from "../exchange.ts";

/** What all rules together want of one parameter. */
export type Wanted = {
  readonly parameter: Settable;
  /** The codes of the rules, sorted. */
  readonly codes: readonly string[];
  readonly to: boolean | number | string | null;
  readonly atMost: number | null;
  readonly atLeast: number | null;
  readonly strip: boolean;
  /** Tools that are taken out. */
  readonly without: readonly ToolName[];
};

/**
 * Gives what is wanted of each parameter, in the order of their names. Of several bounds the narrowest counts.
 *
 * @throws GatewayError `policy_settings_conflict` where no value does what every rule wants.
 */
export function toWanted(effects: readonly Effect[]): readonly Wanted[] {
  const names = [...new Set(effects.flatMap(({ parameter }) => parameter ?? []))].sort();
  return names.map((parameter) => {
    const own = effects.filter((effect) => effect.parameter === parameter);
    const values = new Set(own.flatMap(({ to }) => to ?? []));
    const [to = null] = values;
    const wanted: Wanted = {
      parameter,
      codes: [...new Set(own.map(({ code }) => code))].sort(),
      to,
      atMost: pick(
        own.flatMap(({ at_most }) => at_most ?? []),
        Math.min,
      ),
      atLeast: pick(
        own.flatMap(({ at_least }) => at_least ?? []),
        Math.max,
      ),
      strip: own.some(({ strip }) => strip === true),
      without: own.flatMap(({ without }) => without ?? []),
    };
    if (values.size > 1 || !isPossible(wanted)) throw conflict(wanted);
    return wanted;
  });
}

function pick(values: readonly number[], of: (...values: number[]) => number): number | null {
  return values.length === 0 ? null : of(...values);
}

function isPossible({ to, atMost, atLeast, strip }: Wanted): boolean {
  const isBounded = atMost !== null || atLeast !== null;
  if (strip) return to === null && !isBounded;
  if (atMost !== null && atLeast !== null && atLeast > atMost) return false;
  if (typeof to !== "number") return true;
  return (atMost === null || to <= atMost) && (atLeast === null || to >= atLeast);
}

function conflict({ parameter, codes }: Wanted): GatewayError {
  return new GatewayError(
    "policy_settings_conflict",
    `Rules (${codes.join(", ")}) want different things of the parameter ${parameter}.`,
    { param: parameter },
  );
}
