// Finds files of data that cannot be read: OPA says of them only which one, and neither where nor what.

import { parseDocument } from "yaml";
import { toError, type Problem } from "./problem.ts";
import type { Source } from "./sources.ts";

/** Gives what is wrong with each. JSON is YAML as well. */
export function findUnreadable(sources: readonly Source[]): readonly Problem[] {
  return sources.flatMap(({ path: file, bytes }) => {
    if (file.endsWith(".rego")) return [];
    const { errors } = parseDocument(bytes.toString("utf8"), { prettyErrors: true });
    return errors.map(({ message, linePos }) => {
      const { line, col: column } = linePos?.[0] ?? { line: 1, col: 1 };
      // The rest of the message shows the line.
      const [what = ""] = message.split(/ at line \d+/);
      return toError("data_unreadable", { file, line, column }, `The data can't be read: ${what}.`);
    });
  });
}
