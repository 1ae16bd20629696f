// What rules say of limits, put together: one count for each thing that is counted by itself, under its strictest limit.
import type { QuotaCounter } from "../../db/queries/quotas.ts";
import { GatewayError } from "../errors.ts";
import type { Decision, Effect, LimitUnit, LimitWindow } from "../exchange.ts";

/** One limit of an exchange. */
export type Limit = {
  readonly counter: QuotaCounter;
  readonly unit: LimitUnit;
  /** Null: what is under way at once. */
  readonly window: LimitWindow | null;
  /** What is over it passes all the same. */
  readonly isSoft: boolean;
};

/** Whose limits they are, and how what rules key by is written down. */
export type LimitScope = {
  readonly tenant: string;
  /** Keyed hash. */
  readonly digest: (text: string) => string;
  /** Gives a key as it may be shown. */
  readonly show: (key: string) => string;
};

/** What one exchange may wait for in the database. */
const MOST_LIMITS = 32;

/**
 * Gives the limits that contributions come to, however many rules and bundles they are of: the same thing counts once.
 * They are complete: the policy's reading has refused others.
 *
 * @throws GatewayError `policy_effect_unsupported` where there are too many.
 */
export function toLimits(effects: readonly Effect[], scope: LimitScope): readonly Limit[] {
  const limits = new Map<string, Limit>();
  for (const effect of effects) {
    const { code, name = "", key = "", unit = "requests", limit: most = 0, window } = effect;
    const [isSoft, sliding] = [effect.soft === true, effect.sliding === true];
    const span = window === undefined ? null : String(window);
    // A soft limit counts by itself: it may stand below a hard one of the same name.
    const id = scope.digest(JSON.stringify([scope.tenant, code, name, key, unit, span, sliding, isSoft]));
    const known = limits.get(id)?.counter.most ?? Number.POSITIVE_INFINITY;
    if (known <= most) continue;
    const { tenant } = scope;
    const counter = { id, tenant, code, name, key: scope.show(key), unit, span, sliding, most };
    limits.set(id, { counter, unit, window: window ?? null, isSoft });
  }
  if (limits.size > MOST_LIMITS)
    throw new GatewayError(
      "policy_effect_unsupported",
      `More than ${MOST_LIMITS} limits are for one request.`,
    );
  return [...limits.values()];
}

/** Gives a decision with what its limits count apart as that may be recorded and told. */
export function showKeys(decision: Decision, show: LimitScope["show"]): Decision {
  const { limit, observe } = decision;
  if (limit.length === 0 && observe.every(({ key }) => key === undefined)) return decision;
  const showOne = (effect: Effect): Effect =>
    effect.key === undefined ? effect : { ...effect, key: show(effect.key) };
  return { ...decision, limit: limit.map(showOne), observe: observe.map(showOne) };
}
