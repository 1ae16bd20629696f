// The classes of values that a policy may name: those of the gateway's detectors and of the bundle's patterns.
import { RECOGNISED_CLASSES, VALUE_CLASSES } from "../exchange.ts";
import type { JsonObject } from "../exchange.ts";
import { isJsonObject } from "./json.ts";
import { PolicyLoadError } from "./load-error.ts";

/** Gives the classes, those of the bundle's patterns and of what the recogniser finds among them. */
export function toKnownClasses(patterns: JsonObject, recognised: readonly string[]): ReadonlySet<string> {
  const known = new Set<string>([...VALUE_CLASSES, ...recognised]);
  for (const pattern of Object.values(patterns))
    if (isJsonObject(pattern) && typeof pattern["class"] === "string") known.add(pattern["class"]);
  return known;
}

/** Refuses a class that nothing finds: a misspelt one would mask nothing. `who` names it `where`. Throws `PolicyLoadError`. */
export function refuseUnknownClasses(
  who: string,
  named: Readonly<Record<string, readonly string[]>>,
  known: ReadonlySet<string>,
): void {
  for (const [where, classes] of Object.entries(named)) {
    const unknown = classes.find((one) => !known.has(one));
    if (unknown !== undefined && isRecognised(unknown))
      throw new PolicyLoadError(
        `${who} names the class ${unknown} in ${where}, which a recogniser alone finds: detect.recogniser configures none for it`,
      );
    if (unknown !== undefined)
      throw new PolicyLoadError(
        `${who} names the class ${unknown} in ${where}, which no detector and no pattern has; the classes are ${[...known].toSorted().join(", ")}`,
      );
  }
}

/** Says whether a class is one that a recogniser alone finds. */
export function isRecognised(name: string): boolean {
  return RECOGNISED_CLASSES.some((one) => one === name);
}
