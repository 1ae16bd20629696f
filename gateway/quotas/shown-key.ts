// What of a limit's key may be written down and told.
import type { Caller } from "../exchange.ts";

/**
 * Gives a key as it may be shown: whole, where nothing in it but the caller's own identity would be masked, which is
 * recorded as it is.
 */
export function toShownKey(
  key: string,
  { subject, issuer }: Pick<Caller, "subject" | "issuer">,
  mask: (name: string) => string,
): string {
  const rest = key
    .split(" ")
    .filter((word) => word !== subject && word !== issuer)
    .join(" ");
  return mask(rest) === rest ? key : mask(key);
}
