// The classes of values that an operator's file may name: those of the gateway's detectors and of the bundle's patterns.
import { VALUE_CLASSES } from "../exchange.ts";
import type { JsonObject } from "../exchange.ts";
import { isJsonObject } from "./json.ts";
import { PolicyLoadError } from "./load-error.ts";

/** Refuses a class that nothing finds: a misspelt one would mask nothing. Throws `PolicyLoadError`. */
export function refuseUnknownClasses(
  lists: Readonly<Record<string, readonly string[]>>,
  patterns: JsonObject,
): void {
  const known = new Set<string>(VALUE_CLASSES);
  for (const pattern of Object.values(patterns))
    if (isJsonObject(pattern) && typeof pattern["class"] === "string") known.add(pattern["class"]);
  for (const [list, classes] of Object.entries(lists)) {
    const unknown = classes.find((one) => !known.has(one));
    if (unknown !== undefined)
      throw new PolicyLoadError(
        `the operator's file names the class ${unknown} in lists.${list}, which no detector and no pattern has; the classes are ${[...known].toSorted().join(", ")}`,
      );
  }
}
