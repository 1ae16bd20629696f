// What can be told of a segment.
import type { Finding, Segment } from "./exchange.ts";

/** Says whether a segment is a part of a JSON text that is a segment itself. */
export function isPartOfJson(part: Segment["part"]): boolean {
  return part !== undefined && (part.of === "json" || part.of === "json_name");
}

/** Classes whose values are but a few letters or digits: ids that are made at random have their shape too. */
const SHORT_CLASSES: ReadonlySet<string> = new Set([
  "address",
  "bank_account",
  "driving_licence",
  "national_id",
  "passport",
  "person_name",
  "phone",
]);

/** Leaves out what an id has by chance. */
export function dropChance(
  { text, part }: Pick<Segment, "text" | "part">,
  found: readonly Finding[],
): readonly Finding[] {
  if (found.length === 0 || part?.of !== "token" || !/[A-Za-z]|^\d+$/.test(text)) return found;
  return found.filter((one) => !SHORT_CLASSES.has(one.class));
}
