// Finds the handler of a method and a path among the entries of the simulated API.
import { ApiError } from "./api-error.ts";
import type { Handler, RouteEntry } from "./call.ts";

/** A handler with what the path names. */
export type Found = { readonly handle: Handler; readonly params: Readonly<Record<string, string>> };

type Compiled = { readonly method: string; readonly parts: readonly string[]; readonly handle: Handler };

/** Creates the look-up. A literal wins over a name in its place; a wrong method is a 405, an unknown path a 404. */
export function createRouter(entries: readonly RouteEntry[]): (method: string, path: string) => Found {
  const byLength = new Map<number, Compiled[]>();
  for (const [method, template, handle] of entries) {
    const parts = template.split("/").slice(1);
    const same = byLength.get(parts.length) ?? [];
    same.push({ method, parts, handle });
    byLength.set(parts.length, same);
  }
  return (method, path) => {
    const segments = path.split("/").slice(1);
    const fitting = (byLength.get(segments.length) ?? []).filter(({ parts }) =>
      parts.every((part, index) =>
        part.startsWith("{") ? segments[index] !== "" : part === segments[index],
      ),
    );
    const best = fitting.map(({ parts }) => rankOf(parts)).toSorted()[0];
    const found = fitting.find((entry) => entry.method === method && rankOf(entry.parts) === best);
    if (found !== undefined) return { handle: found.handle, params: toParams(found.parts, segments) };
    if (fitting.length > 0) {
      throw new ApiError(405, `Not allowed to ${method} on /v1${path}.`, {
        headers: { allow: fitting.map((entry) => entry.method).join(", ") },
      });
    }
    throw new ApiError(404, `Invalid URL (${method} /v1${path})`);
  };
}

/** `0` for a literal, `1` for a name: the first in order has its literals farthest left. */
function rankOf(parts: readonly string[]): string {
  return parts.map((part) => (part.startsWith("{") ? "1" : "0")).join("");
}

function toParams(parts: readonly string[], segments: readonly string[]): Readonly<Record<string, string>> {
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    if (part.startsWith("{")) params[part.slice(1, -1)] = decode(segments[index] ?? "");
  }
  return params;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
