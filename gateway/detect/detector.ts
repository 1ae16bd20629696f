// What is found in texts: the patterns of the policy in force, and the values that the gateway knows by itself.
import { hash } from "node:crypto";
import type { Finding, JsonObject, SegmentKind } from "../exchange.ts";
import { createMatcher } from "./matcher.ts";
import type { Matcher, StreamScanner } from "./matcher.ts";
import { parsePatternTable } from "./pattern-spec.ts";
import type { Direction } from "./pattern-spec.ts";
import { TABLES } from "./values/tables.ts";
import { createValueScanner } from "./values/values.ts";
import type { ValueScan } from "./values/scan.ts";
import type { ValueScanner } from "./values/values.ts";

/** Finds in texts; equal digests find the same. */
export type Detector = {
  readonly digest: string;
  /** Finds all in a whole text, sorted by start. Of a part of a JSON text, which was searched whole, only patterns. */
  scan(text: string, kind: SegmentKind, direction: Direction, isPart?: boolean): readonly Finding[];
  /** Begins a text that comes in pieces. */
  stream(kind: SegmentKind, direction?: Direction): TextStream;
};

/** A text that comes in pieces. The findings are those of the whole text, however it is cut. */
export type TextStream = Pick<StreamScanner, "push" | "end" | "pending">;

/** What was compiled from a policy's patterns. */
export type Detectors = { readonly detector: Detector; readonly matcher: Matcher };

/** Makes the compiler of pattern tables. A table is compiled when it is checked, and not again when it comes into force. */
export function createDetectors(): (patterns: JsonObject) => Detectors {
  const values = createValueScanner(TABLES);
  const compiled = new WeakMap<JsonObject, Detectors>();
  return (patterns) => {
    const known = compiled.get(patterns);
    if (known !== undefined) return known;
    const matcher = createMatcher(parsePatternTable(patterns));
    const detectors = { matcher, detector: createDetector(matcher, values) };
    compiled.set(patterns, detectors);
    return detectors;
  };
}

function createDetector(matcher: Matcher, values: ValueScanner): Detector {
  return {
    digest: hash("sha256", `${matcher.digest} ${values.digest}`),
    scan(text, kind, direction, isPart = false) {
      const patterns = matcher.scan(text, kind, direction);
      return isPart || text === "" ? patterns : join(patterns, values.scan(text));
    },
    stream: (kind, direction) => createTextStream(matcher.stream(kind, direction), values.stream()),
  };
}

function join(patterns: readonly Finding[], values: readonly Finding[]): readonly Finding[] {
  if (values.length === 0) return patterns;
  if (patterns.length === 0) return values;
  return [...patterns, ...values].sort((a, b) => a.start - b.start);
}

/** Joins both, so that a finding is given out only when all that may overlap it is known too. */
function createTextStream(patterns: StreamScanner, values: ValueScan): TextStream {
  let received = 0;
  let undecided: readonly Finding[] = [];
  let pending = 0;
  function settle(found: readonly Finding[], isEnd: boolean): readonly Finding[] {
    pending = isEnd ? 0 : Math.max(patterns.pending, values.pending);
    if (found.length === 0 && undecided.length === 0) return found;
    const all = undecided.length === 0 ? found : join(undecided, found);
    let decided = received - pending;
    for (let i = all.length - 1; i >= 0; i -= 1) {
      const one = all[i];
      if (one !== undefined && one.end > decided) decided = Math.min(decided, one.start);
    }
    pending = received - decided;
    undecided = all.filter(({ end }) => end > decided);
    return undecided.length === 0 ? all : all.filter(({ end }) => end <= decided);
  }
  return {
    push(text) {
      received += text.length;
      return settle(join(patterns.push(text), values.push(text, false)), false);
    },
    end: () => settle(join(patterns.end(), values.push("", true)), true),
    get pending() {
      return pending;
    },
  };
}
