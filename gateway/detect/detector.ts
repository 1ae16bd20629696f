// What is found in texts: the values that the gateway knows by itself, and the patterns of the policy in force.
import type { JsonObject } from "../exchange.ts";
import { parsePatternTable } from "./values/pattern-spec.ts";
import { TABLES } from "./values/tables.ts";
import { createDetectorCompiler, type Detector } from "./values/values.ts";

/** Makes the compiler of pattern tables; of a text `encodedBytes` bytes are decoded from base64 and hexadecimal. A table is compiled when it is checked, and not again when it comes into force. */
export function createDetectors(encodedBytes = 0): (patterns: JsonObject) => Detector {
  const compile = createDetectorCompiler(TABLES, encodedBytes);
  const compiled = new WeakMap<JsonObject, Detector>();
  return (patterns) => {
    const known = compiled.get(patterns);
    if (known !== undefined) return known;
    const detector = compile(parsePatternTable(patterns));
    compiled.set(patterns, detector);
    return detector;
  };
}
