// The refusal of an effect that the gateway does not have: one that is left out is a hole.
import { GatewayError } from "../errors.ts";

/** Names an effect that the gateway does not have, and the rules that asked for it. */
export class UnsupportedEffect extends Error {
  readonly effect: string;
  readonly codes: readonly string[];

  constructor(effect: string, codes: readonly string[]) {
    super(effect.slice(0, 64));
    this.name = "UnsupportedEffect";
    this.effect = effect;
    this.codes = codes;
  }
}

/** Makes the refusal; `codes` are those of the rules that asked for the effect. */
export function unsupported(effect: string, codes: readonly string[] = []): GatewayError {
  return new GatewayError(
    "policy_effect_unsupported",
    "The policy asks for an effect that this gateway does not have.",
    { cause: new UnsupportedEffect(effect, codes) },
  );
}
