// A log that keeps what it is told.

import type { Log } from "../../gateway/log.ts";

/** Creates a log that keeps its lines. */
export function createKeptLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  const log = { lines, debug: keep, info: keep, warn: keep, error: keep, child: () => log };
  return log;
}
