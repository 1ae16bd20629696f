// Reads the YAML file into plain values and remembers on which line each key stands.
import { LineCounter, isMap, isNode, isPair, isScalar, parseDocument } from "yaml";
import type { Problem } from "./problems.ts";

export type FileReading = {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Finds the line of the key or element at `path`, or of the nearest one above it. */
  lineOf(path: readonly PropertyKey[]): number | null;
};

/** Reads YAML 1.2. Its problems name a line and a kind, and no text of the file: that may hold a secret. */
export function readConfigText(text: string): FileReading {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    merge: false,
  });
  const problems = document.errors.map((error) => ({
    path: "(the whole file)",
    line: lines.linePos(error.pos[0]).line,
    expected: `expected YAML (${error.code.toLowerCase().replaceAll("_", " ")})`,
  }));
  if (problems.length > 0) return { value: {}, problems, lineOf: () => null };

  function lineOf(path: readonly PropertyKey[]): number | null {
    let node: unknown = document.contents;
    let offset: number | null = null;
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(
          (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
        );
        if (pair === undefined) break;
        if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
        node = pair.value;
      } else if (isNode(node) && "items" in node && Array.isArray(node.items) && typeof step === "number") {
        node = node.items[step];
        if (isNode(node)) offset = node.range?.[0] ?? offset;
      } else break;
    }
    return offset === null ? null : lines.linePos(offset).line;
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  return { value: value ?? {}, problems: [], lineOf };
}
