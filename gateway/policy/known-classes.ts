// The classes of values that an operator's file may name: those of the gateway's detectors and of the bundle's patterns.
import { RECOGNISED_CLASSES, VALUE_CLASSES } from "../exchange.ts";
import type { JsonObject } from "../exchange.ts";
import { isJsonObject } from "./json.ts";
import { PolicyLoadError } from "./load-error.ts";

/**
 * Refuses a class that nothing finds: a misspelt one would mask nothing, nor would one that is `recognised` elsewhere.
 *
 * @throws PolicyLoadError
 */
export function refuseUnknownClasses(
  lists: Readonly<Record<string, readonly string[]>>,
  patterns: JsonObject,
  recognised: readonly string[],
): void {
  const known = new Set<string>([...VALUE_CLASSES, ...recognised]);
  for (const pattern of Object.values(patterns))
    if (isJsonObject(pattern) && typeof pattern["class"] === "string") known.add(pattern["class"]);
  for (const [list, classes] of Object.entries(lists)) {
    const unrecognised = classes.find(
      (one) => !known.has(one) && RECOGNISED_CLASSES.some((name) => name === one),
    );
    if (unrecognised !== undefined)
      throw new PolicyLoadError(
        `the operator's file names the class ${unrecognised} in lists.${list}, which a recogniser alone finds, and none is configured for it: see detect.recogniser`,
      );
    const unknown = classes.find((one) => !known.has(one));
    if (unknown !== undefined)
      throw new PolicyLoadError(
        `the operator's file names the class ${unknown} in lists.${list}, which no detector and no pattern has; the classes are ${[...known].toSorted().join(", ")}`,
      );
  }
}
